"""Units as data: one unit a quantity, shown in every help text, form and axis."""

from __future__ import annotations

#: Å per unit of length.
IN_ANGSTROM = {"Å": 1.0, "nm": 10.0, "µm": 1e4, "mm": 1e7}


def convert_length(value: float, source: str, target: str) -> float:
    """Convert a length between the units of ``IN_ANGSTROM``.

    >>> convert_length(2.7, "mm", "Å")
    27000000.0
    """
    return value * IN_ANGSTROM[source] / IN_ANGSTROM[target]
