"""How strongly particles move, how far they move together and how steadily: decided by the measurements themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vitreous.stages.polish.posterior import Measured, posterior_of
from vitreous.stages.polish.prior import MotionPrior

#: Usual values, and how far from them one should expect to go (standard deviations of ln): a weak hyperprior.
TYPICAL = MotionPrior()
WIDTHS = np.array([1.5, 1.0, 1.5, 0.3])
#: Step of the first simplex, in ln.
STEP = 0.5


def log_posterior(data: Sequence[Measured], prior: MotionPrior) -> float:
    """ln p(measurements | prior) + ln p(prior), up to a constant."""
    away = (prior.logarithms() - TYPICAL.logarithms()) / WIDTHS
    return sum(posterior_of(prior, each).log_evidence(each.shifts) for each in data) - 0.5 * float(away @ away)


def learn_prior(data: Sequence[Measured], start: MotionPrior = TYPICAL) -> MotionPrior:
    """The prior that makes the measurements most probable (type-II maximum likelihood; deterministic).

    Parameters
    ----------
    data
        One value a movie. Pooled movies share one prior.
    start
        Where the search begins.

    References: Rasmussen & Williams 2006, *Gaussian Processes for Machine Learning*, section 5.4.1. Where the evidence is known in
    closed form no frequencies need to be held out for this, as in Zivanov et al. 2019, section 2.5.
    """
    from scipy.optimize import minimize

    begin = start.logarithms()
    found = minimize(
        lambda v: -log_posterior(data, MotionPrior.from_logarithms(v)),
        begin,
        method="Nelder-Mead",
        options={"xatol": 0.03, "fatol": 0.05, "maxfev": 200, "initial_simplex": np.vstack([begin, begin + STEP * np.eye(len(begin))])},
    )
    return MotionPrior.from_logarithms(found.x)
