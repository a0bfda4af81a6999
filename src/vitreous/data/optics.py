"""The microscope's constants for a group of images."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vitreous.errors import InputError, require

#: What was done about the CTF in stored images: nothing, phases flipped, multiplied by it, or divided by it as far as noise allows.
Correction = Literal["none", "flipped", "multiplied", "wiener"]

#: Magnification without distortion.
UNDISTORTED = ((1.0, 0.0), (0.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Optics:
    """What is common to the images of one session and magnification.

    Parameters
    ----------
    pixel_size
        Å per pixel of the images, positive.
    voltage
        Acceleration voltage in kV, 40 to 1500.
    spherical_aberration
        Cs in mm, 0 or more (0 is allowed: a corrected microscope).
    amplitude_contrast
        Fraction from 0 to 1; 0.07 to 0.1 for ice.
    beam_tilt
        (x, y) in mrad.
    odd_zernike, even_zernike
        Coefficients of odd and even aberrations, radians at k in Å⁻¹, as :mod:`vitreous.physics.aberrations` orders them.
    magnification
        M, rows of a 2 × 2 matrix near 1: what an image shows at frequency k belongs to M k of the undistorted projection, and
        what it shows at r to M⁻ᵀ r.
    correction
        What was done about the CTF in the images of this group, with the defocus that is theirs.
    name
        The group's name in files.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    pixel_size: float
    voltage: float = 300.0
    spherical_aberration: float = 2.7
    amplitude_contrast: float = 0.1
    beam_tilt: tuple[float, float] = (0.0, 0.0)
    odd_zernike: tuple[float, ...] = ()
    even_zernike: tuple[float, ...] = ()
    magnification: tuple[tuple[float, float], tuple[float, float]] = UNDISTORTED
    correction: Correction = "none"
    name: str = "opticsGroup1"

    def __post_init__(self) -> None:
        require(self.pixel_size > 0, "pixel_size", self.pixel_size, "positive, in Å", instead="--pixel-size 1.06")
        require(40 <= self.voltage <= 1500, "voltage", self.voltage, "from 40 to 1500, in kV", instead="--voltage 300")
        require(self.spherical_aberration >= 0, "spherical_aberration", self.spherical_aberration, "0 or more, in mm")
        require(0 <= self.amplitude_contrast <= 1, "amplitude_contrast", self.amplitude_contrast,
                "a fraction from 0 to 1", instead="0.1 for ice")  # fmt: skip
        aberrations = (*self.beam_tilt, *self.odd_zernike, *self.even_zernike)
        require(all(map(math.isfinite, aberrations)), "aberrations", aberrations, "numbers")
        (a, b), (c, d) = self.magnification
        require(0.5 < a * d - b * c < 2, "magnification", self.magnification, "a 2 × 2 matrix of determinant from 0.5 to 2",
                instead="((1, 0), (0, 1)) for none")  # fmt: skip


def require_as_recorded(groups: Iterable[Optics], why: str) -> None:
    """Refuse images that were corrected for the CTF.

    Parameters
    ----------
    groups
        Their optics.
    why
        What needs them as recorded, to end the message: "a CTF is fitted to".

    Raises
    ------
    InputError
        If any group's images were corrected.
    """
    done = sorted({group.correction for group in groups} - {"none"})
    if done:
        raise InputError(f"images that {why} must be as recorded; these were corrected for the CTF already ({', '.join(done)}). "
                         "Try: the images from before vitreous correct-ctf.")  # fmt: skip
