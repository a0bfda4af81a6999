r"""Do side chains lie where the map has them? Density around the χ₁ circle of each.

**Rotamers** (after EMRinger, Barad et al. 2015, Nat. Methods 12:943): the γ atom is turned about Cα–Cβ in steps of 5°, and the
highest density on the circle is its peak. Peaks of real side chains lie within 30° of 60°, 180° or 300°, 39 of the 72 steps;
those of noise anywhere. For peaks above a level, Z = (found − n p) / √(n p (1 − p)), p = 39/72, and the score is the
largest Z over twenty levels times 10 / √(residues).

**Z-score** (after Pintilie & Chiu 2018, J. Struct. Biol. 204:564): mean density at a side chain's atoms where it is, less the mean of the
same where it is turned about Cα–Cβ by 40° to 320°, over the standard deviation of those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.at_points import values_at

#: The γ atom of residues whose χ₁ has one; valine, isoleucine and threonine branch at Cβ and are left out, as in the paper.
GAMMA = {"ARG": "CG", "ASN": "CG", "ASP": "CG", "CYS": "SG", "GLN": "CG", "GLU": "CG", "HIS": "CG", "LEU": "CG", "LYS": "CG", "MET": "CG",
         "PHE": "CG", "SER": "OG", "TRP": "CG", "TYR": "CG"}  # fmt: skip
BACKBONE = ("N", "CA", "C", "O", "OXT", "CB")
STEP, WINDOW, LEVELS = 5, 30, 20
#: Share of the circle that counts as a rotamer: 3 windows of 13 steps of 72.
CHANCE = 39 / 72
#: Degrees: turns nearer than this still lie in the side chain's own density.
NEAREST_TURN = 40
#: Fewest residues for a score to mean anything.
FEWEST = 10


@dataclass(frozen=True, eq=False)
class SideChains:
    """What the map says of side chains.

    Parameters
    ----------
    score
        EMRinger-like; above 1 the backbone is right where the map is finer than 4 Å, noise gives about 0. None for too few.
    rotameric
        Share of all peaks that are rotamers; 0.54 by chance.
    residue, z
        Index of each residue scored, and its Z-score, ``(m,)``.
    """

    score: float | None
    rotameric: float | None
    residue: NDArray[np.int64]
    z: NDArray[np.float64]


def side_chains(volume: Volume, model: AtomicModel) -> SideChains:
    """Score every side chain whose N, Cα, Cβ and γ atoms are there."""
    frames = [found for found in map(_Frame.of, _residues(model)) if found]
    if not frames:
        return SideChains(None, None, np.empty(0, np.int64), np.empty(0))
    values = volume.values.numpy()
    corner, voxel = np.array(volume.corner), volume.voxel_size
    angles, heights, z = [], [], []
    for frame in frames:
        turns = np.arange(0, 360, STEP)
        density = values_at(values, (frame.turned(turns) - corner) / voxel)
        top = int(density[:, 0].argmax())
        angles.append((frame.chi1 + turns[top]) % 360)
        heights.append(density[top, 0])
        away = (turns >= NEAREST_TURN) & (turns <= 360 - NEAREST_TURN)
        mean = density.mean(1)
        z.append((mean[0] - mean[away].mean()) / (mean[away].std() or 1.0))
    index = np.array([frame.index for frame in frames])
    rotamer = np.abs((np.array(angles) % 120) - 60) <= WINDOW
    return SideChains(ringer_score(rotamer, np.array(heights)), float(rotamer.mean()), index, np.array(z))


def ringer_score(rotamer: NDArray, heights: NDArray) -> float | None:
    """Largest Z of rotamers among peaks above a level, over twenty levels, times 10 / √n; None for fewer than ten peaks."""
    if len(heights) < FEWEST:
        return None
    best = -math.inf
    for level in np.linspace(heights.min(), heights.max(), LEVELS, endpoint=False):
        kept = rotamer[heights >= level]
        if len(kept) >= FEWEST:
            best = max(best, (kept.sum() - CHANCE * len(kept)) / math.sqrt(len(kept) * CHANCE * (1 - CHANCE)))
    return 10 * best / math.sqrt(len(heights))


def _residues(model: AtomicModel) -> list[tuple[int, str, dict[str, NDArray]]]:
    """Index, name, and atoms by name of each residue."""
    if not len(model.names):
        return []
    edges = np.flatnonzero(np.diff(model.residue_index, prepend=-1, append=-1))
    return [
        (int(model.residue_index[a]), str(model.residues[a]), dict(zip(model.names[a:b].tolist(), model.positions[a:b])))
        for a, b in pairwise(edges)
    ]


@dataclass(frozen=True, eq=False)
class _Frame:
    """A side chain, the γ atom first, and the axis it turns about; χ₁ in degrees."""

    index: int
    atoms: NDArray
    origin: NDArray
    axis: NDArray
    chi1: float

    @staticmethod
    def of(residue: tuple[int, str, dict[str, NDArray]]) -> _Frame | None:
        index, kind, atoms = residue
        gamma = GAMMA.get(kind)
        if gamma is None or any(name not in atoms for name in ("N", "CA", "CB", gamma)):
            return None
        side = [atoms[gamma], *(place for name, place in atoms.items() if name not in BACKBONE and name != gamma)]
        axis = atoms["CB"] - atoms["CA"]
        return _Frame(index, np.array(side), atoms["CB"], axis / np.linalg.norm(axis),
                      dihedral(atoms["N"], atoms["CA"], atoms["CB"], atoms[gamma]))  # fmt: skip

    def turned(self, degrees: NDArray) -> NDArray[np.float64]:
        """Atoms after turns, ``(turns, atoms, 3)`` (Rodrigues' formula)."""
        arms = self.atoms - self.origin
        c, s = (f(np.deg2rad(degrees))[:, None, None] for f in (np.cos, np.sin))
        along = (arms @ self.axis)[:, None] * self.axis
        return self.origin + along + c * (arms - along) + s * np.cross(self.axis, arms)


def dihedral(a: NDArray, b: NDArray, c: NDArray, d: NDArray) -> float:
    """Angle in degrees, −180 to 180, between the planes (a, b, c) and (b, c, d); positive clockwise seen from b to c (IUPAC)."""
    axis = (c - b) / np.linalg.norm(c - b)
    first, second = (v - (v @ axis) * axis for v in (a - b, d - c))
    return float(np.degrees(np.arctan2(np.cross(axis, first) @ second, first @ second)))
