"""Where the atoms are: the voxels within a radius of any of them."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.physics.potential import equivalent_gaussian
from vitreous.reconstruct.support import soften

#: Å: standard deviation of the Gaussian like the image of a point ended at resolution d, as a share of d. The image 3 j₁(x)/x,
#: x = 2πr/d, is one half at x = 2.50, r = 0.398 d, and a Gaussian at 1.177 σ.
POINT = 0.338
#: Reach of an atom in standard deviations of its image, and the least reach of the even mask.
REACH, LEAST_RADIUS = 2.0, 2.0
#: Å: how far the soft mask goes beyond the atoms, and how wide its edge is: those of a solvent mask.
EXTENSION, EDGE = 4.0, 6.0
#: Voxels from which a seventh of them tells the median to a thousandth of the map's deviation.
MANY = 5_000_000


@numba.njit(cache=True)
def _paint(inside, places, radii):
    for i in range(len(places)):
        x, y, z = places[i]
        r = radii[i]
        for c in range(max(0, math.ceil(z - r)), min(inside.shape[0] - 1, math.floor(z + r)) + 1):
            for b in range(max(0, math.ceil(y - r)), min(inside.shape[1] - 1, math.floor(y + r)) + 1):
                rest = r * r - (c - z) ** 2 - (b - y) ** 2
                if rest >= 0:
                    half = math.sqrt(rest)
                    for a in range(max(0, math.ceil(x - half)), min(inside.shape[2] - 1, math.floor(x + half)) + 1):
                        inside[c, b, a] = True


def near_atoms(volume: Volume, positions: NDArray, radii: NDArray | float) -> NDArray[np.bool_]:
    """Voxels within ``radii`` Å (one for all, or one each) of atoms at ``positions`` (Å, ``(n, 3)``), bool ``(z, y, x)``."""
    inside = np.zeros(volume.shape, np.bool_)
    places = (positions - np.array(volume.corner)) / volume.voxel_size
    _paint(inside, np.ascontiguousarray(places, np.float64), np.broadcast_to(radii, len(places)) / volume.voxel_size)
    return inside


def even_radius(resolution: float) -> float:
    """Å: two standard deviations of the image of a point at a resolution, at least 2 Å; the radius of CC_mask."""
    return max(LEAST_RADIUS, REACH * POINT * resolution)


def image_radii(elements: NDArray, b_factors: NDArray, resolution: float, b_factor: float) -> NDArray[np.float64]:
    """Å: two standard deviations of each atom's own image, its element and B-factors counted; the radii of CC_vr_mask."""
    own = {element: equivalent_gaussian(str(element))[1] ** 2 for element in np.unique(elements)}
    spread = np.array([own[element] for element in elements]) + (b_factors + b_factor).clip(0) / (8 * math.pi**2)
    return REACH * np.sqrt(spread + (POINT * resolution) ** 2)


def solvent_level(volume: Volume) -> float:
    """Density of the solvent: the median of the map, of every seventh voxel where there are millions."""
    return float(volume.values.flatten()[:: 7 if volume.values.numel() > MANY else 1].median())


def soft_mask(volume: Volume, positions: NDArray) -> Tensor:
    """1 within 4 Å of the atoms, then a cosine edge of 6 Å, float32 ``(z, y, x)``."""
    centres = near_atoms(volume, positions, max(EXTENSION, volume.voxel_size))
    return soften(centres, 0.0, EDGE / volume.voxel_size)
