"""Atoms with their names and places."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require


@dataclass(frozen=True, kw_only=True)
class AtomicModel:
    """An atomic model as columns, one row an atom.

    Parameters
    ----------
    positions
        ``(n, 3)`` in Å, (x, y, z).
    elements
        Chemical symbols, text ``(n,)``.
    residues
        Three-letter (or shorter) names of the residues, text ``(n,)``.
    chains
        Names of the chains, text ``(n,)``.
    residue_index
        Which residue each atom belongs to, counted from 0 over the whole model, int64 ``(n,)``.
    b_factors
        Å², ``(n,)``; zeros where unknown.
    names
        Names of the atoms ("CA", "P"), text ``(n,)``, or empty where unknown.
    numbers
        Numbers of the residues as the authors count them, with insertion codes ("45A"), text ``(n,)``, or empty where unknown.
    title
        What it is.

    Raises
    ------
    InputError
        If the columns differ in length.
    """

    positions: NDArray[np.float64]
    elements: NDArray[np.str_]
    residues: NDArray[np.str_]
    chains: NDArray[np.str_]
    residue_index: NDArray[np.int64]
    b_factors: NDArray[np.float64]
    names: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, "U4"))
    numbers: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, "U6"))
    title: str = ""

    def __post_init__(self) -> None:
        shape = self.positions.shape
        require(len(shape) == 2 and shape[1] == 3, "positions", shape, "of shape (n, 3), in Å")
        for name in ("elements", "residues", "chains", "residue_index", "b_factors"):
            require(len(getattr(self, name)) == len(self), name, len(getattr(self, name)), f"one row an atom ({len(self)})")
        for name in ("names", "numbers"):
            require(len(getattr(self, name)) in (0, len(self)), name, len(getattr(self, name)), f"one row an atom ({len(self)}), or none")

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, rows: NDArray) -> AtomicModel:
        """The atoms at ``rows`` (indices or a mask), in that order."""
        columns = ("positions", "elements", "residues", "chains", "residue_index", "b_factors")
        known = [name for name in ("names", "numbers") if len(getattr(self, name))]
        return replace(self, **{name: getattr(self, name)[rows] for name in (*columns, *known)})
