"""How large a box should be: room for the particle, and for what defocus has spread of it.

Defocus moves the image of a structure of spatial frequency k sideways by |∇χ| / 2π = |λ z k − C_s λ³ k³|, so information
at k from a particle of diameter D lies within D + 2 max d(k).

Reference: Reimer & Kohl, *Transmission Electron Microscopy*, 5th ed. (2008), on phase-contrast transfer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.numerics.fourier import good_size
from vitreous.physics.wavelength import wavelength
from vitreous.units import convert_length

ROOM = 1.5
"""Least box in particle diameters: the background about the particle is needed to measure the noise."""


@dataclass(frozen=True)
class BoxAdvice:
    """Box sizes, all even and quick to transform.

    Parameters
    ----------
    size
        Pixels to cut out.
    least
        Pixels below which there is too little background, 1.5 particle diameters.
    delocalisation
        Å by which defocus spreads the finest wanted detail; 0 if defocus was not given.
    """

    size: int
    least: int
    delocalisation: float


def delocalisation(optics: Optics, defocus: float, resolution: float) -> float:
    """Largest sideways displacement of detail from the coarsest down to ``resolution``, in Å.

    Parameters
    ----------
    optics
        Voltage and Cs.
    defocus
        Å, underfocus positive.
    resolution
        Finest detail wanted, Å, positive.

    Raises
    ------
    InputError
        If ``resolution`` is not positive.
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å", instead="3.0")
    lam, cs = wavelength(optics.voltage), convert_length(optics.spherical_aberration, "mm", "Å")
    finest = 1 / resolution
    candidates = [finest]
    if cs > 0 and defocus > 0:
        candidates.append(min(finest, math.sqrt(defocus / (3 * cs * lam**2))))
    return max(abs(lam * defocus * k - cs * lam**3 * k**3) for k in candidates)


def advise_box(
    diameter: float, pixel_size: float, *, optics: Optics | None = None, defocus: float = 0.0, resolution: float = 4.0
) -> BoxAdvice:
    """Advise a box size.

    Parameters
    ----------
    diameter
        Particle's longest diameter, Å.
    pixel_size
        Å per pixel of the micrograph.
    optics
        Voltage and Cs; without it delocalisation is left out.
    defocus
        Largest defocus of the data set, Å.
    resolution
        Finest detail wanted, Å; finer than twice the pixel is not counted.

    Returns
    -------
    BoxAdvice
        ``size`` holds max(1.5 D, D + 2 d).

    Raises
    ------
    InputError
        If a length is not positive.

    >>> advise_box(150.0, 1.0).size
    240
    """
    require(diameter > 0, "diameter", diameter, "positive, in Å")
    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    spread = 0.0 if optics is None else delocalisation(optics, defocus, max(resolution, 2 * pixel_size))
    least = ROOM * diameter
    wanted = max(least, diameter + 2 * spread)
    return BoxAdvice(good_size(math.ceil(wanted / pixel_size)), good_size(math.ceil(least / pixel_size)), spread)
