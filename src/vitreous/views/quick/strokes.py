"""Each mark as SVG elements; lengths in points, y downwards."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from vitreous.views.palette import COLOURS
from vitreous.views.png import encode_png
from vitreous.views.quick.scale import Scale

#: Dash and gap in widths of the line.
DASHES = {"solid": (), "dashed": (4.0, 2.2), "dotted": (1.0, 1.8)}
#: From back to front.
DEPTH = {Picture: 0.0, Span: 0.5, Bars: 1.0, RowBars: 1.0, Band: 1.0, Box: 1.0, Scatter: 1.0, Circles: 1.0, Ellipse: 1.0,
         Line: 2.0, Trace: 2.0, Rule: 2.5, Note: 3.0, ScaleBar: 3.0}  # fmt: skip
#: From start to end of a path, as in :mod:`vitreous.views.draw`.
COURSE = ((63, 134, 216), (154, 107, 201), (221, 106, 106), (240, 165, 60))


@dataclass(frozen=True)
class Paper:
    """Where a panel is drawn: the scales of its axes and its frame (left, right, top, bottom)."""

    x: Scale
    y: Scale
    frame: tuple[float, float, float, float]


def ink(role: str) -> str:
    """A role as a colour of SVG: a variable where it differs between light and dark paper."""
    light, dark = COLOURS[role]
    return light if light == dark else f"var(--{role})"


def words(x: float, y: float, text: str, *, size: float = 8.5, anchor: str = "start", role: str = "ink", extra: str = "") -> str:
    """A line of text whose baseline begins, is centred or ends at (x, y)."""
    end = {"start": "", "middle": ' text-anchor="middle"', "end": ' text-anchor="end"'}[anchor]
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{ink(role)}"{end}{extra}>{escape(text)}</text>'


def dashed(style: str, width: float) -> str:
    """The attribute that breaks a line of ``width`` points; nothing for a solid one."""
    return f' stroke-dasharray="{" ".join(f"{each * width:.3g}" for each in DASHES[style])}"' if DASHES[style] else ""


def _stroke(role: str, width: float, style: str, opacity: float = 1.0) -> str:
    dash = dashed(style, width)
    faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'fill="none" stroke="{ink(role)}" stroke-width="{width:g}"{dash}{faint}'


def _path(x: NDArray, y: NDArray) -> str:
    """Moves and lines through points; what is not finite leaves a gap. Places far outside the paper are brought near."""
    there = np.isfinite(x) & np.isfinite(y)
    steps, pen_down = [], False
    for across, down, seen in zip(np.clip(x, -9e3, 9e3), np.clip(y, -9e3, 9e3), there):
        if seen:
            steps.append(f"{'L' if pen_down else 'M'}{across:.1f} {down:.1f}")
        pen_down = bool(seen)
    return "".join(steps)


def _line(paper: Paper, mark: Line) -> str:
    x, y = paper.x(mark.x).ravel(), paper.y(mark.y).ravel()
    drawn = f'<path d="{_path(x, y)}" {_stroke(mark.colour, mark.width, mark.style, mark.opacity)} stroke-linejoin="round"/>'
    if not mark.points:
        return drawn
    return drawn + _dots(x, y, mark.points / 2, mark.colour, mark.opacity)


def _dots(x: NDArray, y: NDArray, radius: float, role: str, opacity: float) -> str:
    there = np.isfinite(x) & np.isfinite(y)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius:.2g}"/>' for a, b in zip(x[there], y[there]))
    return f'<g fill="{ink(role)}" fill-opacity="{opacity:g}">{dots}</g>'


def _band(paper: Paper, mark: Band) -> str:
    x, low, high = paper.x(mark.x).ravel(), paper.y(mark.low).ravel(), paper.y(mark.high).ravel()
    there = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    around = _path(np.concatenate([x[there], x[there][::-1]]), np.concatenate([high[there], low[there][::-1]]))
    return f'<path d="{around}Z" fill="{ink(mark.colour)}" fill-opacity="{mark.opacity:g}"/>' if there.any() else ""


def _scatter(paper: Paper, mark: Scatter) -> str:
    x, y = paper.x(mark.x).ravel(), paper.y(mark.y).ravel()
    radius = math.sqrt(mark.size / math.pi)
    if mark.symbol == "dot":
        return _dots(x, y, radius, mark.colour, mark.opacity)
    half = math.sqrt(mark.size) / 2
    there = np.isfinite(x) & np.isfinite(y)
    if mark.symbol == "cross":
        shape, fill = f"m{-half:.1f} {-half:.1f}l{2 * half:.1f} {2 * half:.1f}m0 {-2 * half:.1f}l{-2 * half:.1f} {2 * half:.1f}", False
    else:
        shape, fill = f"m0 {-half:.1f}l{half:.1f} {half:.1f}l{-half:.1f} {half:.1f}l{-half:.1f} {-half:.1f}z", True
    path = "".join(f"M{a:.1f} {b:.1f}{shape}" for a, b in zip(x[there], y[there]))
    colour = ink(mark.colour)
    look = f'fill="{colour}" fill-opacity="{mark.opacity:g}"' if fill else f'fill="none" stroke="{colour}" stroke-width="1.3"'
    return f'<path d="{path}" {look}/>'


def course(share: float) -> str:
    """Colour at a share, 0 to 1, of the way along a path."""
    at = min(max(share, 0.0), 1.0) * (len(COURSE) - 1)
    index = min(int(at), len(COURSE) - 2)
    mixed = (round(a + (at - index) * (b - a)) for a, b in zip(COURSE[index], COURSE[index + 1]))
    return "#" + "".join(f"{each:02x}" for each in mixed)


def _trace(paper: Paper, mark: Trace) -> str:
    x, y, values = paper.x(mark.x).ravel(), paper.y(mark.y).ravel(), np.asarray(mark.values, float).ravel()
    low, span = float(np.nanmin(values)), float(np.ptp(values[np.isfinite(values)])) or 1.0
    middle = 0.5 * (values[:-1] + values[1:])
    steps = [
        f'<path d="{_path(x[i : i + 2], y[i : i + 2])}" stroke="{course((middle[i] - low) / span)}"/>'
        for i in range(len(x) - 1) if np.isfinite([*x[i : i + 2], *y[i : i + 2], middle[i]]).all()
    ]  # fmt: skip
    return f'<g fill="none" stroke-width="{mark.width:g}" stroke-linecap="round">{"".join(steps)}</g>'


def _rectangle(left: float, right: float, top: float, bottom: float, look: str) -> str:
    left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" {look}/>'


def _bars(paper: Paper, mark: Bars) -> str:
    edges, heights = np.asarray(mark.edges, float), np.nan_to_num(np.asarray(mark.heights, float))
    ends = edges[:-1] + 0.92 * np.diff(edges)
    floor = paper.y.start if paper.y.log else float(paper.y(0.0))
    shapes = "".join(_rectangle(left, right, top if np.isfinite(top) else floor, floor, "")
                     for left, right, top in zip(paper.x(edges[:-1]), paper.x(ends), paper.y(heights)))  # fmt: skip
    return f'<g fill="{ink(mark.colour)}" fill-opacity="{mark.opacity:g}">{shapes}</g>'


def _row_bars(paper: Paper, mark: RowBars) -> str:
    lengths = np.nan_to_num(np.asarray(mark.lengths, float))
    parts = []
    for row, (length, note) in enumerate(zip(lengths, mark.notes)):
        end, top, bottom = float(paper.x(length)), float(paper.y(row - 0.31)), float(paper.y(row + 0.31))
        parts.append(_rectangle(float(paper.x(0.0)), end, top, bottom, f'fill="{ink(mark.colour)}" fill-opacity="0.85"'))
        parts.append(words(end + 5, (top + bottom) / 2 + 3, note, role="muted"))
    return "".join(parts)


def _rule(paper: Paper, mark: Rule) -> str:
    at = float(paper.x(mark.at) if mark.axis == "x" else paper.y(mark.at))
    left, right, top, bottom = paper.frame
    if not math.isfinite(at):
        return ""
    path = f"M{at:.1f} {top:.1f}V{bottom:.1f}" if mark.axis == "x" else f"M{left:.1f} {at:.1f}H{right:.1f}"
    drawn = f'<path d="{path}" {_stroke(mark.colour, 1.1, mark.style)}/>'
    if not mark.text:
        return drawn
    if mark.axis == "y":
        return drawn + words(right - 3, at - 3, mark.text, size=8, anchor="end", role=mark.colour)
    if mark.words == "beside":
        return drawn + words(at + 4, top + 10, mark.text, size=8, role=mark.colour)
    turned = f' transform="rotate(-90 {at + 10:.1f} {top + 4:.1f})"'
    return drawn + words(at + 10, top + 4, mark.text, size=8, anchor="end", role=mark.colour, extra=turned)


def _span(paper: Paper, mark: Span) -> str:
    if not np.isfinite([mark.low, mark.high]).all():
        return ""
    left, right, top, bottom = paper.frame
    look = f'fill="{ink(mark.colour)}" fill-opacity="{mark.opacity:g}"'
    if mark.axis == "x":
        return _rectangle(*(float(paper.x(each)) for each in (mark.low, mark.high)), top, bottom, look)
    return _rectangle(left, right, *(float(paper.y(each)) for each in (mark.low, mark.high)), look)


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """256 colours of a map, ``(256, 3)``; matplotlib's, of which only the tables are used."""
    from matplotlib import colormaps

    names = {"viridis": "viridis", "diverging": "RdBu_r"}
    return (colormaps[names[name]](np.linspace(0, 1, 256))[:, :3] * 255 + 0.5).astype(np.uint8)


