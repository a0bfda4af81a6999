"""From micrographs and coordinates to a stack of normalised particle images."""

from vitreous.stages.particles.box import BoxAdvice, advise_box
from vitreous.stages.particles.extraction import BoxParams, Extracted, extract, fourier_crop
from vitreous.stages.particles.normalisation import Normalisation, background, normalise, replace_outliers
from vitreous.stages.particles.stack import Extraction, Picked, extract_stack

__all__ = [
    "BoxAdvice", "BoxParams", "Extracted", "Extraction", "Normalisation", "Picked", "advise_box", "background", "extract",
    "extract_stack", "fourier_crop", "normalise", "replace_outliers",
]  # fmt: skip
