"""The result: a defocus, how sure it is, and all that is needed to see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.stages.defocus.curves import CtfCurves
from vitreous.stages.defocus.envelope import RingFading
from vitreous.stages.defocus.flags import Flag, Measures
from vitreous.stages.defocus.looks import IceRing
from vitreous.stages.defocus.refine import Uncertainty
from vitreous.stages.defocus.second_opinion import SecondOpinion
from vitreous.stages.defocus.tilt import Tilt

RESOLUTION_RULE = "first shell where the elliptically averaged rings correlate with −cos 2χ, over 1.5 rings, below 0.5"


@dataclass(frozen=True)
class RingPicture:
    """Measured and modelled rings in two dimensions, the smooth background divided out.

    Parameters
    ----------
    measured, model
        P/M − 1 and −m cos 2χ, float32 ``(2r + 1, r + 1)``: ky from −r to r (so row r is zero), kx from 0 to r. Both are 0
        outside the range of the fit.
    k_most
        Å⁻¹ of row and column r.
    """

    measured: np.ndarray
    model: np.ndarray
    k_most: float

    def overlay(self) -> np.ndarray:
        """One square picture ``(2r + 1, 2r + 1)``, zero frequency in the middle: left half measured, right half model."""
        return np.concatenate([self.measured[::-1, :0:-1], self.model], axis=1)


@dataclass(frozen=True, kw_only=True)
class CtfFit:
    """CTF of one micrograph.

    Parameters
    ----------
    defocus
        u, v in Å, angle and phase shift in degrees.
    uncertainty
        One standard deviation of each.
    score
        Correlation of the elliptically averaged rings with the fit, −1 to 1, out to a sixth beyond ``resolution``.
    resolution
        Å to which rings and fit agree: see :data:`RESOLUTION_RULE`.
    resolution_interval
        Å, ends of its 95 % interval, the finer one first.
    fading
        B-factor of the rings' envelope.
    ice
        Rings of crystalline ice within the range of the fit.
    second
        What another method says.
    tilt
        Plane of defocus, where one was asked for; ``defocus`` is that of the middle.
    level
        Whether the specimen was taken to be level: no tilt was asked for, or none stood out.
    flags
        Reasons to distrust it; empty is good.
    measures
        The numbers behind the flags.
    curves
        Elliptical averages: spectrum, fit, background.
    picture
        The rings in two dimensions.
    optics
        Microscope and pixel size the fit assumed.
    tiles_kept
        Fraction of the micrograph's tiles that were used.
    """

    defocus: Defocus
    uncertainty: Uncertainty
    score: float
    resolution: float
    resolution_interval: tuple[float, float]
    fading: RingFading
    ice: tuple[IceRing, ...]
    second: SecondOpinion
    tilt: Tilt | None
    level: bool
    flags: tuple[Flag, ...]
    measures: Measures
    curves: CtfCurves
    picture: RingPicture
    optics: Optics
    tiles_kept: float

    @property
    def slope(self) -> tuple[float, float]:
        """By how much defocus grows along x and along y, Å per Å: (0, 0) of a level specimen."""
        return (0.0, 0.0) if self.level or self.tilt is None else self.tilt.slope
