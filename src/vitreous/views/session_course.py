"""A session in the order in which it was taken: what was measured of each micrograph, and which ones were left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.histogram import histogram
from vitreous.views.marks import Bars, Mark, Note, Scatter
from vitreous.views.palette import Colour

#: How each verdict is drawn.
DRAWN: dict[str, tuple[Colour, str, float]] = {
    "good": ("blue", "dot", 16.0), "doubtful": ("yellow", "diamond", 24.0), "bad": ("orange", "cross", 30.0)
}  # fmt: skip
#: Bad micrographs that are named in a panel.
NAMED = 4


@dataclass(frozen=True)
class Measured:
    """A descriptor as it is drawn: its title, what a unit of it is called and how many of its own units that is."""

    descriptor: str
    title: str
    label: str
    unit: str
    size: float = 1.0
    least: float | None = 0.0


SERIES = (
    Measured("defocus", "Defocus", "Defocus", "µm", 1e4, None),
    Measured("fit_resolution", "Reach of the rings", "Rings follow the fit to", "Å"),
    Measured("astigmatism", "Astigmatism", "u − v", "Å"),
    Measured("motion_total", "Motion", "Way of the specimen", "Å"),
    Measured("ice_thickness", "Ice", "Thicker than the brightest by", "Å"),
    Measured("mean", "Brightness", "Mean value", PURE, 1.0, None),
    Measured("directional_loss", "Directional loss", "Strongest over weakest direction", PURE, 1.0, None),
    Measured("contamination", "Contamination", "Share of the field", "%", 0.01),
    Measured("ice_line", "Crystalline ice", "Line above its surroundings", "%", 0.01, None),
)
SCORE = Measured("score", "Score", "Probability of being usable", PURE)


def _values(judged: Sequence[Mapping[str, Any]], series: Measured) -> NDArray[np.float64]:
    found = (each["score"] if series is SCORE else each["descriptors"].get(series.descriptor) for each in judged)
    return np.array([math.nan if value is None else value / series.size for value in found], dtype=float)


def _shown(judged: Sequence[Mapping[str, Any]]) -> list[tuple[Measured, NDArray[np.float64]]]:
    """What was measured of any micrograph; brightness only where the thickness of ice is not known."""
    pairs = [(series, _values(judged, series)) for series in (*SERIES, SCORE)]
    known = [(series, values) for series, values in pairs if np.isfinite(values).any()]
    thick = any(series.descriptor == "ice_thickness" for series, _ in known)
    return [pair for pair in known if not (thick and pair[0].descriptor == "mean")]


def _course(judged: Sequence[Mapping[str, Any]], values: NDArray[np.float64], named: Sequence[int]) -> tuple[Mark, ...]:
    number = np.arange(1, len(judged) + 1)
    grades = np.array([each["verdict"] for each in judged])
    marks: list[Mark] = []
    for grade, (colour, symbol, size) in DRAWN.items():
        rows = grades == grade
        if rows.any():
            marks.append(Scatter(x=number[rows], y=values[rows], colour=colour, symbol=symbol, size=size, label=grade))
    gap = 0.02 * len(judged)
    for i in named:
        right = number[i] < 0.6 * len(judged)
        marks.append(Note(x=float(number[i]) + (gap if right else -gap), y=float(values[i]), text=_short(judged[i]["micrograph"]),
                          colour="orange", anchor="left" if right else "right", size=7.5))  # fmt: skip
    return tuple(marks)


def _names(judged: Sequence[Mapping[str, Any]], shown: Sequence[NDArray[np.float64]]) -> list[list[int]]:
    """Bad micrographs to be named in each panel: each once, where it lies farthest from the median; never in the last, the score."""
    named: list[list[int]] = [[] for _ in shown]
    away = np.zeros((len(shown), len(judged)))
    for row, values in zip(away, shown[:-1]):
        distance = np.abs(values - np.nanmedian(values))
        row[:] = np.nan_to_num(distance / (np.nanmedian(distance) + 0.1 * np.nanmax(distance) + 1e-12))
    for i in (i for i, each in enumerate(judged) if each["verdict"] == "bad"):
        best = int(away[:, i].argmax())
        if away[best, i] > 0 and len(named[best]) < NAMED:
            named[best].append(i)
    return named


def _short(name: str) -> str:
    """A name's end, which tells micrographs of a session apart."""
    return name if len(name) <= 18 else f"…{name[-17:]}"


def course_figure(judged: Sequence[Mapping[str, Any]]) -> Figure:
    """Everything measured, over the number of the micrograph, bad ones marked and named.

    Parameters
    ----------
    judged
        As in ``verdicts.json``: ``micrograph``, ``verdict``, ``score``, ``descriptors``. At least one.
    """
    across = Axis("Micrograph", PURE, limits=(0.0, len(judged) + 1.0), whole=True)
    shown = _shown(judged)
    panels = tuple(
        Panel(title=series.title, marks=_course(judged, values, named), x=across, legend="none" if index else "above",
              y=Axis(series.label, series.unit, limits=_limits(series, values)))
        for index, ((series, values), named) in enumerate(zip(shown, _names(judged, [values for _, values in shown])))
    )  # fmt: skip
    bad = sum(each["verdict"] == "bad" for each in judged)
    return Figure(
        name="session", title="The session in its order", panels=panels, height=2.6, columns=3,
        caption=f"{bad} of {len(judged)} micrographs are bad (crosses). A trend is a microscope that drifts or a stage that settles; a "
        "step is another square or grid; single points far from the rest are micrographs to look at.",
    )  # fmt: skip


def _limits(series: Measured, values: NDArray[np.float64]) -> tuple[float | None, float | None] | None:
    """Limits of the axis, with room below for the symbols of those that have the least possible value."""
    if series is SCORE:
        return -0.03, 1.03
    return None if series.least is None else (series.least - 0.05 * max(float(np.nanmax(values)), 1e-3), None)


def spread_figure(judged: Sequence[Mapping[str, Any]]) -> Figure:
    """Histograms of everything measured, bad micrographs over all; arguments as for :func:`course_figure`."""
    bad = np.array([each["verdict"] == "bad" for each in judged])
    panels = tuple(
        Panel(title=series.title, marks=_histograms(values, bad, (0.0, 1.0) if series is SCORE else None),
              x=Axis(series.label, series.unit), y=Axis("Micrographs", PURE, whole=True),
              legend="none" if index or not bad.any() else "above")
        for index, (series, values) in enumerate(_shown(judged))
    )  # fmt: skip
    return Figure(
        name="histograms", title="The spread of the session", panels=panels, height=2.4, columns=3,
        caption="One narrow hill is an even session; two are two kinds of squares. Bad micrographs should lie in the tails of at least "
        "one of them.",
    )  # fmt: skip


def _histograms(values: NDArray[np.float64], bad: NDArray[np.bool_], limits: tuple[float, float] | None) -> tuple[Bars, ...]:
    whole = histogram(values, limits=limits, label="all")
    edges = np.asarray(whole.edges)
    if not bad.any():
        return (whole,)
    return whole, histogram(values[bad], bins=len(edges) - 1, limits=(float(edges[0]), float(edges[-1])), colour="orange", label="bad")
