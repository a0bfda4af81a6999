"""Columns of the optics table that say what was done about the CTF in the stored images: RELION's two, and one for Wiener filters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vitreous.data.optics import Correction, Optics
from vitreous.errors import FormatError
from vitreous.io.star import number_column

LABELS: dict[Correction, str] = {
    "flipped": "rlnCtfDataArePhaseFlipped",
    "multiplied": "rlnCtfDataAreCtfPremultiplied",
    "wiener": "vitreousCtfWienerFiltered",
}


def take_corrections(path: Path, table: dict[str, np.ndarray], size: int) -> list[Correction]:
    """Take the columns out of ``table`` (of ``size`` rows).

    Raises
    ------
    FormatError
        If images of one group are said to be corrected in two ways.
    """
    found: list[Correction] = ["none"] * size
    for name, label in LABELS.items():
        if label not in table:
            continue
        said = number_column(path, label, table.pop(label)) != 0
        for row in np.flatnonzero(said):
            if found[row] != "none":
                raise FormatError(path, f"images must be corrected for the CTF in one way; got {LABELS[found[row]]} and {label}.",
                                  f"row {row + 1} of the optics table")  # fmt: skip
            found[row] = name
    return found


def correction_columns(groups: Sequence[Optics]) -> dict[str, np.ndarray]:
    """Columns for the optics table; those that would say nothing are left out."""
    flags = {label: np.array([group.correction == name for group in groups], int) for name, label in LABELS.items()}
    return {label: values for label, values in flags.items() if values.any()}
