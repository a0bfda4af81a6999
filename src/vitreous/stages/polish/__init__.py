"""Particle polishing: tracks of single particles, and frames summed along them with the weights that they show."""

from vitreous.stages.polish.amplitude import left_by_dose
from vitreous.stages.polish.follow import Followed, FollowParams, follow
from vitreous.stages.polish.frames import MovieParticles
from vitreous.stages.polish.height import HeightDrift, fit_height
from vitreous.stages.polish.prior import MotionPrior
from vitreous.stages.polish.recombine import mean_places, sum_frames
from vitreous.stages.polish.spectra import FrameSpectra, affordable_radius, read_spectra
from vitreous.stages.polish.sums import FrameSums
from vitreous.stages.polish.weights import FrameWeights, fit_weights

__all__ = [
    "FollowParams", "Followed", "FrameSpectra", "FrameSums", "FrameWeights", "HeightDrift", "MotionPrior", "MovieParticles",
    "affordable_radius", "fit_height", "fit_weights", "follow", "left_by_dose", "mean_places", "read_spectra", "sum_frames",
]  # fmt: skip
