"""The most probable tracks: the images' log-likelihood and the prior's together, by Gauss-Newton in the prior's modes.

Each image is replaced by the measurement that its slope g and its expected information Λ stand for at the present track d: a shift
d + g/Λ of variance ν/Λ. The tracks that these measurements make most probable are the next ones. Where d no longer changes,
g = ν C⁻¹ d: the maximum for the images' own curves, not for parabolas. Large motion is found in blurred curves first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.stages.polish.correlation import Fits
from vitreous.stages.polish.posterior import Measured, TrackPosterior
from vitreous.stages.polish.prior import MotionPrior

#: Å by which the curves are blurred, one after the other, and at last not at all.
BLURS = (4.0, 2.0, 1.0, 0.0)
#: Steps at each blur at most, Å that count as no change, and shares of a step that are tried.
STEPS, STILL, LENGTHS = 15, 0.01, (1.0, 0.5, 0.25, 0.125)


@dataclass(frozen=True)
class Observed:
    """What the images of one movie say of their particles' tracks.

    Parameters
    ----------
    fits
        Their log-likelihood as a function of the shift.
    places
        ``(P, 2)`` in Å.
    sharpness
        ``(P, shells)``: Σ |M|² / σ² of a particle's reference in each shell.
    amplitude
        ``(frames, shells)``: of the signal left in a frame.
    k
        ``(shells,)`` in Å⁻¹.
    dose
        Of a frame, e/Å².
    """

    fits: Fits
    places: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    k: NDArray[np.float64]
    dose: float

    def information(self, blur: float = 0.0) -> NDArray[np.float64]:
        """Expected −d²ℓ/dx² at its maximum, ½ Σ (2πk)² a² |M|² / σ², ``(P, frames)`` in Å⁻²; less in blurred curves."""
        bend = 2 * (np.pi * self.k) ** 2 * np.exp(-2 * (np.pi * self.k * blur) ** 2)
        return self.sharpness @ (bend * self.amplitude**2).T

    def measured(self, tracks: NDArray) -> Measured:
        """The same with every curve replaced by its parabola at ``tracks`` ``(P, frames, 2)``."""
        return Measured(self.places, _aims(self.fits, tracks, self.information()), self.information(), self.dose)


def most_probable(observed: Observed, prior: MotionPrior, start: NDArray, *, blurs: tuple[float, ...] = BLURS) -> NDArray[np.float64]:
    """Tracks of highest posterior probability.

    Parameters
    ----------
    observed
        What the images say.
    prior
        What was believed.
    start
        ``(P, frames, 2)`` in Å.
    blurs
        Å by which the curves are blurred, one after the other.

    Returns
    -------
    ndarray
        Like ``start``.
    """
    tracks = start
    for blur in blurs:
        information = observed.information(blur)
        posterior = TrackPosterior(prior, observed.places, information, observed.dose)
        tracks = _climb(observed.fits.blurred(blur), posterior, information, tracks)
    return tracks


def _aims(fits: Fits, tracks: NDArray, information: NDArray) -> NDArray[np.float64]:
    return np.clip(tracks, -fits.reach, fits.reach) + fits.at(tracks)[1] / information[..., None].clip(1e-9)


def _climb(fits: Fits, posterior: TrackPosterior, information: NDArray, tracks: NDArray) -> NDArray[np.float64]:
    """Gauss-Newton steps, shortened where they would lead down."""

    def height(at: NDArray, pull: NDArray) -> float:
        return float(fits.at(at)[0].sum()) / posterior.noise - 0.5 * float((at * pull).sum())

    tracks, pull = posterior.mean(_aims(fits, tracks, information))
    best = height(tracks, pull)
    for _ in range(STEPS):
        before = tracks
        aim, aim_pull = posterior.mean(_aims(fits, tracks, information))
        for length in LENGTHS:
            trial, trial_pull = before + length * (aim - before), pull + length * (aim_pull - pull)
            found = height(trial, trial_pull)
            if found > best:
                best, tracks, pull = found, trial, trial_pull
                break
        if np.abs(tracks - before).max() < STILL:
            break
    return tracks
