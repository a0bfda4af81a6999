"""Defocus and astigmatism from the Thon rings of a micrograph."""

from vitreous.stages.defocus.estimate import estimate_ctf
from vitreous.stages.defocus.fit import RESOLUTION_RULE, CtfFit, RingPicture
from vitreous.stages.defocus.flags import Flag, Limits, Measures, flags
from vitreous.stages.defocus.params import CtfParams
from vitreous.stages.defocus.refine import Uncertainty

__all__ = [
    "RESOLUTION_RULE",
    "CtfFit",
    "CtfParams",
    "Flag",
    "Limits",
    "Measures",
    "RingPicture",
    "Uncertainty",
    "estimate_ctf",
    "flags",
]
