"""A whole figure as SVG: where panels lie, their frames, axes and legends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

import numpy as np

from vitreous.views.figure import Axis, Figure, Panel
from vitreous.views.marks import Bars, Circles, Ellipse, Line, Mark, Note, Picture, RowBars, ScaleBar, Scatter, Trace
from vitreous.views.quick.extents import extents
from vitreous.views.quick.scale import MINUS, Scale, limits, ticks
from vitreous.views.quick.strokes import COURSE, DEPTH, Paper, colour_table, course, dashed, ink, picture_limits, stroke, words
from vitreous.views.svg import FONTS, themed_style

POINTS = 72.0  # an inch
TICK, LABEL, TITLE = 8.5, 9.0, 9.5  # sizes of type, points
GAP = 10.0  # between panels
POINT = Paper(Scale(0, 1, 0, 1), Scale(0, 1, 0, 1), (0, 1, 0, 1))  # paper whose unit is a point


@dataclass(frozen=True)
class Cell:
    """The place of a panel with all its words: left, right, top, bottom."""

    left: float
    right: float
    top: float
    bottom: float


def width_of(text: str, size: float) -> float:
    """About how wide words are in a usual typeface."""
    narrow, wide = sum(letter in "ilj.,:;'|()[] " for letter in text), sum(letter in "mwMW@—" for letter in text)
    return size * (0.32 * narrow + 0.86 * wide + 0.62 * (len(text) - narrow - wide))


def quick_svg(figure: Figure) -> str:
    """Draw a figure; its colours follow the reader's light or dark setting, its title and caption are inside it.

    The counterpart of ``render(figure, "svg")`` of :mod:`vitreous.views.render`, in a tenth of the time.
    """
    rows = [figure.panels[start : start + figure.columns] for start in range(0, len(figure.panels), figure.columns)]
    wide, high = figure.inches * POINTS, figure.height * POINTS
    drawn = []
    for number, row in enumerate(rows):
        missing = figure.columns - len(row) if len(rows) > 1 else 0
        drawn += _row(row, missing, wide, number * high + 2, (number + 1) * high - 4)
    size = f'viewBox="0 0 {wide:.0f} {high * len(rows):.0f}" width="{wide:.0f}pt" height="{high * len(rows):.0f}pt"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{escape(FONTS)}">'
    said = f"<title>{escape(figure.title)}</title><desc>{escape(figure.caption)}</desc>"
    return f"{head}{said}{themed_style()}{''.join(drawn)}</svg>"


def _row(row: tuple[Panel, ...], missing: int, wide: float, top: float, bottom: float) -> list[str]:
    weights = [panel.weight for panel in row] + [1.0] * missing
    room = wide - 8 - GAP * (len(weights) - 1)
    # Panels of one row have their frames at one height, as far as their own furniture allows.
    above = max(_above(panel) for panel in row)
    below = max(_below(panel) for panel in row if panel.x is not None) if any(panel.x is not None for panel in row) else 0.0
    left, drawn = 4.0, []
    for panel, weight in zip(row, weights):
        right = left + room * weight / sum(weights)
        drawn.append(_panel(panel, Cell(left, right, top, bottom), above, below))
        left = right + GAP
    return drawn


def _above(panel: Panel) -> float:
    """Points that title, upper axis and a legend on top take."""
    titled = 18.0 if panel.title else 4.0
    return titled + (30.0 if panel.top is not None else 0.0) + (14.0 if panel.legend == "above" and not panel.title else 0.0)


def _below(panel: Panel) -> float:
    return (32.0 if panel.x is not None else 4.0) + (34.0 if _scaled(panel) else 0.0)


def _scaled(panel: Panel) -> Picture | None:
    """The picture that asks for a scale of its colours."""
    return next((mark for mark in panel.marks if isinstance(mark, Picture) and mark.scale), None)


def _panel(panel: Panel, cell: Cell, above: float, below: float) -> str:
    paper, marks_y = _paper(panel, cell, above, below)
    left, right, top, bottom = paper.frame
    marks = sorted(panel.marks, key=lambda mark: DEPTH[type(mark)])
    inner = "".join(stroke(paper, mark) for mark in marks)
    clip = (f'<svg x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
            f'viewBox="{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}">')  # fmt: skip
    free = any(isinstance(mark, RowBars) for mark in marks) or (panel.x is None and not any(isinstance(m, ScaleBar) for m in marks))
    drawn = [f"<g>{inner}</g>" if free else f"{clip}{inner}</svg>"]
    furniture = []
    under = 32.0 if panel.x else _beside(panel, (paper.x.low, paper.x.high, paper.y.low, paper.y.high))[3]
    if panel.x is not None and panel.y is not None:
        furniture.append(_axes(panel, paper, marks_y))
    if panel.top is not None:
        furniture.append(_upper(panel.top, paper))
    if panel.title:
        drawn.append(words(left, cell.top + 12, panel.title, size=TITLE, extra=' font-weight="bold"'))
    return "".join(furniture + drawn + [_legend(panel, paper, cell), _colours(panel, paper, bottom + under)])


def _paper(panel: Panel, cell: Cell, above: float, below: float) -> tuple[Paper, list[tuple[float, str]]]:
    """Frame and scales of a panel, and the ticks of its y axis, whose words decide where the frame begins."""
    x, y = panel.x, panel.y
    rows = next((mark for mark in panel.marks if isinstance(mark, RowBars)), None)
    top = cell.top + (above if panel.x is not None or panel.title or panel.top is not None else 4.0)
    bottom = cell.bottom - max(below if x is not None else 0.0, _below(panel))
    found = extents(panel.marks, log=(x is not None and x.scale == "log", y is not None and y.scale == "log"))
    margins = [0.0 if any(isinstance(mark, Picture) for mark in panel.marks) else 0.05] * 2
    (x_low, x_high), (y_low, y_high) = (limits(axis, reach, margin=m) for axis, reach, m in zip((x, y), found, margins))
    if any(isinstance(mark, Bars) for mark in panel.marks) and not (y is not None and y.limits):
        # Bars stand on the axis and leave room above them.
        y_low, y_high = min(0.0, found[1][0]), 1.17 * max(found[1][1], 0.0) or 1.0
    marks_y: list[tuple[float, str]] = []
    if rows is not None:
        x_low, x_high = 0.0, x_high * 1.12
        y_low, y_high = len(rows.names) - 0.4, -0.6
        marks_y = [(float(row), name) for row, name in enumerate(rows.names)]
    elif y is not None:
        marks_y = ticks(y, y_low, y_high, bottom - top, apart=30.0)
    room = 24.0 + max((width_of(text, TICK) for _, text in marks_y), default=0.0) if y is not None else 2.0
    left, right = cell.left + room, cell.right - (6.0 if x is not None else 2.0)
    right -= 52.0 if any(isinstance(mark, Trace) for mark in panel.marks) else 0.0
    if rows is not None:
        x_high = _beyond_notes(rows, x_high, right - left)
    if panel.equal:
        span = (x_low, x_high, y_low, y_high)
        if x is None:
            before, after, over, under = _beside(panel, span)
            left, right, top, bottom = left + before, right - after, top + over, bottom - under
        (left, right, top, bottom), (x_low, x_high, y_low, y_high) = _equal(span, (left, right, top, bottom), boxed=x is None)
        if y is not None:
            marks_y = ticks(y, y_low, y_high, bottom - top, apart=30.0)
    across = Scale(x_low, x_high, left, right, x is not None and x.scale == "log")
    along = Scale(y_low, y_high, bottom, top, y is not None and y.scale == "log")
    return Paper(across, along, (left, right, top, bottom)), marks_y


def _beyond_notes(rows: RowBars, high: float, wide: float) -> float:
    """``high``, or more where the words behind a bar would leave a frame of ``wide`` points."""
    left_over = [max(0.3 * wide, wide - 5 - width_of(note, TICK)) for note in rows.notes]
    return max([high, *(length * wide / room for length, room in zip(np.nan_to_num(np.asarray(rows.lengths, float)), left_over))])


def _beside(panel: Panel, span: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Points to the left, to the right, above and below of a picture that words beside it take."""
    notes = [mark for mark in panel.marks if isinstance(mark, Note)]
    x_low, x_high, y_low, y_high = span
    left = max((6 + width_of(each.text, each.size) for each in notes if each.x < x_low), default=0.0)
    right = max((6 + width_of(each.text, each.size) for each in notes if each.x > x_high), default=0.0)
    above = max((1.8 * each.size for each in notes if each.y > y_high), default=0.0)
    below = max((1.8 * each.size for each in notes if each.y < y_low), default=0.0)
    return left, right, above, below


