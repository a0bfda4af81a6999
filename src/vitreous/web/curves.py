"""Curves of half-maps that jobs left behind, and what is read off them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import FormatError
from vitreous.pipeline.record import Record
from vitreous.web.project_view import ProjectView

if TYPE_CHECKING:
    from vitreous.views.figure import Figure

#: Columns of ``fsc.csv`` as postprocess, fsc and validate write it, and what the figure calls them.
NAMES = {
    "fsc_corrected": "corrected", "fsc_low": "low", "fsc_high": "high", "fsc_masked": "masked", "fsc_unmasked": "unmasked",
    "fsc_phase_randomised": "randomised", "level_three_sigma": "three_sigma", "level_half_bit": "half_bit",
}  # fmt: skip
#: Those that may be read at one frequency, in words.
READ = {"corrected": "corrected", "masked": "inside the mask", "unmasked": "no mask", "randomised": "phases randomised"}


@dataclass(frozen=True)
class Curves:
    """Correlations of one job: its record, its file, Å⁻¹ ``(s,)``, curves ``(s,)`` by name."""

    record: Record
    path: Path
    k: NDArray[np.float64]
    curves: Mapping[str, NDArray[np.float64]]

    @property
    def resolution(self) -> float | None:
        """Å, as the job says."""
        return self.record.figures.get("resolution_angstrom")

    @property
    def interval(self) -> tuple[float, float] | None:
        """Finer and coarser end of its 95 % interval, Å, if the job gives one."""
        found = self.record.figures.get("resolution_interval_angstrom")
        return tuple(found) if found else None  # type: ignore[return-value]


def curves_of(project: ProjectView) -> list[Curves]:
    """List the jobs with curves, the last first; those that say the same as a later one are left out."""
    found: list[Curves] = []
    for record in reversed(project.records()):
        for name in record.outputs.get("fsc", ()) if record.status == "done" else ():
            path = record.folder / name
            one = read_curves(record, path) if path.suffix == ".csv" and path.exists() else None
            if one and not any(_same(one, other) for other in found):
                found.append(one)
    return found


def _same(one: Curves, other: Curves) -> bool:
    return one.k.shape == other.k.shape and np.array_equal(one.curves["corrected"], other.curves["corrected"])


def read_curves(record: Record, path: Path) -> Curves:
    """Read a table of curves.

    Raises
    ------
    FormatError
        If it is no table of numbers with a frequency first.
    """
    with path.open(encoding="utf-8", newline="") as handle:
        heading, *rows = list(csv.reader(handle))
    try:
        table = np.array([[float(value or "nan") for value in row] for row in rows], np.float64).reshape(len(rows), len(heading))
    except ValueError as problem:
        raise FormatError(path, f"a table of curves must be of numbers; got {problem}.") from problem
    columns = dict(zip(heading, table.T))
    if "fsc_corrected" not in columns:
        label = next((each for each in heading if each.lower().startswith("fsc")), heading[-1])
        return Curves(record, path, table[:, 0], {"corrected": columns[label]})
    return Curves(record, path, table[:, 0], {ours: columns[theirs] for theirs, ours in NAMES.items() if theirs in columns})


def resolution_at(k: NDArray[np.float64], curve: NDArray[np.float64], threshold: float) -> float | None:
    """Å at which a curve first falls below a threshold, on a straight line between samples; ``None`` if it never does.

    For k = 0, 0.1, 0.2 Å⁻¹ and a curve of 1, 0.5, 0 the threshold 0.25 lies at 0.15 Å⁻¹:

    >>> resolution_at(np.array([0, 0.1, 0.2]), np.array([1, 0.5, 0]), 0.25)
    6.666666666666667
    """
    below = np.flatnonzero((curve < threshold) & (k > 0))
    if not len(below) or below[0] == 0:
        return None
    i = below[0]
    share = (curve[i - 1] - threshold) / (curve[i - 1] - curve[i])
    return float(1 / (k[i - 1] + share * (k[i] - k[i - 1])))


def figure_of(one: Curves) -> Figure:
    """All curves of one job, with the band of their interval."""
    from vitreous.views.fsc import FscCurves, fsc_figure

    return fsc_figure(FscCurves(k=one.k, **one.curves), resolution=one.resolution, interval=one.interval)
