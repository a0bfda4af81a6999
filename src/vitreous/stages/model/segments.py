"""Helices and strands, and how much better each lies where it is than displaced (Pintilie & Chiu 2018, J. Struct. Biol. 204:564).

    Z = (s_fit − ⟨s_disp⟩) / σ_disp,

s being the mean density at the backbone's atoms, and "disp" the segment moved by 2 to 4 Å in 48 directions. Helices and strands
are told by the distances of Cα atoms (P-SEA, Labesse et al. 1997, CABIOS 13:291).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.at_points import values_at
from vitreous.stages.model.q_score import spiral

#: Å: distances of Cα i to i + 2, i + 3, i + 4 and how far they may be off.
SHAPES = {"helix": ((5.5, 0.5), (5.3, 0.5), (6.4, 0.6)), "strand": ((6.7, 0.6), (9.9, 0.9), (12.4, 1.1))}
FEWEST = {"helix": 6, "strand": 5}
BACKBONE = ("N", "CA", "C", "O")
#: Å, and directions: a helix moved by 2 Å has left its own density where a map shows it.
DISPLACEMENTS, DIRECTIONS = (2.0, 3.0, 4.0), 48
#: Å: longest bond between Cα atoms of neighbours in sequence.
LONGEST_STEP = 4.5


@dataclass(frozen=True)
class Segment:
    """A helix or strand.

    Parameters
    ----------
    kind
        "helix" or "strand".
    chain
        Its name.
    first, last
        Residues, as counted over the model.
    z
        How many standard deviations it lies better than displaced.
    """

    kind: str
    chain: str
    first: int
    last: int
    z: float


def segments(volume: Volume, model: AtomicModel) -> list[Segment]:
    """Find helices and strands and score each, in order of the model."""
    if not len(model.names):
        return []
    alphas = np.flatnonzero(model.names == "CA")
    backbone = np.isin(model.names, BACKBONE)
    found: list[Segment] = []
    for kind in SHAPES:
        for run in _runs(model.positions[alphas], model.chains[alphas], kind):
            first, last = model.residue_index[alphas[run[0]]], model.residue_index[alphas[run[-1]]]
            rows = backbone & (model.residue_index >= first) & (model.residue_index <= last)
            z = displaced_z(volume, model.positions[rows])
            found.append(Segment(kind, str(model.chains[alphas[run[0]]]), int(first), int(last), z))
    return sorted(found, key=lambda each: each.first)


def displaced_z(volume: Volume, positions: NDArray) -> float:
    """Z of atoms at ``positions`` (Å, ``(n, 3)``) against the same moved by 2 to 4 Å."""
    moves = np.concatenate([distance * spiral(DIRECTIONS) for distance in DISPLACEMENTS])
    places = np.concatenate([positions[None], positions + moves[:, None]])
    density = values_at(volume.values.numpy(), (places - np.array(volume.corner)) / volume.voxel_size).mean(1)
    return float((density[0] - density[1:].mean()) / (density[1:].std() or 1.0))


def _runs(alphas: NDArray, chains: NDArray, kind: str) -> list[NDArray]:
    """Rows of Cα atoms that form a segment, each run as an array."""
    starts = len(alphas) - 4
    if starts < 1:
        return []
    joined = (np.linalg.norm(np.diff(alphas, axis=0), axis=1) < LONGEST_STEP) & (chains[1:] == chains[:-1])
    fits = np.logical_and.reduce([joined[step : step + starts] for step in range(4)])
    for step, (want, off) in zip((2, 3, 4), SHAPES[kind]):
        fits &= np.abs(np.linalg.norm(alphas[step : step + starts] - alphas[:starts], axis=1) - want) <= off
    member = np.zeros(len(alphas), bool)
    for step in range(5):
        member[step : step + starts] |= fits
    edges = np.flatnonzero(np.diff(member, prepend=False) | np.concatenate([[False], ~joined]))
    return [np.arange(a, b) for a, b in pairwise([*edges, len(alphas)]) if member[a] and b - a >= FEWEST[kind]]
