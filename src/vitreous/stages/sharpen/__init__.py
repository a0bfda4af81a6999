"""Sharpening beyond one B-factor, and whether any map was sharpened too far."""

from vitreous.stages.sharpen.amplitudes import judge_amplitudes
from vitreous.stages.sharpen.local_b import LocalB, local_b, sharpened_locally
from vitreous.stages.sharpen.local_deblur import local_deblur
from vitreous.stages.sharpen.model_free import scaled_to_molecules

__all__ = ["LocalB", "judge_amplitudes", "local_b", "local_deblur", "scaled_to_molecules", "sharpened_locally"]
