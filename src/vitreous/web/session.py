"""A session in the order in which it was taken: what was measured of each micrograph, while it goes on and afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.runtime.files import read_json
from vitreous.views.session_course import SCORE, SERIES, Measured
from vitreous.web.columns import Reading, cache_of
from vitreous.web.project_view import ProjectView

LIVE = "live/live.json"
#: What ``live.json`` says of each movie, as it is drawn.
MOVIES = (
    Measured("defocus_angstrom", "Defocus", "Defocus", "µm", 1e4, None),
    Measured("resolution_angstrom", "Reach of the rings", "Rings follow the fit to", "Å"),
    Measured("astigmatism_angstrom", "Astigmatism", "u − v", "Å"),
    Measured("motion_angstrom", "Motion", "Way of the specimen", "Å"),
    Measured("score", "Score", "Probability of being usable", ""),
    Measured("particles", "Particles", "Particles", ""),
    Measured("lag_seconds", "Lag", "From arrival to the end", "s"),
)
#: What is left out of what is sent of ``live.json``: a row a movie.
ROWS = "movies"
GRADES = ("good", "doubtful", "bad")
#: Digits that a dot on a screen needs.
DIGITS = 5


@dataclass(frozen=True)
class Session:
    """A session: where it was read, names, index of each verdict in :data:`GRADES`, series of numbers with NaN for nothing."""

    source: str
    names: list[str]
    grades: list[int]
    series: list[tuple[Measured, NDArray[np.float64]]]
    live: Mapping[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """As the browser is told."""
        drawn = [{"title": each.title, "label": each.label, "unit": each.unit, "values": _numbers(values)}
                 for each, values in self.series if np.isfinite(values).any()]  # fmt: skip
        return {"source": self.source, "names": self.names, "grades": self.grades, "series": drawn, "live": self.live}


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]


def session_of(project: ProjectView) -> Session | Reading | None:
    """Give the live session, else what ``assess`` last judged, else a session that is over; ``Reading`` while the list is read."""
    live, verdicts, over = project.root / LIVE, project.latest("assess", "verdicts"), project.latest("watch", "status")
    if verdicts is not None and not live.exists():
        return of_verdicts(project, verdicts)
    found = live if live.exists() else over
    return of_live(read_json(found)) if found else None  # type: ignore[arg-type]


def of_live(told: Mapping[str, Any]) -> Session:
    """A session from ``live.json``."""
    rows = told[ROWS]
    series = [(each, _column((row.get(each.descriptor) for row in rows), each.size)) for each in MOVIES]
    rest = {key: value for key, value in told.items() if key != ROWS}
    return Session("the live session", [row["name"] for row in rows], [GRADES.index(row["verdict"]) for row in rows], series, rest)


def _column(values: Iterable[float | None], size: float) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value / size for value in values], np.float64)


def of_verdicts(project: ProjectView, path: Path) -> Session | Reading:
    """A session from ``verdicts.json``."""
    columns = cache_of(project.cache).ask(path)
    if isinstance(columns, Reading):
        return columns
    known = [each for each in (*SERIES, SCORE) if each.descriptor in columns.numbers]
    words, names = columns.values("verdict"), columns.values("micrograph")
    grades = np.array([GRADES.index(word) for word in words])[columns.codes("verdict")]
    series = [(each, np.asarray(columns.number(each.descriptor)) / each.size) for each in known]
    return Session(path.parent.parent.name, [names[code] for code in columns.codes("micrograph")], grades.tolist(), series)
