"""Optics groups: RELION 3.1's own table, or what 3.0 repeats in every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitreous.data.optics import Optics
from vitreous.errors import FormatError, require
from vitreous.io.aberrations import PER_ROW, aberration_columns, take_aberrations
from vitreous.io.corrections import correction_columns, take_corrections
from vitreous.io.star import Table, number_column

LABELS = {
    "voltage": "rlnVoltage",
    "spherical_aberration": "rlnSphericalAberration",
    "amplitude_contrast": "rlnAmplitudeContrast",
}
FLAGS = {
    "pixel_size": "--pixel-size 1.06",
    "voltage": "--voltage 300",
    "spherical_aberration": "--cs 2.7",
    "amplitude_contrast": "--amplitude-contrast 0.1",
}
UNITS = {"pixel_size": "Å", "voltage": "kV", "spherical_aberration": "mm", "amplitude_contrast": "a fraction"}
PIXEL_SIZE = "rlnImagePixelSize"
USUAL_AMPLITUDE_CONTRAST = 0.1


@dataclass(frozen=True)
class OpticsColumns:
    """Groups, the group of every row, and unknown columns of the optics table."""

    groups: tuple[Optics, ...]
    index: np.ndarray
    extra: dict[str, np.ndarray]


def read_optics(
    path: Path,
    rows: dict[str, np.ndarray],
    count: int,
    optics: Table | None,
    given: Mapping[str, float | None],
    pixel_labels: Sequence[str] = (PIXEL_SIZE, "rlnMicrographPixelSize"),
) -> OpticsColumns:
    """Make optics groups of an optics table, or of the columns of the rows where there is none.

    Parameters
    ----------
    path
        For messages.
    rows
        Columns of the particles or micrographs; what is used is taken out.
    count
        Number of rows.
    optics
        RELION 3.1's table, None in 3.0's dialect.
    given
        Values that overrule the file, by the names of :class:`Optics`.
    pixel_labels
        Columns that hold the pixel size, the first found counts.

    Raises
    ------
    InputError
        If a value is neither in the file nor given, or ``given`` has a name that is not of :class:`Optics`.
    FormatError
        If a row names a group that is not in the table.
    """
    for name in given:
        require(name in FLAGS, "a property of the microscope", name, f"one of {', '.join(FLAGS)}")
    if optics is None:
        table, index = _grouped(path, rows, count, pixel_labels)
    else:
        table = dict(optics.columns)
        index = _index(path, rows, table, len(optics), count)
    size = len(next(iter(table.values()))) if table else 1
    names = table.pop("rlnOpticsGroupName", [f"opticsGroup{k + 1}" for k in range(size)])
    columns = {"pixel_size": _pixel_size(path, table, given, pixel_labels)}
    columns |= {name: _constant(path, table, given, name) for name in LABELS}
    values = [
        {name: float(np.broadcast_to(column, (size,))[k]) for name, column in columns.items()} for k in range(size)
    ]
    aberrations, corrections = take_aberrations(path, table, size), take_corrections(path, table, size)
    groups = tuple(Optics(**v, **a, correction=done, name=str(name))
                   for v, a, done, name in zip(values, aberrations, corrections, names))  # fmt: skip
    return OpticsColumns(groups, index, table)


def _index(path: Path, rows: dict[str, np.ndarray], table: dict[str, np.ndarray], size: int, count: int) -> np.ndarray:
    require(size > 0, "the optics table", 0, f"of at least one row, in {path}")
    numbers = table.pop("rlnOpticsGroup", np.arange(1, size + 1))
    if "rlnOpticsGroup" not in rows:
        if size == 1:
            return np.zeros(count, np.int64)
        raise FormatError(path, f"rows must name their optics group where there are {size}; got no column rlnOpticsGroup.")
    wanted = rows.pop("rlnOpticsGroup")
    place = {number: k for k, number in enumerate(numbers.tolist())}
    index = np.array([place.get(number, -1) for number in wanted.tolist()], np.int64)
    if (index < 0).any():
        row = int(np.flatnonzero(index < 0)[0])
        raise FormatError(path, f"rlnOpticsGroup must be one of the optics table's, {sorted(place)}; got {wanted[row]}.",
                          f"row {row + 1}, column rlnOpticsGroup")  # fmt: skip
    return index


def _grouped(
    path: Path, rows: dict[str, np.ndarray], count: int, pixel_labels: Sequence[str]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Unique combinations of 3.0's per-row constants, as a table, and the combination of every row."""
    labels = [*LABELS.values(), *pixel_labels, "rlnMagnification", "rlnDetectorPixelSize", *PER_ROW]
    present = [label for label in labels if label in rows]
    if not present:
        return {}, np.zeros(count, np.int64)
    values = np.stack([number_column(path, label, rows.pop(label)) for label in present], -1)
    unique, first, index = np.unique(values, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return {label: unique[order, k] for k, label in enumerate(present)}, place[index.ravel()]


def _pixel_size(
    path: Path, table: dict[str, np.ndarray], given: Mapping[str, float | None], labels: Sequence[str]
) -> np.ndarray | float:
    found = next((label for label in labels if label in table), None)
    micrometres = ("rlnDetectorPixelSize", "rlnMagnification")
    if given.get("pixel_size") is not None:
        table.pop(labels[0], None)
        return float(given["pixel_size"])  # type: ignore[arg-type]
    if found is not None:
        return number_column(path, found, table.pop(found))
    if all(label in table for label in micrometres):
        detector, magnification = (number_column(path, label, table[label]) for label in micrometres)
        return detector * 1e4 / magnification
    return _missing(path, "pixel_size", labels[0])


def _constant(path: Path, table: dict[str, np.ndarray], given: Mapping[str, float | None], name: str) -> np.ndarray | float:
    column = table.pop(LABELS[name], None)
    if given.get(name) is not None:
        return float(given[name])  # type: ignore[arg-type]
    if column is not None:
        return number_column(path, LABELS[name], column)
    return USUAL_AMPLITUDE_CONTRAST if name == "amplitude_contrast" else _missing(path, name, LABELS[name])


def _missing(path: Path, name: str, label: str) -> float:
    require(False, name, None, f"given, in {UNITS[name]}: {path} has no column {label}", instead=FLAGS[name])
    return 0.0


def optics_table(
    groups: Sequence[Optics],
    extra: Mapping[str, np.ndarray],
    image_size: Sequence[int] = (),
    pixel_label: str = PIXEL_SIZE,
) -> Table:
    """RELION 3.1's optics table; ``image_size`` fills rlnImageSize where ``extra`` does not have it."""
    columns: dict[str, np.ndarray] = {
        "rlnOpticsGroupName": np.array([group.name for group in groups], object),
        "rlnOpticsGroup": np.arange(1, len(groups) + 1),
        **{label: np.array([getattr(group, name) for group in groups], float) for name, label in LABELS.items()},
        pixel_label: np.array([group.pixel_size for group in groups], float),
        **aberration_columns(groups),
        **correction_columns(groups),
    }
    if image_size:
        columns |= {"rlnImageSize": np.array(image_size), "rlnImageDimensionality": np.full(len(groups), 2)}
    dropped = ("rlnMagnification", "rlnDetectorPixelSize")
    return Table(columns | {k: v for k, v in extra.items() if k not in columns and k not in dropped})
