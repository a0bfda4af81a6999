"""One block of a STAR file as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, InputError


@dataclass(frozen=True)
class Table:
    """One block of a STAR file.

    Parameters
    ----------
    columns
        Labels without their underscore, in the file's order; int64, float64 or object (str) arrays of one length.
    single
        Whether the block is a list of label and value (one row) and no loop.

    Raises
    ------
    InputError
        If the columns differ in length, or ``single`` and they are not of length 1.
    """

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    single: bool = False

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"columns of a table must have one length; got {lengths}.")
        if self.single and set(lengths.values()) - {1}:
            raise InputError(f"a list of label and value must have one row; got {len(self)}.")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __contains__(self, label: str) -> bool:
        return label in self.columns

    def __getitem__(self, label: str) -> np.ndarray:
        return self.columns[label]


def number_column(path: Path, label: str, values: np.ndarray) -> np.ndarray:
    """A column as float64.

    Raises
    ------
    FormatError
        If a value is not a number; row and column are named.
    """
    if values.dtype.kind in "if":
        return values.astype(np.float64)
    numbers = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            numbers[row] = float(value)
        except ValueError:
            raise FormatError(path, f"{label} must be a number; got {value!r}.", f"row {row + 1}, column {label}") from None
    return numbers
