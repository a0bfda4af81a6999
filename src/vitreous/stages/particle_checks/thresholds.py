"""One number that divides a histogram of two populations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require

#: Bins in which Otsu's criterion is looked for.
BINS = 256
#: Passes of the estimation of two Gaussians, and the change of log-likelihood per value at which they end.
PASSES, SETTLED = 500, 1e-9


@dataclass(frozen=True)
class TwoGaussians:
    """A mixture of two normal distributions, the lower first.

    Parameters
    ----------
    share
        Of the lower one.
    mean, deviation
        Of both.
    gain
        Nats per value by which two explain the values better than one does.
    """

    share: float
    mean: tuple[float, float]
    deviation: tuple[float, float]
    gain: float

    @property
    def threshold(self) -> float:
        """Where both are as probable, between the means: the least wrong of all thresholds (Bayes)."""
        line = np.linspace(*self.mean, 2001)
        return float(line[np.argmax(_log_density(line, self, 1) >= _log_density(line, self, 0))])


def _log_density(values: NDArray, found: TwoGaussians, which: int) -> NDArray:
    share = (found.share, 1 - found.share)[which]
    mean, deviation = found.mean[which], found.deviation[which]
    return math.log(max(share, 1e-12)) - math.log(deviation) - 0.5 * ((values - mean) / deviation) ** 2 - 0.5 * math.log(2 * math.pi)


def otsu(values: ArrayLike) -> float:
    """The threshold with the greatest variance between the two sides (Otsu 1979, IEEE Trans. SMC 9:62).

    Raises
    ------
    InputError
        If there are fewer than two different finite values.
    """
    finite = _finite(values)
    count, edges = np.histogram(finite, BINS)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below, sum_below = np.cumsum(count), np.cumsum(count * middle)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sum_below / below - (sum_below[-1] - sum_below) / above) ** 2
    best = np.nan_to_num(between).round(9)
    # an empty gap between the sides is all equally good: its middle
    return float(edges[1:][np.flatnonzero(best == best.max())].mean())


def two_gaussians(values: ArrayLike) -> TwoGaussians:
    """Fit a mixture by expectation-maximisation from Otsu's two sides (Dempster, Laird & Rubin 1977).

    Raises
    ------
    InputError
        If there are fewer than two different finite values.
    """
    x = _finite(values)
    first = otsu(x)
    lower = (x <= first).astype(float)
    least = 1e-3 * float(x.std())
    before = -math.inf
    for _ in range(PASSES):
        found = _maximised(x, lower, least)
        logs = np.stack([_log_density(x, found, 0), _log_density(x, found, 1)])
        total = np.logaddexp(*logs)
        lower = np.exp(logs[0] - total)
        now = float(total.mean())
        if now - before < SETTLED:
            break
        before = now
    alone = -math.log(float(x.std())) - 0.5 - 0.5 * math.log(2 * math.pi)
    return TwoGaussians(found.share, found.mean, found.deviation, now - alone)


def _maximised(x: NDArray, lower: NDArray, least: float) -> TwoGaussians:
    means, deviations = [], []
    for weight in (lower, 1 - lower):
        total = max(float(weight.sum()), 1e-9)
        mean = float(weight @ x) / total
        means.append(mean)
        deviations.append(max(math.sqrt(float(weight @ (x - mean) ** 2) / total), least))
    return TwoGaussians(float(lower.mean()), (means[0], means[1]), (deviations[0], deviations[1]), 0.0)


def _finite(values: ArrayLike) -> NDArray:
    x = np.ravel(np.asarray(values, dtype=float))
    x = x[np.isfinite(x)]
    require(len(x) >= 2 and float(np.ptp(x)) > 0, "values to divide", len(np.unique(x)), "at least two different numbers")
    return x
