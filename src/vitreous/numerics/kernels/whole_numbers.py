"""How finely to count when sums of slices are kept as whole numbers, whose sums do not depend on the order of adding."""

from __future__ import annotations

import math

from vitreous.errors import InputError

#: A slice's points lie two cells apart, so at most so many of them reach one cell.
REACH = 4
#: Whole numbers stay below this power of two, and room of ``SPARE`` powers is left when a scale is chosen.
TOP, SPARE = 62, 16


class Scale:
    """The power of two of a whole-number sum: fine enough for the smallest that matters, and never too fine to overflow.

    The sum of absolute values that a cell can hold after some additions is at most ``bound``; 2^exponent · bound < 2^TOP.
    """

    def __init__(self) -> None:
        self.bound = 0.0
        self.exponent: int | None = None

    def grow(self, rows: int, largest: float) -> int:
        """Make room for ``rows`` slices of values up to ``largest``; says by how many bits to shift the sums down.

        Raises
        ------
        InputError
            If a value is NaN or infinite.
        """
        if not math.isfinite(largest):
            raise InputError(f"coefficients to insert must be numbers; the largest is {largest}. Try: look for images with NaN.")
        self.bound += REACH * rows * largest
        # Beyond 2^100 float32 would run out of exponents; values below 2^-100 are nothing.
        most = min(100, TOP - math.frexp(self.bound)[1])
        if self.exponent is None:
            self.exponent = most - SPARE if largest > 0 else None
            return 0
        if self.exponent <= most:
            return 0
        shift = self.exponent - (most - SPARE)
        self.exponent -= shift
        return shift

    @property
    def factor(self) -> float:
        """What values are multiplied with."""
        return 2.0 ** (self.exponent or 0)
