"""Marks: what can be drawn in a panel. Plain arrays and roles of colour, nothing of any drawing library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.views.palette import Colour

Style = Literal["solid", "dashed", "dotted"]


def _same_length(mark: object, *names: str) -> None:
    lengths = {name: np.size(getattr(mark, name)) for name in names}
    require(len(set(lengths.values())) == 1, f"{type(mark).__name__}'s arrays", lengths, "of one length")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve; points that are not finite leave gaps. ``points`` marks each sample with a dot."""

    x: ArrayLike
    y: ArrayLike
    colour: Colour = "blue"
    label: str = ""
    style: Style = "solid"
    width: float = 1.7
    points: float = 0.0
    opacity: float = 1.0

    def __post_init__(self) -> None:
        _same_length(self, "x", "y")


@dataclass(frozen=True, kw_only=True)
class Band:
    """The region between two curves: an interval, or the area under one."""

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    colour: Colour = "blue"
    label: str = ""
    opacity: float = 0.18

    def __post_init__(self) -> None:
        _same_length(self, "x", "low", "high")


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Dots of area ``size`` (points²)."""

    x: ArrayLike
    y: ArrayLike
    colour: Colour = "blue"
    label: str = ""
    size: float = 14.0
    opacity: float = 0.75
    symbol: Literal["dot", "cross", "diamond"] = "dot"

    def __post_init__(self) -> None:
        _same_length(self, "x", "y")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A path whose colour runs with ``values`` (dose, time); ``scale`` names them with their unit."""

    x: ArrayLike
    y: ArrayLike
    values: ArrayLike
    scale: str
    width: float = 2.2

    def __post_init__(self) -> None:
        _same_length(self, "x", "y", "values")


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A histogram: ``heights`` between successive ``edges``."""

    edges: ArrayLike
    heights: ArrayLike
    colour: Colour = "blue"
    label: str = ""
    opacity: float = 0.75

    def __post_init__(self) -> None:
        require(np.size(self.edges) == np.size(self.heights) + 1, "edges", np.size(self.edges), "one more than heights")


@dataclass(frozen=True, kw_only=True)
class RowBars:
    """Horizontal bars, the first on top, each with its name to the left and ``notes`` to the right."""

    names: tuple[str, ...]
    lengths: ArrayLike
    notes: tuple[str, ...]
    colour: Colour = "blue"

    def __post_init__(self) -> None:
        _same_length(self, "names", "lengths", "notes")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A straight line across the panel at one value of ``axis``, with its name along it or level beside it."""

    at: float
    axis: Literal["x", "y"] = "x"
    text: str = ""
    colour: Colour = "muted"
    style: Style = "dashed"
    words: Literal["along", "beside"] = "along"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A shaded interval of ``axis``."""

    low: float
    high: float
    axis: Literal["x", "y"] = "x"
    colour: Colour = "muted"
    opacity: float = 0.12


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image: ``(y, x)`` numbers shown between ``limits``, or uint8 ``(y, x, 3 or 4)``.

    ``extent`` is (x of the left edge, of the right, y of the bottom, of the top); row 0 lies at the bottom. ``scale`` names the
    numbers, with their unit, and asks for a colour scale.
    """

    values: NDArray
    extent: tuple[float, float, float, float]
    limits: tuple[float, float] | None = None
    colours: Literal["grey", "viridis", "diverging"] = "grey"
    scale: str = ""
    smooth: bool = True


@dataclass(frozen=True, kw_only=True)
class Circles:
    """Circles of ``radius`` in the units of the panel."""

    x: ArrayLike
    y: ArrayLike
    radius: float
    colour: Colour = "green"
    label: str = ""
    style: Style = "solid"
    width: float = 1.6

    def __post_init__(self) -> None:
        _same_length(self, "x", "y")


@dataclass(frozen=True, kw_only=True)
class Ellipse:
    """An outline with half axes ``a`` (at ``angle_deg`` from +x towards +y) and ``b``."""

    x: float
    y: float
    a: float
    b: float
    angle_deg: float = 0.0
    colour: Colour = "orange"
    style: Style = "dashed"
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """The outline of a rectangle: (x low, x high, y low, y high)."""

    extent: tuple[float, float, float, float]
    colour: Colour = "green"
    style: Style = "solid"
    width: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Note:
    """Words at a point; ``anchor`` says which part of them lies there."""

    x: float
    y: float
    text: str
    colour: Colour = "ink"
    anchor: Literal["left", "middle", "right"] = "middle"
    size: float = 8.5


@dataclass(frozen=True, kw_only=True)
class ScaleBar:
    """A bar of ``length`` (units of the panel) in the lower left corner of a picture, with its length in words."""

    length: float
    text: str
    colour: Colour = "white"


Mark = (
    Line | Band | Scatter | Trace | Bars | RowBars | Rule | Span | Picture | Circles | Ellipse | Box | Note | ScaleBar
)  # fmt: skip


def nice_length(extent: float, share: float = 0.25) -> float:
    """1, 2 or 5 times a power of ten, at most ``share`` of ``extent``.

    >>> nice_length(430.0)
    100.0
    """
    most = max(extent * share, 1e-9)
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))
