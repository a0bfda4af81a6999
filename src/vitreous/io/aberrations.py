"""Columns of the optics table about aberrations and distortion, as RELION 3.1 writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitreous.data.optics import UNDISTORTED, Optics
from vitreous.errors import FormatError
from vitreous.io.star import number_column

TILT = ("rlnBeamTiltX", "rlnBeamTiltY")
MATRIX = ("rlnMagMat00", "rlnMagMat01", "rlnMagMat10", "rlnMagMat11")
LISTS = {"odd_zernike": "rlnOddZernike", "even_zernike": "rlnEvenZernike"}
#: What RELION 3.0 repeats in every row.
PER_ROW = TILT


def take_aberrations(path: Path, table: dict[str, np.ndarray], size: int) -> list[dict[str, Any]]:
    """Take the columns out of ``table`` (of ``size`` rows): for each row the fields of :class:`Optics` that it has.

    Raises
    ------
    FormatError
        If only a part of the matrix is there, or a list is not "[number,number,…]".
    """
    found: list[dict[str, Any]] = [{} for _ in range(size)]
    if any(label in table for label in TILT):
        tilts = [_column(path, table, label) if label in table else np.zeros(size) for label in TILT]
        found = [{"beam_tilt": tilt} for tilt in zip(*(column.tolist() for column in tilts))]
    missing = [label for label in MATRIX if label not in table]
    if len(missing) == 0:
        for row, (a, b, c, d) in zip(found, np.stack([_column(path, table, label) for label in MATRIX], -1).tolist()):
            row["magnification"] = ((a, b), (c, d))
    elif len(missing) < len(MATRIX):
        raise FormatError(path, f"columns {', '.join(MATRIX)} come together; got no {', '.join(missing)}.")
    for name, label in LISTS.items():
        for row, text in zip(found, table.pop(label, ())):
            row[name] = _numbers(path, label, str(text))
    return found


def _column(path: Path, table: dict[str, np.ndarray], label: str) -> np.ndarray:
    return number_column(path, label, table.pop(label))


def _numbers(path: Path, label: str, text: str) -> tuple[float, ...]:
    """Read "[1.5,-2,0]"."""
    try:
        if not (text.startswith("[") and text.endswith("]")):
            raise ValueError(text)
        return tuple(float(word) for word in text[1:-1].split(",") if word.strip())
    except ValueError as problem:
        raise FormatError(path, f"{label} must be a list like [0.1,-2,0]; got {text!r}.", f"column {label}") from problem


def aberration_columns(groups: Sequence[Optics]) -> dict[str, np.ndarray]:
    """Columns for the optics table; those that would say nothing are left out."""
    columns: dict[str, np.ndarray] = {}
    if any(any(group.beam_tilt) for group in groups):
        columns |= {label: np.array([group.beam_tilt[k] for group in groups]) for k, label in enumerate(TILT)}
    for name, label in LISTS.items():
        length = max((len(getattr(group, name)) for group in groups), default=0)
        if any(any(getattr(group, name)) for group in groups):
            columns[label] = np.array([_text(getattr(group, name), length) for group in groups], object)
    if any(group.magnification != UNDISTORTED for group in groups):
        flat = np.array([group.magnification for group in groups]).reshape(-1, 4)
        columns |= {label: flat[:, k] for k, label in enumerate(MATRIX)}
    return columns


def _text(values: Sequence[float], length: int) -> str:
    """Write a list, filled up with zeros: all rows of RELION's column have one length."""
    return "[" + ",".join(f"{value:.9g}" for value in (*values, *(length - len(values)) * (0.0,))) + "]"
