"""Mask, Fourier shell correlation, resolution and sharpening: what two half-maps say together."""

from vitreous.stages.postprocess.fsc import FscCurves, fsc_curves
from vitreous.stages.postprocess.halves_verdict import judge_halves
from vitreous.stages.postprocess.judge import Postprocessed, postprocess
from vitreous.stages.postprocess.mask import SolventMask, solvent_mask
from vitreous.stages.postprocess.mask_sweep import Swept, sweep_masks
from vitreous.stages.postprocess.mask_verdict import judge_mask
from vitreous.stages.postprocess.phase_residual import phase_residual
from vitreous.stages.postprocess.resolution import Resolution, resolution
from vitreous.stages.postprocess.resolution_verdict import judge_resolution
from vitreous.stages.postprocess.samples import effective_samples
from vitreous.stages.postprocess.sharpen import Guinier, fit_guinier, sharpen
from vitreous.stages.postprocess.single_map import SingleMap, single_map_resolution
from vitreous.stages.postprocess.ssnr import Ssnr, spectral_snr
from vitreous.stages.postprocess.thresholds import Threshold, threshold_table

__all__ = [
    "FscCurves",
    "Guinier",
    "Postprocessed",
    "Resolution",
    "SingleMap",
    "SolventMask",
    "Ssnr",
    "Swept",
    "Threshold",
    "effective_samples",
    "fit_guinier",
    "fsc_curves",
    "judge_halves",
    "judge_mask",
    "judge_resolution",
    "phase_residual",
    "postprocess",
    "resolution",
    "sharpen",
    "single_map_resolution",
    "solvent_mask",
    "spectral_snr",
    "sweep_masks",
    "threshold_table",
]
