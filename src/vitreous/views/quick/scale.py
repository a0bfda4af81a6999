"""An axis as numbers: limits, ticks and the way from values to places on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.views.figure import Axis

#: Steps between ticks, times a power of ten.
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Scale:
    """From ``low`` at place ``start`` to ``high`` at place ``stop`` (points), linear or logarithmic."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, values: ArrayLike) -> NDArray[np.float64]:
        """Places of values; NaN where there is none."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        values = np.asarray(values, float)
        with np.errstate(divide="ignore", invalid="ignore"):
            shown = np.log10(values) if self.log else values
        shown = np.where(np.isfinite(shown), shown, np.nan)
        return self.start + (shown - low) / (high - low) * (self.stop - self.start)


def limits(axis: Axis | None, found: tuple[float, float], *, margin: float = 0.05) -> tuple[float, float]:
    """What an axis shows: its own limits, else those of the data with a little room.

    Parameters
    ----------
    axis
        May be absent: a picture.
    found
        Lowest and highest value of the data; not finite if there are none.
    margin
        Room on either side, as a share of the range.
    """
    log = axis is not None and axis.scale == "log"
    low, high = found if all(map(math.isfinite, found)) else ((0.1, 1.0) if log else (0.0, 1.0))
    if log:
        low, high = (10**each for each in _widened(math.log10(max(low, 1e-300)), math.log10(max(high, 1e-300)), margin))
    else:
        low, high = _widened(low, high, margin)
    given = (None, None) if axis is None or axis.limits is None else axis.limits
    if given[0] is not None and given[1] is None and not log:
        high += 0.04 * (high - given[0])
    low, high = (mine if own is None else float(own) for own, mine in zip(given, (low, high)))
    return (low, high) if low != high else (low - 0.5, high + 0.5)


def _widened(low: float, high: float, margin: float) -> tuple[float, float]:
    span = high - low
    if span <= 0:
        span = abs(high) or 1.0
        return (low - 0.05 * span, high + 0.05 * span) if margin else (low - 0.5, high + 0.5)
    return low - margin * span, high + margin * span


def ticks(axis: Axis, low: float, high: float, room: float, *, apart: float = 46.0) -> list[tuple[float, str]]:
    """Where an axis of ``room`` points is marked, and with what; marks about ``apart`` points from each other, or more."""
    bottom, top = sorted((low, high))
    if axis.ticks:
        return [(at, text) for at, text in axis.ticks if bottom <= at <= top]
    most = max(2, min(9, int(room / apart)))
    if axis.scale == "log" and top / bottom > 4:
        return _decades(bottom, top, max(most, int(room / 24.0)))
    step = _step(top - bottom, most)
    if axis.whole:
        step = max(1.0, round(step))
    first = math.ceil(bottom / step - 1e-9)
    places = [number * step for number in range(first, math.floor(top / step + 1e-9) + 1)]
    digits = max(0, -math.floor(math.log10(step) + 1e-9), _digits(step))
    return [(at, _written(at, digits, max(abs(bottom), abs(top)))) for at in places]


def _step(span: float, most: int) -> float:
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(step * power for step in STEPS if step * power * most >= span * (1 - 1e-9))


def _digits(step: float) -> int:
    """Decimals that a step needs: 0.25 two, 2.5 one."""
    return next((count for count in range(12) if abs(round(step, count) - step) < 1e-9 * step), 12)


def _written(value: float, digits: int, largest: float) -> str:
    if value == 0 or abs(value) < 1e-12 * largest:
        value = 0.0
    if largest >= 1e6 or (largest < 1e-3 and largest > 0):
        figures, power = f"{value:.2e}".split("e")
        return f"{float(figures):g}·10{_raised(int(power))}".replace("-", MINUS) if value else "0"
    return f"{value:.{digits}f}".replace("-", MINUS)


def _decades(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if last - first > 2 or high / low > 40:
        every = max(1, math.ceil((last - first) / most))
        places = [10.0**power for power in range(first, last + 1, every)]
    else:
        places = [digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)]
    return [(at, _power(at)) for at in places if low * (1 - 1e-9) <= at <= high * (1 + 1e-9)]


def _power(value: float) -> str:
    """As it is up to a thousand either way, else as a power of ten."""
    if 1e-3 <= value <= 1e4:
        return f"{value:g}"
    return "10" + _raised(round(math.log10(value)))


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
