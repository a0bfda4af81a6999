"""Undoing what the lens did: phase flips, multiplication, Wiener filters, of images and of tilted micrographs."""

from vitreous.stages.ctf_correct.filters import correction_filter
from vitreous.stages.ctf_correct.images import correct_images, correct_micrograph
from vitreous.stages.ctf_correct.snr import spectral_snr

__all__ = ["correct_images", "correct_micrograph", "correction_filter", "spectral_snr"]
