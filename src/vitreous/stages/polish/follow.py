"""The tracks of the particles of one movie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.stages.polish.amplitude import fit_amplitude, left_by_dose
from vitreous.stages.polish.ascent import Observed, most_probable
from vitreous.stages.polish.correlation import Fits, ShiftGrid
from vitreous.stages.polish.frames import MovieParticles
from vitreous.stages.polish.learn import TYPICAL, learn_prior
from vitreous.stages.polish.linear import linear_tracks, running_sums
from vitreous.stages.polish.posterior import posterior_of
from vitreous.stages.polish.prior import MotionPrior
from vitreous.stages.polish.spectra import FrameSpectra
from vitreous.stages.polish.sums import FrameSums, frame_sums

#: Times that strength of the signal and tracks are found in turns.
ROUNDS = 2


@dataclass(frozen=True)
class FollowParams:
    """How particles are followed.

    Parameters
    ----------
    model
        "bayesian": the most probable tracks under a prior; "linear": straight ones shared by neighbours.
    prior
        Believed of their motion; None to learn it from each movie.
    reach
        Å: largest displacement along an axis from where a particle is expected.
    neighbours
        Å: σ of the neighbours' weights of the linear model.
    window
        Frames of a running average of the linear model, odd.
    """

    model: Literal["bayesian", "linear"] = "bayesian"
    prior: MotionPrior | None = None
    reach: float = 12.0
    neighbours: float = 500.0
    window: int = 5

    def __post_init__(self) -> None:
        require(self.model in ("bayesian", "linear"), "model", self.model, "bayesian or linear")
        require(self.reach > 0, "reach", self.reach, "positive, in Å")


@dataclass(frozen=True)
class Followed:
    """Where the particles of a movie went, beside what was expected.

    Parameters
    ----------
    tracks
        ``(P, frames, 2)`` in Å: displacement from the expected place.
    deviation
        ``(P, frames)`` in Å: its standard deviation along one axis; NaN for the linear model, which does not know.
    prior
        What the motion was believed to be; None for the linear model.
    sums
        How much signal the frames hold.
    """

    tracks: NDArray[np.float64]
    deviation: NDArray[np.float64]
    prior: MotionPrior | None
    sums: FrameSums


def follow(spectra: FrameSpectra, found: MovieParticles, params: FollowParams | None = None) -> Followed:
    """Find the tracks of the particles of one movie.

    Parameters
    ----------
    spectra
        Their frame images and references.
    found
        Where they are, and the dose of the frames.
    params
        Choices.

    Raises
    ------
    InputError
        If the particles do not agree with the reference.

    References: Scheres 2014, eLife 3:e03665; Zivanov et al. 2019, IUCrJ 6:5.
    """
    params = params or FollowParams()
    left = left_by_dose(spectra.k, found.dose, found.motion.voltage)
    tracks = np.zeros((spectra.values.shape[1], len(spectra.values), 2))
    deviation, prior = np.full(tracks.shape[:2], np.nan), None
    for _ in range(ROUNDS):
        observed = observe(spectra, found, fit_amplitude(frame_sums(spectra, tracks), left), params.reach)
        if params.model == "linear":
            tracks = linear_tracks(running_sums(observed.fits, params.window).peaks(), observed.places, params.neighbours)
        else:
            tracks, deviation, prior = _bayesian(observed, params.prior, prior, tracks)
    return Followed(tracks, deviation, prior, frame_sums(spectra, tracks))


def _bayesian(
    observed: Observed, given: MotionPrior | None, before: MotionPrior | None, start: NDArray
) -> tuple[NDArray, NDArray, MotionPrior]:
    """Tracks, their deviation, and the prior: as given, or learnt where tracks under an earlier or a usual one lead."""
    prior = given or before or TYPICAL
    tracks = most_probable(observed, prior, start)
    if given is None:
        prior = learn_prior([observed.measured(tracks)], prior)
        tracks = most_probable(observed, prior, tracks, blurs=(1.0, 0.0))
    return tracks, posterior_of(prior, observed.measured(tracks)).deviation(), prior


def observe(spectra: FrameSpectra, found: MovieParticles, amplitude: NDArray, reach: float) -> Observed:
    """What the images say of the tracks when the signal's strength is ``amplitude`` ``(frames, shells)``."""
    grid = ShiftGrid(spectra.disc, spectra.pixel_size, reach)
    expected = (spectra.seen.conj() / spectra.variance[spectra.disc.shell]).to(spectra.seen.dtype)
    strength = spectra.values.new_tensor(amplitude)[:, spectra.disc.shell]
    fits = np.stack([grid(values * expected * a) for values, a in zip(spectra.values, strength)], 1)
    sharpness = (spectra.shell_sum(spectra.seen.abs().square()) / spectra.variance).numpy()
    dose = found.motion.dose_per_frame or 1.0
    return Observed(Fits(fits, grid.step), found.places * found.motion.pixel_size, sharpness, amplitude, spectra.k, dose)
