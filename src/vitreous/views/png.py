"""PNG files from arrays, contact sheets and thumbnails, without a drawing library.

Row 0 of an array is the top row of the file, as image viewers have it; figures (:mod:`vitreous.views.figure`) put it at the
bottom.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.runtime.files import replacing

#: Colour type in the header, by channels.
KINDS = {1: 0, 3: 2, 4: 6}


def stretch(values: ArrayLike, *, low: float = 0.5, high: float = 99.5) -> NDArray[np.uint8]:
    """Grey values 0 to 255 between two percentiles of the finite values; pixels that are not finite become the darkest."""
    values = np.asarray(values, dtype=np.float32)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    bottom, top = np.percentile(finite, [low, high])
    span = float(top - bottom) or 1.0
    return (np.nan_to_num((values - bottom) / span, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def encode_png(pixels: NDArray[np.uint8], *, effort: int = 6) -> bytes:
    """Encode uint8 ``(y, x)`` grey, ``(y, x, 3)`` RGB or ``(y, x, 4)`` RGBA.

    ``effort`` is zlib's, 1 (for figures of lessons four times faster, files a sixth larger) to 9.

    Raises
    ------
    InputError
        If the array is of another kind or empty.

    References
    ----------
    PNG Specification, 3rd ed. (W3C 2025): chunks in section 5, filters 0 (none) and 2 (up) in section 9.
    """
    pixels = np.asarray(pixels)
    require(pixels.dtype == np.uint8, "pixels", pixels.dtype, "uint8", instead="stretch(values)")
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    require(pixels.ndim in (2, 3) and channels in KINDS and pixels.size > 0, "pixels", pixels.shape,
            "of shape (y, x), (y, x, 3) or (y, x, 4)")  # fmt: skip
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    up = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    bodies = (np.insert(part, 0, kind, axis=1).tobytes() for kind, part in ((0, rows), (2, up)))
    header = struct.pack(">IIBBBBB", width, height, 8, KINDS[channels], 0, 0, 0)
    body = min((zlib.compress(each, effort) for each in bodies), key=len)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def write_png(path: str | Path, pixels: ArrayLike, *, low: float = 0.5, high: float = 99.5) -> None:
    """Write an array as PNG, atomically.

    Parameters
    ----------
    path
        The file.
    pixels
        uint8 as in :func:`encode_png`, or real numbers ``(y, x)``, which are stretched.
    low, high
        Percentiles of real numbers that become black and white.

    Raises
    ------
    InputError
        If the array is not an image.
    """
    array = np.asarray(pixels)
    content = encode_png(array if array.dtype == np.uint8 else stretch(array, low=low, high=high))
    with replacing(path) as aside:
        aside.write_bytes(content)


def montage(images: Sequence[ArrayLike] | NDArray, columns: int, *, gap: int = 2, each: bool = True) -> NDArray[np.uint8]:
    """Lay images of one shape out in rows, the first at the top left.

    Parameters
    ----------
    images
        ``(n, y, x)``.
    columns
        Images a row, positive.
    gap
        White pixels between neighbours.
    each
        Stretch every image by its own percentiles; otherwise all by common ones.

    Returns
    -------
    ndarray
        uint8; 1 × 1 white for no images.
    """
    require(columns > 0, "columns", columns, "positive")
    stack = np.asarray(images, dtype=np.float32)
    if len(stack) == 0:
        return np.full((1, 1), 255, np.uint8)
    require(stack.ndim == 3, "images", stack.shape, "of shape (n, y, x)")
    grey = np.stack([stretch(image) for image in stack]) if each else stretch(stack)
    columns = min(columns, len(stack))
    rows, (height, width) = math.ceil(len(stack) / columns), stack.shape[1:]
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), 255, np.uint8)
    for index, image in enumerate(grey):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _without_outliers(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip to the median ± 8 robust standard deviations (or plain ones, where over half of the pixels are equal)."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return np.zeros_like(values)
    sample = finite[:: max(1, finite.size // 1_000_000)]
    middle = float(np.median(sample))
    spread = 8 * (1.4826 * float(np.median(np.abs(sample - middle))) or float(finite.std()))
    return np.nan_to_num(values, nan=middle, posinf=middle, neginf=middle).clip(middle - spread, middle + spread)


def thumbnail(image: ArrayLike, size: int) -> NDArray[np.float32]:
    """Shrink an image so that its longer side has ``size`` pixels; smaller images are given back as they are.

    Notes
    -----
    By cropping its transform, so that nothing aliases and noise beyond the new Nyquist frequency is gone. Pixels that are not
    finite take the median of the others, and outliers are clipped, so that a hot pixel does not ring.
    """
    require(size > 0, "size", size, "positive, in pixels")
    values = np.array(image, dtype=np.float32)
    require(values.ndim == 2 and values.size > 0, "an image", values.shape, "two-dimensional (y, x)")
    values = _without_outliers(values)
    factor = size / max(values.shape)
    if factor >= 1:
        return values
    import torch

    from vitreous.numerics.resample import fourier_resize

    target = [max(1, round(side * factor)) for side in values.shape]
    return fourier_resize(torch.from_numpy(values), target).numpy()
