"""Share of the atoms that lie inside a contour of the map (Lagerstedt et al. 2013, J. Struct. Biol. 184:173)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.data.volume import Volume
from vitreous.numerics.at_points import values_at
from vitreous.stages.model.mask import near_atoms

#: Å³ that an atom other than hydrogen fills with its hydrogens: protein of 1.21 Å³/Da and 13.3 Da a heavy atom (Matthews 1968).
ATOM_VOLUME = 16.0
#: Å: how far from the atoms density may still be theirs.
REACH = 4.0


def contour(volume: Volume, positions: NDArray) -> float:
    """The level that encloses, within 4 Å of the atoms, the volume that the atoms fill: for maps without a contour of their authors."""
    near = volume.values.numpy()[near_atoms(volume, positions, REACH)]
    count = min(len(near) - 1, round(len(positions) * ATOM_VOLUME / volume.voxel_size**3))
    return float(np.partition(near, len(near) - 1 - count)[len(near) - 1 - count])


def included(volume: Volume, positions: NDArray, level: float) -> NDArray[np.bool_]:
    """Which atoms lie where the map is at least ``level``, bool ``(n,)``."""
    return values_at(volume.values.numpy(), (positions - np.array(volume.corner)) / volume.voxel_size) >= level
