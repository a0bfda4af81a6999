"""What the user may choose."""

from __future__ import annotations

from dataclasses import dataclass

from vitreous.errors import require


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
        Degrees, of a phase plate, held fixed.
    tile
        Å, side of the tiles whose periodograms are averaged, 200 or more.

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
    tile: float = 1000.0

    def __post_init__(self) -> None:
        require(8 <= self.coarsest <= 100, "coarsest", self.coarsest, "from 8 to 100, in Å", instead="30")
        require(1 <= self.finest <= 20 and self.finest < self.coarsest, "finest", self.finest,
                "from 1 to 20 and finer than coarsest, in Å", instead="4")  # fmt: skip
        require(0 < self.defocus_least < self.defocus_most, "defocus_least", self.defocus_least,
                f"positive and below defocus_most ({self.defocus_most:g}), in Å", instead="3000")  # fmt: skip
        require(self.astigmatism_most >= 0, "astigmatism_most", self.astigmatism_most, "0 or more, in Å")
        require(self.astigmatism_expected > 0, "astigmatism_expected", self.astigmatism_expected, "positive, in Å")
        require(self.tile >= 200, "tile", self.tile, "200 or more, in Å", instead="1000")
