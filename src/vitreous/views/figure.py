"""Figures as values: panels with axes that name their unit, and a caption that says what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitreous.errors import require
from vitreous.views.marks import Mark

#: The unit of a pure number. An axis must say so: silence about units is not allowed.
PURE = ""


@dataclass(frozen=True)
class Axis:
    """A labelled axis.

    Parameters
    ----------
    label
        What is measured.
    unit
        Its unit; :data:`PURE` declares a number without one.
    limits
        Lowest and highest value shown; found from the marks without it.
    scale
        Linear or logarithmic.
    ticks
        (position, text); chosen by the renderer without them.
    whole
        Whether only whole numbers are marked: a count.
    """

    label: str
    unit: str
    limits: tuple[float | None, float | None] | None = None
    scale: Literal["linear", "log"] = "linear"
    ticks: tuple[tuple[float, str], ...] = ()
    whole: bool = False

    def __post_init__(self) -> None:
        require(bool(self.label.strip()), "an axis label", self.label, "words that say what is measured")

    @property
    def text(self) -> str:
        """Label with the unit in brackets."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One set of axes.

    Parameters
    ----------
    marks
        What is drawn, the last on top.
    title
        A few words above it.
    x, y
        Axes; a panel without them shows a picture, and says its scale by a bar.
    top
        A second reading of x along the upper edge, at its ``ticks``.
    equal
        Whether a unit of x is as long as a unit of y.
    legend
        Where the labels of marks are explained.
    weight
        Width relative to the other panels of its row.
    """

    marks: tuple[Mark, ...]
    title: str = ""
    x: Axis | None = None
    y: Axis | None = None
    top: Axis | None = None
    equal: bool = False
    legend: Literal["best", "above", "bottom", "upper right", "upper left", "lower left", "lower right", "none"] = "best"
    weight: float = 1.0

    def __post_init__(self) -> None:
        require((self.x is None) == (self.y is None), "a panel's axes", (self.x, self.y), "both given or both absent")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Panels side by side, and what to see in them.

    Parameters
    ----------
    name
        Short, for file names and anchors: "fsc".
    title
        A few words.
    caption
        One to three sentences: what is shown and what to look for, good and bad.
    panels
        At least one.
    columns
        Panels a row.
    height
        Inches of each row; a full figure is 11 inches wide, a half one 5.4.
    width
        "full" or "half" of a page.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    columns: int = 3
    height: float = 3.3
    width: Literal["full", "half"] = "full"

    def __post_init__(self) -> None:
        require(len(self.panels) > 0, "panels", "none", "at least one")
        require(bool(self.caption.strip()), "caption", self.caption, "a sentence that says what to look for")
        require(self.columns > 0, "columns", self.columns, "positive")

    @property
    def inches(self) -> float:
        """Width on paper."""
        return 11.0 if self.width == "full" else 5.4
