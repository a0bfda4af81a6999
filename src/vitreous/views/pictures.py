"""Panels that show an image: stretched, at its scale, with a bar that says how long things are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.marks import Mark, Picture, ScaleBar, nice_length
from vitreous.views.palette import Colour
from vitreous.views.png import stretch, thumbnail


def length_words(angstrom: float) -> str:
    """A length in Å, or in nm from 1000 Å on.

    >>> length_words(50.0), length_words(2000.0)
    ('50 Å', '200 nm')
    """
    return f"{angstrom / 10:g} nm" if angstrom >= 1000 else f"{angstrom:g} Å"


def scale_bar(extent: float, colour: Colour = "white") -> ScaleBar:
    """A bar of a round length, about a fifth of ``extent`` Å; "ink" on bare paper."""
    length = nice_length(extent, 0.22)
    return ScaleBar(length=length, text=length_words(length), colour=colour)


def micrograph_marks(image: ArrayLike, pixel_size: float, *, resolution: float = 20.0, size: int = 640) -> tuple[Mark, ...]:
    """Marks that show a micrograph in Å from its corner: thumbnail, low-pass to ``resolution`` Å, percentile stretch, bar."""
    height, width = np.shape(image)
    small = thumbnail(image, size)
    pixel = pixel_size * max(height, width) / max(small.shape)
    if resolution > 2 * pixel:
        import torch

        from vitreous.numerics.filters import low_pass

        small = low_pass(torch.from_numpy(small), resolution, pixel, axes=2).numpy()
    extent = (0.0, width * pixel_size, 0.0, height * pixel_size)
    return Picture(values=stretch(small), extent=extent), scale_bar(width * pixel_size)


def common_limits(images: NDArray, *, low: float = 0.5, high: float = 99.8) -> tuple[float, float]:
    """Limits of grey for pictures to be compared; (0, 1) if none of their pixels is finite."""
    finite = np.asarray(images, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return 0.0, 1.0
    bottom, top = np.percentile(finite, [low, high])
    return (float(bottom), float(top)) if top > bottom else (float(bottom) - 0.5, float(bottom) + 0.5)
