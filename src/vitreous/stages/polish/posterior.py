r"""Tracks after measuring: a linear Gaussian model solved one spatial mode at a time.

A measured shift y_pf has the variance 1 / (r_p² n_f). In the coordinates r_p d_p all particles are measured alike, and the problem
falls apart into P independent ones of one value a frame, with covariance C_b + diag(ν / n_f): mean, variance and evidence are those
of a Gaussian process (Rasmussen & Williams 2006, eqs. 2.23-2.30), at the price of P Cholesky factors of frames × frames numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.stages.polish.prior import MotionPrior, prior_modes


@dataclass(frozen=True)
class Measured:
    """Shifts of particles in frames, as far as they are known.

    Parameters
    ----------
    places
        ``(P, 2)`` as (x, y) in Å.
    shifts
        ``(P, frames, 2)`` in Å: displacement of a particle in a frame from where it was expected.
    information
        ``(P, frames)``: 1 / variance of a shift along one axis, Å⁻².
    dose
        Of a frame, e/Å².
    """

    places: NDArray[np.float64]
    shifts: NDArray[np.float64]
    information: NDArray[np.float64]
    dose: float = 1.0


class TrackPosterior:
    """The posterior of tracks whose measurements have a given information, whatever was measured.

    Parameters
    ----------
    prior
        What was believed.
    places
        ``(P, 2)`` in Å.
    information
        ``(P, frames)``, Å⁻²; its best product r_p² n_f is used.
    dose
        Of a frame, e/Å².
    """

    def __init__(self, prior: MotionPrior, places: NDArray, information: NDArray, dose: float) -> None:
        self.noise = prior.noise
        frame = information.mean(0).clip(1e-9)
        self.scale = np.sqrt(information.sum(1).clip(1e-9) / frame.sum())
        modes = prior_modes(prior, places, information.shape[1], dose, self.scale)
        self._space = torch.from_numpy(modes.space)
        self._covariance = torch.from_numpy(modes.covariance)
        self._root = torch.linalg.cholesky(self._covariance + torch.diag(torch.from_numpy(prior.noise / frame)))

    def _in_modes(self, shifts: NDArray) -> Tensor:
        return torch.einsum("pb,pfa->bfa", self._space, torch.from_numpy(self.scale[:, None, None] * shifts))

    def _weights(self, shifts: NDArray) -> Tensor:
        """(C + N)⁻¹ y in the modes."""
        return torch.cholesky_solve(self._in_modes(shifts), self._root)

    def mean(self, shifts: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Tracks when ``shifts`` ``(P, frames, 2)`` were measured, and C⁻¹ times them, each like ``shifts``.

        The second is what the prior pulls with: ½ Σ of the product of the two is the tracks' energy.
        """
        weights = self._weights(shifts)
        tracks, pull = (torch.einsum("pb,bfa->pfa", self._space, each).numpy() for each in (self._covariance @ weights, weights))
        return tracks / self.scale[:, None, None], pull * self.scale[:, None, None]

    def log_evidence(self, shifts: NDArray) -> float:
        """ln p(shifts | prior), up to a constant."""
        fit = (self._in_modes(shifts) * self._weights(shifts)).sum()
        volume = self._root.diagonal(dim1=1, dim2=2).log().sum()
        return float(-0.5 * fit - shifts.shape[-1] * volume)

    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation of a track along one axis: ``(P, frames)`` in Å."""
        known = torch.linalg.solve_triangular(self._root, self._covariance, upper=False).square().sum(1)
        left = (self._covariance.diagonal(dim1=1, dim2=2) - known).clamp_min(0.0)
        return (self._space**2 @ left).sqrt().numpy() / self.scale[:, None]


def posterior_of(prior: MotionPrior, data: Measured) -> TrackPosterior:
    """The posterior that belongs to ``data``."""
    return TrackPosterior(prior, data.places, data.information, data.dose)
