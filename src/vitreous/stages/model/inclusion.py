"""Share of the atoms that lie inside a contour of the map (Lagerstedt et al. 2013, J. Struct. Biol. 184:173)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.data.volume import Volume
from vitreous.numerics.at_points import values_at
from vitreous.stages.model.mask import near_atoms

#: Å³ an atom: half of what protein fills (16 Å³ a heavy atom: 1.21 Å³/Da, 13.3 Da). Contours that authors give are as tight; at the
#: whole volume the level of a sharp map is that of the gaps between side chains, and every atom of any model lies inside.
ATOM_VOLUME = 8.0
#: Å: how far from the atoms density may still be theirs.
REACH = 4.0


def contour(volume: Volume, positions: NDArray) -> float:
    """The level that encloses, within 4 Å of the atoms, half the volume that the atoms fill: for maps without an author's contour."""
    near = volume.values.numpy()[near_atoms(volume, positions, REACH)]
    count = min(len(near) - 1, round(len(positions) * ATOM_VOLUME / volume.voxel_size**3))
    return float(np.partition(near, len(near) - 1 - count)[len(near) - 1 - count])


def included(volume: Volume, positions: NDArray, level: float) -> NDArray[np.bool_]:
    """Which atoms lie where the map is at least ``level``, bool ``(n,)``."""
    return values_at(volume.values.numpy(), (positions - np.array(volume.corner)) / volume.voxel_size) >= level
