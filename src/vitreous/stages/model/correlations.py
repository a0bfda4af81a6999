"""How alike a map and its model's map are, over five choices of voxels (Afonine et al. 2018, Acta Cryst. D74:531, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.stages.model.mask import even_radius, image_radii, near_atoms


@dataclass(frozen=True)
class Correlations:
    """Pearson's correlation of map and model map over sets of voxels, each in [−1, 1].

    Parameters
    ----------
    box
        All of the box. High for any model in a box of solvent.
    mask
        Within a radius of the atoms, the same for all: two standard deviations of the image of a point at the resolution.
    vr_mask
        Within two standard deviations of each atom's own image, which its element and B-factor widen.
    volume
        The highest voxels of the model map, as many as the mask has.
    peaks
        Those and as many of the highest voxels of the map: density without atoms counts against the model.
    """

    box: float
    mask: float
    vr_mask: float
    volume: float
    peaks: float


def pearson(a: NDArray, b: NDArray) -> float:
    """Correlation about the means; 0 where either is constant."""
    a, b = a - a.mean(dtype=np.float64), b - b.mean(dtype=np.float64)
    norm = np.sqrt((a**2).sum(dtype=np.float64) * (b**2).sum(dtype=np.float64))
    return float((a * b).sum(dtype=np.float64) / norm) if norm > 0 else 0.0


def highest(values: NDArray, count: int) -> NDArray[np.bool_]:
    """The ``count`` highest voxels, and any that tie with the last of them."""
    return values >= np.partition(values.ravel(), values.size - count)[values.size - count]


def correlations(
    volume: Volume, calculated: Volume, positions: NDArray, elements: NDArray, b_factors: NDArray, *, resolution: float, b_factor: float
) -> Correlations:
    """Correlate.

    Parameters
    ----------
    volume, calculated
        Map and model map on one grid.
    positions, elements, b_factors
        Of the atoms: Å ``(n, 3)``, symbols, Å².
    resolution, b_factor
        Those of the model map, Å and Å².

    Raises
    ------
    InputError
        If the grids differ.
    """
    require(volume.shape == calculated.shape, "a model map", calculated.shape, f"of the map's shape {volume.shape}")
    observed, model = volume.values.numpy(), calculated.values.numpy()
    even = near_atoms(volume, positions, even_radius(resolution))
    own = near_atoms(volume, positions, image_radii(elements, b_factors, resolution, b_factor))
    require(bool(even.any()), "a model", "no atom within reach of a voxel", "inside the map")
    filled = highest(model, int(even.sum()))
    peaks = filled | highest(observed, int(even.sum()))
    return Correlations(
        box=pearson(observed, model), mask=pearson(observed[even], model[even]), vr_mask=pearson(observed[own], model[own]),
        volume=pearson(observed[filled], model[filled]), peaks=pearson(observed[peaks], model[peaks]),
    )  # fmt: skip
