"""Numbers and counts as a person writes them."""

from __future__ import annotations

import math


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, no exponent, a true minus sign; a dash for nothing.

    >>> number(12.345), number(0.04321), number(None), number(-3.0), number(12345.6)
    ('12.3', '0.0432', '–', '−3.00', '12346')
    """
    if value is None or not math.isfinite(value):
        return "–"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{places}f}".replace("-", "−")


def thousands(count: int) -> str:
    """Groups of three digits, parted by thin spaces, from five digits on.

    >>> thousands(4321), thousands(54321)
    ('4321', '54\\u2009321')
    """
    return str(count) if abs(count) < 10000 else f"{count:,}".replace(",", "\u2009")


def some(count: int, what: str) -> str:
    """A count and its noun.

    >>> some(1, "movie"), some(5, "movie"), some(2, "class")
    ('1 movie', '5 movies', '2 classes')
    """
    plural = what + ("es" if what.endswith("s") else "s")
    return f"{thousands(count)} {what if count == 1 else plural}"


def minutes(seconds: float) -> tuple[str, str]:
    """A time as one number and its unit, for large print.

    >>> minutes(42), minutes(135), minutes(7260)
    (('42', 's'), ('2:15', 'min'), ('2:01', 'h'))
    """
    whole = round(seconds)
    if whole < 60:
        return str(whole), "s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}", "min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}", "h"


def clock(seconds: float) -> str:
    """A time.

    >>> clock(42), clock(135), clock(7260)
    ('42 s', '2 min 15 s', '2 h 1 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