def picture_limits(mark: Picture) -> tuple[float, float]:
    """Numbers shown as the first and the last colour."""
    if mark.limits is not None:
        return mark.limits
    values = np.asarray(mark.values)
    if values.dtype == np.uint8:
        return 0.0, 255.0
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _pixels(mark: Picture) -> NDArray[np.uint8]:
    values = np.asarray(mark.values)
    if values.ndim == 3:
        return values
    low, high = picture_limits(mark)
    there = np.isfinite(values)
    share = np.clip((np.where(there, values, low) - low) / ((high - low) or 1.0), 0, 1)
    level = (share * 255 + 0.5).astype(np.uint8)
    if mark.colours == "grey" and there.all():
        return level
    coloured = np.repeat(level[..., None], 3, -1) if mark.colours == "grey" else colour_table(mark.colours)[level]
    return coloured if there.all() else np.concatenate([coloured, np.where(there, 255, 0).astype(np.uint8)[..., None]], -1)


def _picture(paper: Paper, mark: Picture) -> str:
    xs, ys = paper.x(mark.extent[:2]), paper.y(mark.extent[2:])
    content = base64.b64encode(encode_png(np.ascontiguousarray(_pixels(mark)[::-1]), effort=1)).decode()
    sharp = "" if mark.smooth else ' image-rendering="pixelated"'
    return (f'<image x="{xs.min():.1f}" y="{ys.min():.1f}" width="{np.ptp(xs):.1f}" height="{np.ptp(ys):.1f}" '
            f'preserveAspectRatio="none"{sharp} href="data:image/png;base64,{content}"/>')  # fmt: skip


