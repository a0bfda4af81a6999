"""Fewer pixels before the tiles are cut: what lies beyond the finest frequency of the fit would be transformed for nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.numerics.fourier import good_size
from vitreous.numerics.resample import fourier_resize

PARTS = 4  # pixels become larger by a multiple of a quarter, so that both sides shrink by the very same factor


def reduced(image: Tensor, pixel_size: float, finest: float) -> tuple[Tensor, float]:
    """Cut the transform of ``image`` so that pixels are as large as ``finest`` allows.

    Parameters
    ----------
    image
        ``(y, x)``, of mean 0.
    pixel_size
        Å.
    finest
        Å: half of it is the largest pixel.

    Returns
    -------
    tuple
        The image and its pixel size; white noise keeps its variance. Both as they came if nothing is won.
    """
    factor = math.floor(0.5 * PARTS * finest / pixel_size)
    if factor <= PARTS:
        return image, pixel_size
    groups = [good_size(math.ceil(n / factor)) for n in image.shape]
    padded = torch.nn.functional.pad(image, (0, factor * groups[1] - image.shape[1], 0, factor * groups[0] - image.shape[0]))
    small = fourier_resize(padded, [PARTS * n for n in groups]) * (factor / PARTS)
    rows, columns = (n * PARTS // factor for n in image.shape)
    return small[:rows, :columns].contiguous(), pixel_size * factor / PARTS
