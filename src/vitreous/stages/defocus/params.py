"""What the user may choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vitreous.errors import require

STEEPEST = math.tan(math.radians(68))  # slope


@dataclass(frozen=True, kw_only=True)
class CtfParams:
    """Parameters of the CTF estimate.

    Parameters
    ----------
    coarsest, finest
        Å, resolution range of the fit; 100 to 8 and 20 to 1. ``finest`` gives way to 2.1 pixels where the image is
        coarser, ``coarsest`` to just below the first zero of the CTF once the defocus is known.
    defocus_least, defocus_most
        Å, range searched, positive.
    astigmatism_most
        Å, largest u - v searched, 0 or more.
    astigmatism_expected
        Å, a Gaussian prior's standard deviation of u - v in the coarse search, positive.
    phase_shift_deg
        Degrees, of a phase plate, held fixed unless there is a range.
    phase_shift_range
        Degrees, least and greatest phase shift, at most 180 apart: it is fitted too. Only its sum with asin Q shows, so an
        error of the amplitude contrast Q goes into it whole.
    tile
        Å, side of the tiles whose periodograms are averaged, 200 or more.
    tilt
        "no": one defocus for all tiles. "fit": a plane is fitted, and taken where it is steeper than chance would have it.
        "known": the plane is ``slope``.
    slope
        Å per Å along x and along y, by which defocus grows; used where the tilt is known. See :func:`slope_of`.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    coarsest: float = 30.0
    finest: float = 3.2
    defocus_least: float = 3000.0
    defocus_most: float = 50000.0
    astigmatism_most: float = 4000.0
    astigmatism_expected: float = 1000.0
    phase_shift_deg: float = 0.0
    phase_shift_range: tuple[float, float] | None = None
    tile: float = 1000.0
    tilt: Literal["no", "fit", "known"] = "no"
    slope: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        require(8 <= self.coarsest <= 100, "coarsest", self.coarsest, "from 8 to 100, in Å", instead="30")
        require(1 <= self.finest <= 20 and self.finest < self.coarsest, "finest", self.finest,
                "from 1 to 20 and finer than coarsest, in Å", instead="4")  # fmt: skip
        require(0 < self.defocus_least < self.defocus_most, "defocus_least", self.defocus_least,
                f"positive and below defocus_most ({self.defocus_most:g}), in Å", instead="3000")  # fmt: skip
        require(self.astigmatism_most >= 0, "astigmatism_most", self.astigmatism_most, "0 or more, in Å")
        require(self.astigmatism_expected > 0, "astigmatism_expected", self.astigmatism_expected, "positive, in Å")
        span = self.phase_shift_range
        require(span is None or 0 < span[1] - span[0] <= 180, "phase_shift_range", span, "(least, greatest) in degrees, "
                "at most 180 apart: rings repeat after that", instead="(0, 180)")  # fmt: skip
        require(self.tile >= 200, "tile", self.tile, "200 or more, in Å", instead="1000")
        require(self.tilt in ("no", "fit", "known"), "tilt", self.tilt, "no, fit or known")
        require(math.hypot(*self.slope) <= STEEPEST, "slope", self.slope, f"at most {STEEPEST:.2f} (68 degrees)")


def slope_of(tilt_deg: float, axis_deg: float) -> tuple[float, float]:
    """Slope (x, y) of the defocus of a specimen tilted about an axis at ``axis_deg`` from +x towards +y: tan θ (−sin φ, cos φ).

    >>> slope_of(45.0, 0.0)[1]
    0.9999999999999999
    """
    steep, axis = math.tan(math.radians(tilt_deg)), math.radians(axis_deg)
    return -steep * math.sin(axis), steep * math.cos(axis)
