"""Cut particles out of one micrograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import centred_irfft2, centred_rfft2
from vitreous.numerics.resample import resize_spectrum
from vitreous.stages.particles.normalisation import NAMES, Normalisation, background, normalise, replace_outliers

CHUNK_PIXELS = 2**24
"""Pixels handled at a time (64 MB); results do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class BoxParams:
    """How particles are cut out.

    Parameters
    ----------
    box
        Pixels of the micrograph a side, at least 8.
    output_size
        Pixels a side of the result, at most ``box``; the transform is cropped. ``box`` if not given.
    diameter
        Particle diameter in Å; the background is what lies outside.
    invert
        Turn dark particles bright.
    normalise
        "ramp", "background", "old", or "none".
    outlier_limit
        Pixels farther than this many standard deviations from the background are replaced by noise; 0 for never.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    box: int
    diameter: float
    output_size: int | None = None
    invert: bool = True
    normalise: Normalisation | str = "ramp"
    outlier_limit: float = 6.0

    def __post_init__(self) -> None:
        require(self.box >= 8, "box", self.box, "at least 8 pixels")
        require(8 <= self.size <= self.box, "output_size", self.size, f"from 8 pixels to the box's {self.box}",
                instead="leave output_size out to keep the micrograph's pixels")  # fmt: skip
        require(self.diameter > 0, "diameter", self.diameter, "positive, in Å")
        require(self.normalise in (*NAMES, "none"), "normalise", self.normalise, f"one of {', '.join(NAMES)}, none")
        require(self.outlier_limit >= 0, "outlier_limit", self.outlier_limit, "0 or more standard deviations")

    @property
    def size(self) -> int:
        """Pixels a side of the result."""
        return self.box if self.output_size is None else self.output_size


@dataclass(frozen=True)
class Extracted:
    """Images of one micrograph.

    Parameters
    ----------
    images
        float32 ``(k, m, m)``.
    kept
        bool ``(n,)``: which of the n coordinates have an image; the others' boxes leave the micrograph.
    centre
        int64 ``(k, 2)``: the micrograph's pixel (x, y) at the origin of each image.
    shift
        float64 ``(k, 2)``: where the particle sits relative to that pixel, (x, y) in Å, within half a pixel.
    pixel_size
        Å per pixel of the images.
    """

    images: np.ndarray
    kept: np.ndarray
    centre: np.ndarray
    shift: np.ndarray
    pixel_size: float


def extract(
    image: Tensor | np.ndarray, coordinates: np.ndarray, params: BoxParams, pixel_size: float,
    generator: np.random.Generator,
) -> Extracted:  # fmt: skip
    """Cut particles out of a micrograph.

    The box is centred on the nearest whole pixel, so that no pixel is interpolated; the remainder is given as a shift.

    Parameters
    ----------
    image
        ``(y, x)``.
    coordinates
        (x, y) in pixels, 0-based, ``(n, 2)``.
    params
        Box, output size, normalisation.
    pixel_size
        Å per pixel of the micrograph.
    generator
        Noise for replaced outliers.

    Raises
    ------
    InputError
        If the particle does not fit into the box, the box into the micrograph, or a coordinate lies outside it.
    """
    image = torch.as_tensor(image)
    coordinates = np.asarray(coordinates, dtype=np.float64).reshape(-1, 2)
    _check(image, coordinates, params, pixel_size)
    centre = np.floor(coordinates + 0.5).astype(np.int64)
    corner = centre - params.box // 2
    kept = (corner >= 0).all(1) & (corner + params.box <= np.array(tuple(image.shape)[::-1])).all(1)
    scaled = pixel_size * params.box / params.size
    out = np.empty((int(kept.sum()), params.size, params.size), dtype=np.float32)
    step = max(1, CHUNK_PIXELS // params.box**2)
    for start in range(0, len(out), step):
        boxes = cut_boxes(image, corner[kept][start : start + step], params.box)
        out[start : start + step] = _finished(boxes, params, pixel_size, generator).numpy()
    shift = (coordinates - centre)[kept] * pixel_size
    return Extracted(out, kept, centre[kept], shift, scaled)


def _check(image: Tensor, coordinates: np.ndarray, params: BoxParams, pixel_size: float) -> None:
    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    require(image.ndim == 2, "micrograph", tuple(image.shape), "one picture (y, x)")
    require(params.diameter <= params.box * pixel_size, "diameter", f"{params.diameter:g} Å",
            f"at most the box, {params.box} pixels of {pixel_size:g} Å = {params.box * pixel_size:g} Å",
            instead="a box of 1.5 diameters")  # fmt: skip
    require(params.box <= min(image.shape), "box", params.box, f"at most the micrograph's short side, {min(image.shape)} pixels")
    y, x = image.shape
    outside = np.flatnonzero(~((coordinates >= -0.5) & (coordinates <= np.array([x, y]) - 0.5)).all(1))
    require(len(outside) == 0, "coordinates", tuple(coordinates[outside[0]].round(2).tolist()) if len(outside) else None,
            f"inside the micrograph of {x} x {y} pixels (x, y)",
            instead="scale the coordinates if they were picked on a binned micrograph")  # fmt: skip


def cut_boxes(image: Tensor, corners: np.ndarray, size: int) -> Tensor:
    """Squares of ``size`` pixels whose first pixels are ``corners`` (x, y), float32 ``(n, size, size)``."""
    windows = image.unfold(0, size, 1).unfold(1, size, 1)
    corner = torch.as_tensor(corners)
    return windows[corner[:, 1], corner[:, 0]].to(torch.float32)


def _finished(boxes: Tensor, params: BoxParams, pixel_size: float, generator: np.random.Generator) -> Tensor:
    radius = 0.5 * params.diameter / pixel_size
    if params.outlier_limit > 0:
        boxes = replace_outliers(boxes, background(params.box, radius), generator, limit=params.outlier_limit)
    boxes = fourier_crop(boxes, params.size)
    if params.invert:
        boxes = -boxes
    if params.normalise == "none":
        return boxes
    # Double precision, so that a high level of counts does not cost digits of the small contrast.
    return normalise(boxes.double(), radius * params.size / params.box, params.normalise).float()


def fourier_crop(images: Tensor, size: int) -> Tensor:
    """Resample ``(..., n, n)`` to ``(..., size, size)``, size <= n: below the new Nyquist frequency nothing changes.

    Pixel n // 2 becomes pixel size // 2, whatever is odd or even; the mean stays.
    """
    n = images.shape[-1]
    if size == n:
        return images
    spectrum = resize_spectrum(centred_rfft2(images), (size, size))
    return centred_irfft2(spectrum, (size, size)) * (size / n) ** 2
