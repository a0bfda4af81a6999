"""The phase shift of a plate as dose goes by: charging changes it while a movie is recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.physics.ctf_accuracy import waves
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.estimate import prepared
from vitreous.stages.defocus.fit import CtfFit
from vitreous.stages.defocus.likelihood import Likelihood, Prior, Smooth
from vitreous.stages.defocus.params import CtfParams
from vitreous.stages.defocus.refine import refine

LOOSE = 180.0  # degrees, standard deviation of the prior about the mean phase shift


@dataclass(frozen=True, kw_only=True)
class PhaseDrift:
    """Phase shift in each dose group.

    Parameters
    ----------
    phase_shift_deg
        Degrees, float64 ``(groups,)``.
    sigma
        One standard deviation of each against the others, degrees; all share the error of the fit's phase shift besides.
    """

    phase_shift_deg: np.ndarray
    sigma: np.ndarray


def phase_drift(groups: Sequence[np.ndarray | Tensor], fit: CtfFit, params: CtfParams | None = None) -> PhaseDrift:
    """Fit the phase shift of every dose group of one movie, defocus and astigmatism held at those of the whole.

    Parameters
    ----------
    groups
        Sums of frames, aligned, each ``(y, x)`` at the pixel size of the fit; ten or so of 3 to 5 e/Å² each.
    fit
        Of the sum of all, with its phase shift.
    params
        As for the fit: tile and resolution.

    Raises
    ------
    InputError
        If there is no group, or an image cannot be used.
    """
    require(len(groups) > 0, "dose groups", 0, "at least one")
    found = [_one(image, fit, params or CtfParams()) for image in groups]
    return PhaseDrift(phase_shift_deg=np.array([f[0] for f in found]), sigma=np.array([f[1] for f in found]))


def _one(image: np.ndarray | Tensor, fit: CtfFit, params: CtfParams) -> tuple[float, float]:
    prior = Prior(*waves(fit.defocus), 1.0, 1.0, fit.defocus.phase_shift_deg, LOOSE, held=True)
    bins = Bins.of(prepared(image, fit.optics, params).mean())
    used = bins.between(float(fit.curves.k[0]), math.inf)
    likelihood = Likelihood(used, fit.optics, Smooth.of(used, float(used.k.min()), float(used.k.max())), prior)
    solution = refine(likelihood)
    value, spread = solution.values[3], solution.covariance[3, 3].sqrt()
    return float(torch.rad2deg(value)), float(torch.rad2deg(spread))
