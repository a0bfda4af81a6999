"""How large a box should be: room for the particle, and for what defocus has spread of it.

Defocus moves detail of spatial frequency k sideways by d(k) (:mod:`vitreous.physics.delocalisation`), so that of a particle of
diameter D lies within D + 2 max d(k).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.numerics.fourier import good_size
from vitreous.physics.delocalisation import farthest

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
    spread = 0.0 if optics is None else farthest(optics, defocus, max(resolution, 2 * pixel_size))
    least = ROOM * diameter
    wanted = max(least, diameter + 2 * spread)
    return BoxAdvice(good_size(math.ceil(wanted / pixel_size)), good_size(math.ceil(least / pixel_size)), spread)
