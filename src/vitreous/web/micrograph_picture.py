"""Micrographs made small enough for a browser: filtered, y upwards, grey, kept once made."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.web.kept import kept_at

#: Pixels of the longer side.
SIDE = 1024
#: Finest detail shown, Å; 0 for all there is.
FILTERS = (0, 10, 20, 40)
#: Percentiles that become black and white; what is stretched further is done in the browser.
LOW, HIGH = 0.1, 99.9
#: Mode of MRC files with two numbers in a byte.
PACKED = 101
#: Bytes of an image that are read at a time.
STRIP = 8 << 20
#: One at a time: an image of a large camera is 100 MB and more on the way.
_ONE = threading.Lock()


def picture_of(path: Path, resolution: int, cache: Path) -> Path:
    """Give the PNG of a micrograph, made when first asked for.

    Parameters
    ----------
    path
        The image.
    resolution
        One of :data:`FILTERS`: detail finer than this, in Å, is taken away.
    cache
        Where pictures are kept.

    Raises
    ------
    InputError
        If ``resolution`` is another number.
    FormatError
        If the image cannot be read.
    """
    require(resolution in FILTERS, "resolution", resolution, f"one of {FILTERS}, in Å")
    kept = kept_at(cache / "micrographs", ".png", [path], resolution, SIDE, LOW, HIGH)
    with _ONE:
        if not kept.exists():
            _draw(path, resolution, kept)
    return kept


def _draw(path: Path, resolution: int, kept: Path) -> None:
    from vitreous.views.png import stretch, write_png

    image, pixel = binned(path, SIDE)
    write_png(kept, np.ascontiguousarray(stretch(blurred(image, resolution / pixel), low=LOW, high=HIGH)[::-1]))


def blurred(image: NDArray[np.float32], resolution: float) -> NDArray[np.float32]:
    """Take away what is finer than ``resolution`` pixels, below two nothing.

    Notes
    -----
    A Gaussian of standard deviation σ lets exp(−2π²σ²k²) through at frequency k: one half at k = 1 / resolution, where
    σ = resolution √(ln 2 / 2) / π.
    """
    from scipy.ndimage import gaussian_filter

    return image if resolution <= 2 else gaussian_filter(image, resolution * math.sqrt(math.log(2) / 2) / math.pi, mode="nearest")


def binned(path: Path, most: int) -> tuple[NDArray[np.float32], float]:
    """Read an image averaged over the smallest squares that make its longer side ``most`` pixels or less.

    Returns
    -------
    tuple
        float32 ``(y, x)`` and Å per pixel (1 where the file does not say). A plain MRC file is read some rows at a time; what the
        squares leave over at the upper and right edges is cut off.

    Raises
    ------
    FormatError
        If the file is damaged or holds several images.
    """
    from vitreous.io.stacks import open_stack

    stack = open_stack(path) if path.suffix == ".mrc" else None
    if stack is None or stack.count != 1 or stack.header.mode == PACKED:
        from vitreous.io.mrc import read_image

        image, pixel = read_image(path)
        factor = -(-max(image.shape) // most)
        return _mean(image, factor), (pixel or 1.0) * factor
    height, width = stack.shape
    factor = -(-max(height, width) // most)
    kind, at = stack.header.dtype, stack.header.data_offset
    rows = max(1, STRIP // (width * kind.itemsize * factor)) * factor
    strips = []
    for first in range(0, height - height % factor, rows):
        count = min(rows, height - height % factor - first)
        strip = np.fromfile(path, kind, count * width, offset=at + first * width * kind.itemsize).reshape(count, width)
        strips.append(_mean(strip, factor))
    return np.concatenate(strips), (stack.pixel_size or 1.0) * factor


def _mean(image: NDArray, factor: int) -> NDArray[np.float32]:
    height, width = (side - side % factor for side in image.shape)
    squares = image[:height, :width].astype(np.float32, copy=False).reshape(height // factor, factor, width // factor, factor)
    return squares.mean((1, 3))
