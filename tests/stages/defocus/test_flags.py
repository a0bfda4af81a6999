"""The verdict: each flag is raised by what it names and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.stages.defocus import Limits, Measures, estimate_ctf, flags

OPTICS = Optics(pixel_size=1.5)
GOOD = Measures(significance=30.0, score=0.95, resolution=4.0, power_ratio=1.1, ring_ratio=1.1, ring_ratio_sigma=1.0,
                drift_axis_deg=70.0, ice_excess=0.0, ice_sigma=0.0, specimen_power=10.0, agreement=1.0,
                converged=True, at_edge=False)  # fmt: skip
ROUND = Defocus(u=15_100, v=14_900)


def names(fit) -> list[str]:
    return [flag.name for flag in fit.flags]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_white_noise_is_empty_and_its_fit_poor(seed: int) -> None:
    """The negative control: 3 of 3 draws, with a defocus and a score that mean nothing."""
    noise = np.random.default_rng(seed).standard_normal((1200, 1200))
    fit = estimate_ctf(noise, OPTICS)
    assert names(fit) == ["empty", "poor fit"]
    assert fit.measures.significance < 5.5  # noise alone; a real image of this size has 20 and more
    assert fit.score < 0.8
    assert fit.resolution > 5


def test_particles_without_rings_are_a_poor_fit_but_not_empty() -> None:
    """Spheres in focus and nothing else."""
    rng = np.random.default_rng(3)
    k2 = np.fft.fftfreq(1200, 1.5)[:, None] ** 2 + np.fft.rfftfreq(1200, 1.5) ** 2
    low = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((1200, 1200))) * np.exp(-k2 * 60**2), s=(1200, 1200))
    assert names(estimate_ctf(3 * low / low.std() + rng.standard_normal(low.shape), OPTICS)) == ["poor fit"]


def test_drift_is_flagged_with_its_direction(micrograph) -> None:
    fit = estimate_ctf(micrograph(1400, 1.5, 15_000, 14_600, 40.0, 3, drift=(12.0, 70.0)), OPTICS)
    assert "drift" in names(fit)
    assert abs((fit.measures.drift_axis_deg - 70 + 90) % 180 - 90) < 10
    still = estimate_ctf(micrograph(1400, 1.5, 15_000, 14_600, 40.0, 3), OPTICS)
    assert names(still) == []


def test_strong_astigmatism_is_flagged_and_fitted(micrograph) -> None:
    fit = estimate_ctf(micrograph(1400, 1.5, 16_500, 13_500, 40.0, 3), OPTICS)
    assert names(fit) == ["strong astigmatism"]
    assert abs(fit.defocus.astigmatism - 3_000) < 4 * np.hypot(fit.uncertainty.u, fit.uncertainty.v)


def test_crystalline_ice_is_flagged_and_does_not_move_the_defocus(micrograph) -> None:
    iced = estimate_ctf(micrograph(1400, 1.5, 15_000, 14_600, 40.0, 3, ice=3.0), OPTICS)
    clear = estimate_ctf(micrograph(1400, 1.5, 15_000, 14_600, 40.0, 3), OPTICS)
    assert names(iced) == ["ice ring"]
    assert abs(iced.defocus.mean - clear.defocus.mean) < 2 * clear.uncertainty.mean


@pytest.mark.parametrize(("change", "name"), [
    ({"significance": 6.0}, "poor fit"), ({"score": 0.2}, "poor fit"), ({"converged": False}, "poor fit"),
    ({"at_edge": True}, "poor fit"), ({"power_ratio": 5.0}, "drift"), ({"ring_ratio": 9.0, "ring_ratio_sigma": 8.0}, "drift"),
    ({"ice_excess": 0.4, "ice_sigma": 20.0}, "ice ring"), ({"agreement": 4.1}, "methods disagree")])  # fmt: skip
def test_each_limit_raises_its_own_flag_with_the_number_in_words(change: dict, name: str) -> None:
    found = flags(replace(GOOD, **change), ROUND)
    assert [f.name for f in found] == [name]
    assert len(found[0].reason) > 20
    assert str(found[0]).startswith(f"{name}: ")


def test_a_good_micrograph_has_none_and_uncertain_ratios_do_not_count() -> None:
    assert flags(GOOD, ROUND) == ()
    assert flags(replace(GOOD, ring_ratio=9.0, ring_ratio_sigma=2.0), ROUND) == ()
    assert flags(replace(GOOD, ice_excess=0.4, ice_sigma=2.0), ROUND) == ()


def test_limits_are_the_users() -> None:
    assert [f.name for f in flags(GOOD, ROUND, Limits(astigmatism_most=100.0))] == ["strong astigmatism"]
    assert [f.name for f in flags(GOOD, ROUND, Limits(significance_least=40.0))] == ["poor fit"]
