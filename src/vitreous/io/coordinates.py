"""Files of picks: coordinates of particles in one micrograph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, require
from vitreous.io.star import Table, number_column, read_star, write_star

LABELS = ("rlnCoordinateX", "rlnCoordinateY")


def read_coordinates(path: str | Path) -> np.ndarray:
    """Centres of particles, float64 ``(n, 2)``: (x, y) in pixels of the micrograph, 0-based.

    Raises
    ------
    FormatError
        If no table has the columns rlnCoordinateX and rlnCoordinateY.
    """
    return read_picks(path)[0]


def read_picks(path: str | Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Like :func:`read_coordinates`, and all other columns of the table by their foreign names."""
    path = Path(path)
    blocks = read_star(path)
    table = next((t for t in blocks.values() if all(label in t for label in LABELS)), None)
    if table is None:
        raise FormatError(path, f"a file of picks must have the columns {' and '.join(LABELS)}; got none in {list(blocks)}.")
    picks = np.stack([number_column(path, label, table[label]) for label in LABELS], -1)
    return picks, {k: v for k, v in table.columns.items() if k not in LABELS}


def write_coordinates(path: str | Path, picks: np.ndarray, extra: Mapping[str, np.ndarray] | None = None) -> None:
    """Write centres ``(n, 2)``, (x, y) in pixels, 0-based, with further columns ``extra`` by RELION's labels."""
    picks = np.asarray(picks, np.float64)
    require(picks.ndim == 2 and picks.shape[1] == 2, "picks", picks.shape, "(n, 2): x and y in pixels")
    columns = {label: np.round(picks[:, k], 6) for k, label in enumerate(LABELS)}
    write_star(path, {"": Table(columns | dict(extra or {}))})
