"""Each mark on matplotlib axes. Nothing here knows cryo-EM; nothing elsewhere knows matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vitreous.views.marks import (
    Band,
    Bars,
    Box,
    Circles,
    Ellipse,
    Line,
    Mark,
    Note,
    Picture,
    RowBars,
    Rule,
    ScaleBar,
    Scatter,
    Span,
    Trace,
)
from vitreous.views.palette import Theme, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = {"solid": "-", "dashed": (0, (4, 2.2)), "dotted": (0, (1, 1.8))}
SYMBOLS = {"dot": "o", "cross": "x", "diamond": "D"}
#: From start to end of a path: hues and brightness both change, and all stand out on light and dark paper.
COURSE = ("#3f86d8", "#9a6bc9", "#dd6a6a", "#f0a53c")
COLOUR_MAPS = {"grey": "gray", "viridis": "viridis", "diverging": "RdBu_r"}


@dataclass(frozen=True)
class Pen:
    """Axes to draw on, the paper, and whether pixels are left to the viewer to scale (SVG) or resampled (PNG)."""

    axes: Axes
    theme: Theme
    vector: bool

    def ink(self, role: str) -> str:
        """Hex value of a role."""
        return colour(role, self.theme)


def _numbers(values: Any) -> np.ndarray:
    """Float array in which everything not finite is NaN: a gap."""
    array = np.asarray(values, dtype=float)
    return np.where(np.isfinite(array), array, np.nan)


def _line(pen: Pen, mark: Line) -> None:
    pen.axes.plot(_numbers(mark.x), _numbers(mark.y), color=pen.ink(mark.colour), label=mark.label or None, lw=mark.width,
                  ls=DASHES[mark.style], alpha=mark.opacity, marker="o" if mark.points else None, markersize=mark.points,
                  markeredgewidth=0, solid_joinstyle="round", solid_capstyle="round")  # fmt: skip


def _band(pen: Pen, mark: Band) -> None:
    pen.axes.fill_between(_numbers(mark.x), _numbers(mark.low), _numbers(mark.high), color=pen.ink(mark.colour),
                          alpha=mark.opacity, lw=0, label=mark.label or None)  # fmt: skip


def _scatter(pen: Pen, mark: Scatter) -> None:
    edge = 1.3 if mark.symbol == "cross" else 0
    pen.axes.scatter(_numbers(mark.x), _numbers(mark.y), s=mark.size, color=pen.ink(mark.colour), alpha=mark.opacity,
                     label=mark.label or None, marker=SYMBOLS[mark.symbol], linewidths=edge)  # fmt: skip


def _trace(pen: Pen, mark: Trace) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    x, y, values = (_numbers(each) for each in (mark.x, mark.y, mark.values))
    steps = np.stack([np.stack([x[:-1], y[:-1]], -1), np.stack([x[1:], y[1:]], -1)], 1)
    kept = np.isfinite(steps).all((1, 2))
    ramp = LinearSegmentedColormap.from_list("course", COURSE)
    lines = LineCollection(steps[kept], cmap=ramp, linewidths=mark.width, capstyle="round")
    lines.set_array(0.5 * (values[:-1] + values[1:])[kept])
    pen.axes.add_collection(lines)
    dots = pen.axes.scatter(x, y, c=values, cmap=ramp, s=12, linewidths=0, zorder=3)
    lines.set_clim(*dots.get_clim())
    _scale(pen, dots, mark.scale, "right")


def _scale(pen: Pen, drawn: Any, text: str, location: str) -> None:
    shape = {"shrink": 0.82, "aspect": 26, "pad": 0.02} if location == "right" else {"shrink": 0.5, "aspect": 34, "pad": 0.04}
    bar = pen.axes.figure.colorbar(drawn, ax=pen.axes, location=location, **shape)
    bar.set_label(text)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    if bar.solids is not None:
        bar.solids.set_rasterized(True)


def _bars(pen: Pen, mark: Bars) -> None:
    edges, heights = _numbers(mark.edges), np.nan_to_num(_numbers(mark.heights))
    pen.axes.bar(edges[:-1], heights, width=np.diff(edges) * 0.92, align="edge", color=pen.ink(mark.colour),
                 alpha=mark.opacity, linewidth=0, label=mark.label or None)  # fmt: skip
    pen.axes.margins(y=0.17)


def _row_bars(pen: Pen, mark: RowBars) -> None:
    lengths = np.nan_to_num(_numbers(mark.lengths))
    rows = np.arange(len(lengths))
    pen.axes.barh(rows, lengths, height=0.62, color=pen.ink(mark.colour), linewidth=0, alpha=0.85)
    pen.axes.set_yticks(rows, mark.names)
    pen.axes.set_ylim(len(rows) - 0.4, -0.6)
    for row, length, note in zip(rows, lengths, mark.notes):
        pen.axes.annotate(note, (length, row), xytext=(5, 0), textcoords="offset points", va="center", color=pen.ink("muted"),
                          fontsize=8.5, annotation_clip=False)  # fmt: skip
    pen.axes.margins(x=0.16)
    pen.axes.grid(visible=False, axis="y")


def _rule(pen: Pen, mark: Rule) -> None:
    if not np.isfinite(mark.at):
        return
    along = pen.axes.axvline if mark.axis == "x" else pen.axes.axhline
    along(mark.at, color=pen.ink(mark.colour), lw=1.1, ls=DASHES[mark.style], zorder=2.5)
    if not mark.text:
        return
    ink, size = pen.ink(mark.colour), 8
    if mark.axis == "y":
        pen.axes.annotate(mark.text, (0.992, mark.at), xycoords=("axes fraction", "data"), xytext=(0, 2), ha="right", va="bottom",
                          textcoords="offset points", color=ink, fontsize=size)  # fmt: skip
        return
    turned = 90 if mark.words == "along" else 0
    pen.axes.annotate(mark.text, (mark.at, 0.985), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points",
                      rotation=turned, ha="left", va="top", color=ink, fontsize=size)  # fmt: skip


def _span(pen: Pen, mark: Span) -> None:
    if not np.isfinite([mark.low, mark.high]).all():
        return
    along = pen.axes.axvspan if mark.axis == "x" else pen.axes.axhspan
    along(mark.low, mark.high, color=pen.ink(mark.colour), alpha=mark.opacity, lw=0, zorder=0.5)


def _picture(pen: Pen, mark: Picture) -> None:
    values = np.asarray(mark.values)
    if values.ndim == 2 and values.dtype != np.uint8:
        values = _numbers(values)
    low, high = mark.limits or (None, None)
    if mark.limits is None and values.ndim == 2:
        low, high = (0, 255) if values.dtype == np.uint8 else (None, None)
    drawn = pen.axes.imshow(values, extent=mark.extent, origin="lower", cmap=COLOUR_MAPS[mark.colours], vmin=low, vmax=high,
                            interpolation=("none" if pen.vector else "antialiased") if mark.smooth else "nearest")  # fmt: skip
    pen.axes.set_aspect("auto")
    if mark.scale:
        _scale(pen, drawn, mark.scale, "bottom")


def _patches(pen: Pen, shapes: list[Any], role: str, style: str, width: float, label: str = "") -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.lines import Line2D

    pen.axes.add_collection(PatchCollection(shapes, facecolors="none", edgecolors=pen.ink(role), linewidths=width,
                                            linestyles=[DASHES[style]]))  # fmt: skip
    if label:
        pen.axes.add_line(Line2D([], [], color=pen.ink(role), lw=width, ls=DASHES[style], label=label))


def _circles(pen: Pen, mark: Circles) -> None:
    from matplotlib.patches import Circle

    places = zip(np.ravel(mark.x), np.ravel(mark.y))
    _patches(pen, [Circle(place, mark.radius) for place in places], mark.colour, mark.style, mark.width, mark.label)


def _ellipse(pen: Pen, mark: Ellipse) -> None:
    from matplotlib.patches import Ellipse as Outline

    shape = Outline((mark.x, mark.y), 2 * mark.a, 2 * mark.b, angle=mark.angle_deg)
    _patches(pen, [shape], mark.colour, mark.style, 1.3, mark.label)


def _box(pen: Pen, mark: Box) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = mark.extent
    _patches(pen, [Rectangle((left, bottom), right - left, top - bottom)], mark.colour, mark.style, mark.width)


def _note(pen: Pen, mark: Note) -> None:
    place = {"left": "left", "middle": "center", "right": "right"}[mark.anchor]
    pen.axes.text(mark.x, mark.y, mark.text, ha=place, va="center", color=pen.ink(mark.colour), fontsize=mark.size)


def _scale_bar(pen: Pen, mark: ScaleBar) -> None:
    (left, right), (bottom, top) = pen.axes.get_xlim(), pen.axes.get_ylim()
    x, y = left + 0.045 * (right - left), bottom + 0.05 * (top - bottom)
    for role, width in (("black", 4.6), (mark.colour, 2.6)) if mark.colour == "white" else ((mark.colour, 2.6),):
        pen.axes.plot([x, x + mark.length], [y, y], color=pen.ink(role), lw=width, solid_capstyle="butt")
    shade = {"facecolor": pen.ink("black"), "alpha": 0.5, "linewidth": 0, "pad": 1.2} if mark.colour == "white" else None
    pen.axes.text(x + mark.length / 2, y + 0.026 * (top - bottom), mark.text, ha="center", va="bottom", fontsize=8.5,
                  color=pen.ink(mark.colour), bbox=shade)  # fmt: skip


DRAWERS: dict[type, Callable[[Pen, Any], None]] = {
    Line: _line, Band: _band, Scatter: _scatter, Trace: _trace, Bars: _bars, RowBars: _row_bars, Rule: _rule, Span: _span,
    Picture: _picture, Circles: _circles, Ellipse: _ellipse, Box: _box, Note: _note, ScaleBar: _scale_bar,
}  # fmt: skip


def draw(pen: Pen, mark: Mark) -> None:
    """Draw one mark."""
    DRAWERS[type(mark)](pen, mark)
