"""The aberrations that are sought, each with the unit in which people speak of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from vitreous.data.optics import Optics
from vitreous.physics.aberrations import tilt_factor
from vitreous.physics.wavelength import wavelength


@dataclass(frozen=True)
class Family:
    """Terms of one order and symmetry, which are there or not there together.

    Parameters
    ----------
    name
        As people say.
    terms
        (n, m): kⁿ cos mθ, or sin |m|θ for negative m.
    components
        What each is called.
    unit
        Of the value.
    factor
        Phase in rad Åⁿ of one unit.
    """

    name: str
    terms: tuple[tuple[int, int], ...]
    components: tuple[str, ...]
    unit: str
    factor: Callable[[Optics], float]

    @property
    def odd(self) -> bool:
        """Whether it is a phase of its own or a part of χ."""
        return self.terms[0][0] % 2 == 1


def _lam(optics: Optics) -> float:
    return wavelength(optics.voltage)


#: W = (2π / λ) (λk)ⁿ A / n for an aberration of (n − 1)th order and coefficient A, here per µm; Cs, A₃ of no fold, is known in mm.
def _order(n: int, length: float) -> Callable[[Optics], float]:
    return lambda optics: 2 * math.pi * _lam(optics) ** (n - 1) * length / n


#: An image is where its phase −2π k·d says.
SHIFT = Family("shift", ((1, 1), (1, -1)), ("x", "y"), "Å", lambda optics: -2 * math.pi)
TILT = Family("beam tilt", ((3, 1), (3, -1)), ("x", "y"), "mrad", lambda optics: -tilt_factor(optics))
TREFOIL = Family("trefoil", ((3, 3), (3, -3)), ("cos", "sin"), "µm", _order(3, 1e4))
ODD = (TILT, TREFOIL)
EVEN = (
    Family("phase", ((0, 0),), ("",), "rad", lambda optics: 1.0),
    Family("defocus", ((2, 0),), ("",), "Å", lambda optics: math.pi * _lam(optics)),
    Family("astigmatism", ((2, 2), (2, -2)), ("cos", "sin"), "Å", lambda optics: math.pi * _lam(optics)),
    Family("spherical aberration", ((4, 0),), ("",), "mm", lambda optics: -0.5 * math.pi * _lam(optics) ** 3 * 1e7),
    Family("fourth-order astigmatism", ((4, 2), (4, -2)), ("cos", "sin"), "µm", _order(4, 1e4)),
    Family("tetrafoil", ((4, 4), (4, -4)), ("cos", "sin"), "µm", _order(4, 1e4)),
)
