"""An atomic model as lines through its backbones, light enough for a ribosome."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.io.pdb import read_model

#: Atom that stands for a residue, and the farthest that the next residue's may be, Å: neighbours lie 3.8 and 5 to 7.5 Å apart.
BACKBONE = {"CA": 4.5, "P": 9.0}


@dataclass(frozen=True, eq=False)
class Strand:
    """An unbroken piece of a chain: its name, and places ``(n, 3)`` in Å, (x, y, z)."""

    chain: str
    places: NDArray[np.float64]


def read_trace(path: Path) -> list[Strand]:
    """Read the backbones of an atomic model; of one without any, each chain's atoms as separate points.

    Raises
    ------
    FormatError
        If it is no atomic model.
    """
    return trace(read_model(path))


def trace(model: AtomicModel) -> list[Strand]:
    """Join the Cα and P atoms of successive residues, cut where a chain ends or a residue is missing."""
    names = np.char.strip(model.names) if len(model.names) else np.full(len(model), "")
    calcium = np.char.upper(model.elements.astype(str)) == "CA"
    strands = [strand for atom, reach in BACKBONE.items() for strand in _strands(model.take((names == atom) & ~calcium), reach)]
    return strands or [Strand(chain, place[None]) for chain, place in zip(model.chains, model.positions)]


def _strands(atoms: AtomicModel, reach: float) -> list[Strand]:
    if not len(atoms):
        return []
    apart = np.linalg.norm(np.diff(atoms.positions, axis=0), axis=1) > reach
    cuts = np.flatnonzero(apart | (atoms.chains[1:] != atoms.chains[:-1])) + 1
    return [Strand(str(names[0]), places) for names, places in zip(np.split(atoms.chains, cuts), np.split(atoms.positions, cuts))]
