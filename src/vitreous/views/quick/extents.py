"""How far the marks of a panel reach."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from vitreous.views.marks import Band, Bars, Box, Circles, Ellipse, Line, Mark, Picture, RowBars, Rule, Scatter, Span, Trace

Reach = tuple[list[Any], list[Any]]


def _reach(mark: Mark) -> Reach:
    """Values along x and along y that must be seen."""
    match mark:
        case Line() | Scatter() | Trace():
            return [mark.x], [mark.y]
        case Band():
            return [mark.x], [mark.low, mark.high]
        case Bars():
            return [mark.edges], [mark.heights, 0.0]
        case RowBars():
            return [mark.lengths, 0.0], []
        case Picture():
            return [mark.extent[:2]], [mark.extent[2:]]
        case Box():
            return [mark.extent[:2]], [mark.extent[2:]]
        case Circles():
            return [np.asarray(mark.x) + side for side in (-mark.radius, mark.radius)], [
                np.asarray(mark.y) + side for side in (-mark.radius, mark.radius)
            ]
        case Ellipse():
            cos, sin = math.cos(math.radians(mark.angle_deg)), math.sin(math.radians(mark.angle_deg))
            wide, high = math.hypot(mark.a * cos, mark.b * sin), math.hypot(mark.a * sin, mark.b * cos)
            return [mark.x - wide, mark.x + wide], [mark.y - high, mark.y + high]
        case Rule():
            return ([mark.at], []) if mark.axis == "x" else ([], [mark.at])
        case Span():
            return ([mark.low, mark.high], []) if mark.axis == "x" else ([], [mark.low, mark.high])
        case _:
            return [], []


def _range(parts: Iterator[Any], *, positive: bool) -> tuple[float, float]:
    values = [np.ravel(np.asarray(part, float)) for part in parts]
    whole = np.concatenate(values) if values else np.zeros(0)
    whole = whole[np.isfinite(whole) & ((whole > 0) if positive else True)]
    return (float(whole.min()), float(whole.max())) if whole.size else (float("nan"), float("nan"))


def extents(marks: tuple[Mark, ...], *, log: tuple[bool, bool] = (False, False)) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lowest and highest finite value along x and along y, NaN if there is none; positive ones only where ``log``."""
    reaches = [_reach(mark) for mark in marks]
    return tuple(  # type: ignore[return-value]
        _range((part for reach in reaches for part in reach[axis]), positive=log[axis]) for axis in (0, 1)
    )
