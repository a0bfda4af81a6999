"""Percentiles by defocus, and thresholds of two populations against Bayes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from vitreous.errors import InputError
from vitreous.stages.particle_checks import defocus_bins, otsu, percentiles, two_gaussians


def test_percentiles_are_even_at_every_defocus_and_raw_correlations_are_not() -> None:
    chance = np.random.default_rng(0)
    defocus = chance.uniform(5000, 30000, 3000)
    correlation = 0.1 + 0.2 * defocus / 30000 + 0.03 * chance.standard_normal(3000)
    rank = percentiles(correlation, defocus_bins(defocus))
    for low in range(5000, 30000, 5000):
        here = (defocus >= low) & (defocus < low + 5000)
        assert kstest(rank[here], "uniform").pvalue > 0.01
        assert kstest(np.argsort(np.argsort(correlation))[here] / 3000, "uniform").pvalue < 1e-6


def test_one_defocus_is_one_bin() -> None:
    assert set(defocus_bins(np.full(500, 12000.0))) == {0}
    assert set(defocus_bins(np.arange(30.0))) == {0}


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_threshold_is_as_good_as_bayes(share: float) -> None:
    chance = np.random.default_rng(1)
    low = chance.random(4000) < share
    values = np.where(low, 0.2, 0.35) + 0.04 * chance.standard_normal(4000)
    line = np.linspace(0.2, 0.35, 1000)
    best = (share * norm.sf(line, 0.2, 0.04) + (1 - share) * norm.cdf(line, 0.35, 0.04)).min()
    found = two_gaussians(values)
    t = found.threshold
    wrong = share * norm.sf(t, 0.2, 0.04) + (1 - share) * norm.cdf(t, 0.35, 0.04)
    assert wrong - best < 0.01
    assert found.share == pytest.approx(share, abs=0.03)
    assert found.gain > 0.1


def test_otsu_is_as_good_where_both_are_as_many() -> None:
    chance = np.random.default_rng(3)
    values = np.concatenate([0.2 + 0.04 * chance.standard_normal(2000), 0.35 + 0.04 * chance.standard_normal(2000)])
    assert otsu(values) == pytest.approx(0.275, abs=0.005)


def test_one_population_gains_nothing_by_two() -> None:
    assert two_gaussians(np.random.default_rng(2).standard_normal(2000)).gain < 0.01


def test_equal_values_cannot_be_divided() -> None:
    with pytest.raises(InputError, match="at least two different numbers"):
        otsu([0.3, 0.3, np.nan])