def _equal(
    span: tuple[float, float, float, float], frame: tuple[float, float, float, float], *, boxed: bool
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """Make a unit of x as long as one of y: by a smaller frame for pictures, by wider limits for axes."""
    x_low, x_high, y_low, y_high = span
    left, right, top, bottom = frame
    x_span, y_span = abs(x_high - x_low), abs(y_high - y_low)
    unit = min((right - left) / x_span, (bottom - top) / y_span)
    spare_x, spare_y = (right - left) - unit * x_span, (bottom - top) - unit * y_span
    if boxed:
        return (left + spare_x / 2, right - spare_x / 2, top + spare_y / 2, bottom - spare_y / 2), span
    more_x, more_y = spare_x / unit / 2, spare_y / unit / 2
    ways = (1 if x_high > x_low else -1, 1 if y_high > y_low else -1)
    return frame, (x_low - ways[0] * more_x, x_high + ways[0] * more_x, y_low - ways[1] * more_y, y_high + ways[1] * more_y)


def _axes(panel: Panel, paper: Paper, marks_y: list[tuple[float, str]]) -> str:
    left, right, top, bottom = paper.frame
    marks_x = ticks(panel.x, paper.x.low, paper.x.high, right - left)
    rows = any(isinstance(mark, RowBars) for mark in panel.marks)
    grid = "".join(f"M{paper.x(at):.1f} {top:.1f}V{bottom:.1f}" for at, _ in marks_x)
    grid += "" if rows else "".join(f"M{left:.1f} {paper.y(at):.1f}H{right:.1f}" for at, _ in marks_y)
    short = "".join(f"M{paper.x(at):.1f} {bottom:.1f}v3" for at, _ in marks_x)
    short += "".join(f"M{left:.1f} {paper.y(at):.1f}h-3" for at, _ in marks_y)
    drawn = [f'<path d="{grid}" stroke="{ink("faint")}" stroke-width="0.7" fill="none"/>',
             f'<path d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}{short}" stroke="{ink("muted")}" stroke-width="0.8" fill="none"/>']
    drawn += [words(float(paper.x(at)), bottom + 13, text, size=TICK, anchor="middle") for at, text in marks_x]
    drawn += [words(left - 5, float(paper.y(at)) + 3, text, size=TICK, anchor="end") for at, text in marks_y]
    drawn.append(words((left + right) / 2, bottom + 27, panel.x.text, size=LABEL, anchor="middle"))
    if not rows or panel.y.text:
        edge = left - 11 - max((width_of(text, TICK) for _, text in marks_y), default=0.0)
        middle = (top + bottom) / 2
        turned = f' transform="rotate(-90 {edge:.1f} {middle:.1f})"'
        drawn.append(words(edge, middle, panel.y.text, size=LABEL, anchor="middle", extra=turned))
    return "".join(drawn)  # fmt: skip


def _upper(axis: Axis, paper: Paper) -> str:
    """The second reading of x, along the upper edge."""
    left, right, top, _ = paper.frame
    shown = [(float(paper.x(at)), text) for at, text in axis.ticks]
    shown = [(at, text) for at, text in shown if left - 0.5 <= at <= right + 0.5]
    path = "".join(f"M{at:.1f} {top:.1f}v-3" for at, _ in shown)
    drawn = [f'<path d="{path}" stroke="{ink("muted")}" stroke-width="0.8"/>']
    drawn += [words(at, top - 5, text, size=TICK, anchor="middle") for at, text in shown]
    return "".join([*drawn, words((left + right) / 2, top - 18, axis.text, size=LABEL, anchor="middle")])


def _labelled(panel: Panel) -> list[Mark]:
    return [mark for mark in panel.marks if getattr(mark, "label", "")]


def _legend(panel: Panel, paper: Paper, cell: Cell) -> str:
    shown = _labelled(panel)
    if panel.legend == "none" or not shown:
        return ""
    wide = max(width_of(mark.label, TICK) for mark in shown) + 26
    left, right, top, bottom = paper.frame
    if panel.legend in ("above", "bottom"):
        return _flowing(shown, panel, paper, cell)
    high = 12.5 * len(shown)
    corners = {"upper right": (right - wide - 2, top + 3), "upper left": (left + 6, top + 3),
               "lower left": (left + 6, bottom - high - 4), "lower right": (right - wide - 2, bottom - high - 4)}  # fmt: skip
    place = panel.legend if panel.legend != "best" else _emptiest(panel, paper, corners, wide, high)
    x, y = corners[place]
    return "".join(_entry(mark, x, y + 12.5 * row) for row, mark in enumerate(shown))


def _flowing(shown: list[Mark], panel: Panel, paper: Paper, cell: Cell) -> str:
    """Entries side by side: above the frame, to the right of the title, or along its lower edge."""
    left, right, _, bottom = paper.frame
    widths = [width_of(mark.label, TICK) + 36 for mark in shown]
    if panel.legend == "bottom":
        x, y = (left + right) / 2 - sum(widths) / 2, bottom - 15
    elif panel.title:
        x, y = right - sum(widths) + 10, cell.top + 2
    else:
        x, y = left, cell.top + 2
    drawn = []
    for mark, width in zip(shown, widths):
        drawn.append(_entry(mark, x, y))
        x += width
    return "".join(drawn)


def _emptiest(panel: Panel, paper: Paper, corners: dict[str, tuple[float, float]], wide: float, high: float) -> str:
    """The corner in whose way the fewest points of the curves are."""
    points = [(paper.x(mark.x).ravel(), paper.y(mark.y).ravel()) for mark in panel.marks if isinstance(mark, (Line, Scatter))]
    x, y = (np.concatenate([each[axis] for each in points]) if points else np.zeros(0) for axis in (0, 1))

    def crowd(place: str) -> int:
        at_x, at_y = corners[place]
        return int(((x > at_x - 4) & (x < at_x + wide + 4) & (y > at_y - 4) & (y < at_y + high + 4)).sum())

    return min(corners, key=crowd)


def _entry(mark: Mark, x: float, y: float) -> str:
    colour = ink(mark.colour)  # type: ignore[union-attr]
    if isinstance(mark, (Line, Circles, Ellipse)):
        sign = f'<path d="M{x:.1f} {y + 6:.1f}h16" stroke="{colour}" stroke-width="1.7"{dashed(mark.style, 1.7)}/>'
    elif isinstance(mark, Scatter):
        sign = stroke(POINT, replace(mark, x=x + 8, y=y + 6, size=21.0, opacity=1.0))
    else:
        sign = f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="16" height="8" fill="{colour}" fill-opacity="{max(0.3, mark.opacity):g}"/>'
    return sign + words(x + 21, y + 9, mark.label, size=TICK)  # type: ignore[union-attr]


def _colours(panel: Panel, paper: Paper, top: float) -> str:
    """The scale of a picture's colours, below it; that of a path's, to its right."""
    left, right, upper, bottom = paper.frame
    trace = next((mark for mark in panel.marks if isinstance(mark, Trace)), None)
    if trace is not None:
        return _course_scale(trace, right + 10, upper + 10, bottom - 10)
    shown = _scaled(panel)
    if shown is None:
        return ""
    low, high = picture_limits(shown)
    middle, half = (left + right) / 2, 0.25 * (right - left)
    table = np.repeat(np.arange(256)[:, None], 3, 1) if shown.colours == "grey" else colour_table(shown.colours)
    stops = "".join(f'<rect x="{middle - half + 2 * half * i / 32:.1f}" y="{top + 8:.1f}" width="{2 * half / 32 + 0.4:.1f}" height="5" '
                    f'fill="rgb({r},{g},{b})"/>' for i, (r, g, b) in enumerate(table[4::8]))  # fmt: skip
    across = Scale(low, high, middle - half, middle + half)
    marks = ticks(Axis(shown.scale, ""), low, high, 2 * half, apart=36.0)
    if len(marks) < 2:  # one number alone says nothing of the others: the ends do
        marks = [(end, f"{end:.2g}".replace("-", MINUS)) for end in (low, high)]
    return stops + "".join(words(float(across(at)), top + 23, text, size=TICK, anchor="middle") for at, text in marks) + words(
        middle, top + 35, shown.scale, size=LABEL, anchor="middle")  # fmt: skip


def _course_scale(trace: Trace, x: float, top: float, bottom: float) -> str:
    values = np.asarray(trace.values, float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    steps = 8 * (len(COURSE) - 1)
    high_each = (bottom - top) / steps
    bar = "".join(f'<rect x="{x:.1f}" y="{bottom - (i + 1) * high_each:.1f}" width="6" height="{high_each + 0.4:.1f}" '
                  f'fill="{course((i + 0.5) / steps)}"/>' for i in range(steps))  # fmt: skip
    along = Scale(low, high if high > low else low + 1, bottom, top)
    marks = ticks(Axis(trace.scale, ""), along.low, along.high, bottom - top, apart=30.0)
    middle = (top + bottom) / 2
    turned = f' transform="rotate(-90 {x + 38:.1f} {middle:.1f})"'
    return bar + "".join(words(x + 10, float(along(at)) + 3, text, size=TICK) for at, text in marks) + words(
        x + 38, middle, trace.scale, size=LABEL, anchor="middle", extra=turned)  # fmt: skip
