"""Defocus, astigmatism, phase shift and tilt from the Thon rings of a micrograph."""

from vitreous.stages.defocus.envelope import RingFading
from vitreous.stages.defocus.estimate import estimate_ctf
from vitreous.stages.defocus.fit import RESOLUTION_RULE, CtfFit, RingPicture
from vitreous.stages.defocus.flags import Flag, Limits, Measures, flags
from vitreous.stages.defocus.looks import IceRing
from vitreous.stages.defocus.params import CtfParams, slope_of
from vitreous.stages.defocus.phase_drift import PhaseDrift, phase_drift
from vitreous.stages.defocus.refine import Uncertainty
from vitreous.stages.defocus.second_opinion import SecondOpinion
from vitreous.stages.defocus.tilt import Tilt

__all__ = [
    "RESOLUTION_RULE",
    "CtfFit",
    "CtfParams",
    "Flag",
    "IceRing",
    "Limits",
    "Measures",
    "PhaseDrift",
    "RingFading",
    "RingPicture",
    "SecondOpinion",
    "Tilt",
    "Uncertainty",
    "estimate_ctf",
    "flags",
    "phase_drift",
    "slope_of",
]