def _oval(paper: Paper, x: float, y: float, a: float, b: float, look: str, turn: float = 0.0) -> str:
    angle = np.linspace(0, 2 * math.pi, 73)
    along, across = a * np.cos(angle), b * np.sin(angle)
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return f'<path d="{_path(paper.x(x + cos * along - sin * across), paper.y(y + sin * along + cos * across))}Z" {look}/>'


def _circles(paper: Paper, mark: Circles) -> str:
    look = _stroke(mark.colour, mark.width, mark.style)
    places = zip(np.ravel(mark.x), np.ravel(mark.y))
    return "".join(_oval(paper, float(x), float(y), mark.radius, mark.radius, look) for x, y in places)


def _ellipse(paper: Paper, mark: Ellipse) -> str:
    return _oval(paper, mark.x, mark.y, mark.a, mark.b, _stroke(mark.colour, 1.3, mark.style), mark.angle_deg)


def _box(paper: Paper, mark: Box) -> str:
    xs, ys = paper.x(mark.extent[:2]), paper.y(mark.extent[2:])
    return _rectangle(*xs, *ys, _stroke(mark.colour, mark.width, mark.style))


def _note(paper: Paper, mark: Note) -> str:
    anchor = {"left": "start", "middle": "middle", "right": "end"}[mark.anchor]
    x, y = float(paper.x(mark.x)), float(paper.y(mark.y))
    if not (math.isfinite(x) and math.isfinite(y)):
        return ""
    lines = mark.text.split("\n")
    first = y + 0.35 * mark.size - 0.6 * mark.size * (len(lines) - 1)
    return "".join(words(x, first + 1.2 * mark.size * row, line, size=mark.size, anchor=anchor, role=mark.colour)
                   for row, line in enumerate(lines))  # fmt: skip


def _scale_bar(paper: Paper, mark: ScaleBar) -> str:
    left, right, top, bottom = paper.frame
    x, y = left + 0.045 * (right - left), bottom - 0.05 * (bottom - top)
    long = abs(float(paper.x(mark.length)) - float(paper.x(0.0)))
    on_picture = mark.colour == "white"
    back = f'<path d="M{x:.1f} {y:.1f}h{long:.1f}" stroke="#000" stroke-width="4.6"/>' if on_picture else ""
    middle = x + long / 2
    half = 2.7 * len(mark.text)
    shade = f'<rect x="{middle - half:.1f}" y="{y - 14.5:.1f}" width="{2 * half:.1f}" height="10.5" fill="#000" fill-opacity="0.5"/>'
    bar = f'<path d="M{x:.1f} {y:.1f}h{long:.1f}" stroke="{ink(mark.colour)}" stroke-width="2.6"/>'
    return back + bar + (shade if on_picture else "") + words(middle, y - 6, mark.text, anchor="middle", role=mark.colour)


STROKES: dict[type, Callable[[Paper, Any], str]] = {
    Line: _line, Band: _band, Scatter: _scatter, Trace: _trace, Bars: _bars, RowBars: _row_bars, Rule: _rule, Span: _span,
    Picture: _picture, Circles: _circles, Ellipse: _ellipse, Box: _box, Note: _note, ScaleBar: _scale_bar,
}  # fmt: skip


def stroke(paper: Paper, mark: Mark) -> str:
    """One mark."""
    return STROKES[type(mark)](paper, mark)
