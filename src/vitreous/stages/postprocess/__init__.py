"""Mask, Fourier shell correlation, resolution and sharpening: what two half-maps say together."""

from vitreous.stages.postprocess.fsc import FscCurves, fsc_curves
from vitreous.stages.postprocess.judge import Postprocessed, postprocess
from vitreous.stages.postprocess.mask import SolventMask, solvent_mask
from vitreous.stages.postprocess.resolution import Resolution, resolution
from vitreous.stages.postprocess.samples import effective_samples
from vitreous.stages.postprocess.sharpen import Guinier, fit_guinier, sharpen

__all__ = [
    "FscCurves",
    "Guinier",
    "Postprocessed",
    "Resolution",
    "SolventMask",
    "effective_samples",
    "fit_guinier",
    "fsc_curves",
    "postprocess",
    "resolution",
    "sharpen",
    "solvent_mask",
]
