"""Outlines of areas drawn into a grey picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require


def outlined(grey: NDArray[np.uint8], areas: Mapping[tuple[int, int, int], ArrayLike], *, width: int = 2) -> NDArray[np.uint8]:
    """Draw the borders of areas.

    Parameters
    ----------
    grey
        uint8 ``(y, x)``.
    areas
        RGB to a bool mask ``(y, x)`` of the same field, of any size.
    width
        Pixels of the line.

    Returns
    -------
    ndarray
        uint8 ``(y, x, 3)``.
    """
    from scipy.ndimage import binary_erosion

    require(grey.ndim == 2 and grey.dtype == np.uint8, "grey", (grey.shape, grey.dtype), "uint8 (y, x)")
    picture = np.repeat(grey[..., None], 3, axis=2)
    for colour, area in areas.items():
        mask = _scaled(np.asarray(area, dtype=bool), grey.shape)
        picture[mask & ~binary_erosion(mask, iterations=width, border_value=1)] = colour
    return picture


def _scaled(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The nearest pixel of ``mask`` for each pixel of ``shape``."""
    rows, columns = ((np.arange(new) + 0.5) * old / new for new, old in zip(shape, mask.shape))
    return mask[rows.astype(int)[:, None], columns.astype(int)]
