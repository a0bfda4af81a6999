"""Numbers and times in what microscopes write; what is none of them is not known."""

from __future__ import annotations

import math
from datetime import datetime

#: As SerialEM writes it, years of two digits and of four.
SERIALEM_TIMES = ("%d-%b-%y %H:%M:%S", "%d-%b-%Y %H:%M:%S")
LONGEST = 64


def number(text: str | None, unit: float = 1.0) -> float | None:
    """Give the number a text begins with times ``unit``; None where there is none or it is not finite.

    "4.2E+21 (e/m²)" is 4.2e21.
    """
    first = (text or "").split(maxsplit=1)[:1]
    if not first or len(first[0]) > LONGEST:
        return None
    try:
        value = float(first[0]) * unit
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def positive(text: str | None, unit: float = 1.0) -> float | None:
    """Give :func:`number` where it is above 0; programs write 0 for what they do not know."""
    value = number(text, unit)
    return value if value is not None and value > 0 else None


def numbers(text: str | None, count: int, unit: float = 1.0) -> tuple[float, ...] | None:
    """Give ``count`` numbers separated by blanks, None where one is missing."""
    values = [number(word, unit) for word in (text or "").split(maxsplit=count)[:count]]
    return tuple(values) if len(values) == count and None not in values else None  # type: ignore[return-value]


def iso_time(text: str | None) -> datetime | None:
    """Give a time of ISO 8601 without its zone; digits beyond a microsecond are cut."""
    words = (text or "").strip()[:LONGEST]
    head, point, tail = words.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))][:6]
    try:
        return datetime.fromisoformat(head + (point + digits if digits else "")).replace(tzinfo=None)
    except ValueError:
        return None


def serialem_time(text: str | None) -> datetime | None:
    """Give a time such as "06-Jun-23  23:19:46"."""
    words = " ".join((text or "")[:LONGEST].split())
    for form in SERIALEM_TIMES:
        try:
            return datetime.strptime(words, form)
        except ValueError:
            continue
    return None
