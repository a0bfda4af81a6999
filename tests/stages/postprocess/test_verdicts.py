"""Findings on half-maps, masks and curves: good projects pass, each broken one trips its own flag."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.stages.postprocess import fsc_curves, judge_halves, judge_mask, judge_resolution, resolution, solvent_mask
from vitreous.stages.postprocess.mask_verdict import edge_width

SIGNAL = (40, 5.0, 600.0)
Halves = tuple[Volume, Volume]


@pytest.fixture
def good(generator: torch.Generator) -> Halves:
    return noisy(ribosome(*SIGNAL), 1.5, generator)


def judged(halves: Halves, generator: torch.Generator, mask: torch.Tensor | None = None) -> dict[str, Check]:
    mask = solvent_mask(*halves).values if mask is None else mask
    curves = fsc_curves(*halves, mask, generator, repeats=1)
    found = resolution(curves, GOLD_STANDARD)
    checks = judge_halves(*halves, mask), judge_mask(mask, *halves, curves, found), judge_resolution(curves, found)
    return {check.name: check for check in checks}


def blamed(checks: dict[str, Check]) -> dict[str, str]:
    return {name: check.verdict for name, check in checks.items() if check.verdict != "pass"}


def top_tenth(values: torch.Tensor) -> torch.Tensor:
    return (values > values.flatten().kthvalue(int(0.9 * values.numel())).values).float()


def test_good_projects_pass(good: Halves, generator: torch.Generator) -> None:
    checks = judged(good, generator)
    assert blamed(checks) == {}, [check.reason for check in checks.values()]


def test_halves_that_share_particles(good: Halves, generator: torch.Generator) -> None:
    noise = 0.6 * float((good[0].values - good[1].values).std()) / 2**0.5
    common = noise * torch.randn(good[0].shape, generator=generator)
    checks = judged(tuple(Volume(half.values + common, 5.0) for half in good), generator)
    assert checks["halves"].verdict == "fail"
    # 0.36 / 1.36 of the power is common; so little solvent tells it to ± 0.04.
    assert checks["halves"].figures["solvent_correlation"] == pytest.approx(0.26, abs=0.12)
    assert "Try: half-sets" in checks["halves"].reason


@pytest.mark.costly
def test_a_full_map_for_a_half(good: Halves, generator: torch.Generator) -> None:
    checks = judged((Volume(0.5 * (good[0].values + good[1].values), 5.0), good[1]), generator)
    assert checks["halves"].verdict == "fail"
    assert "hold all particles" in checks["halves"].reason


def test_halves_of_different_strength_filtered_or_masked(good: Halves, generator: torch.Generator) -> None:
    a, b = good
    mask = solvent_mask(a, b).values
    signal = ribosome(*SIGNAL).values
    unequal = judge_halves(a, Volume(signal + 1.5 * (b.values - signal), 5.0), mask)
    filtered = judge_halves(*(Volume(low_pass(half.values, 18.0, 5.0, axes=3), 5.0) for half in good), mask)
    ball = soft_disc(a.shape, 12, 4)
    cut = judge_halves(*(Volume(half.values * ball, 5.0) for half in good), mask)
    assert (unequal.verdict, filtered.verdict, cut.verdict) == ("warn", "warn", "warn")
    assert "not of one kind" in unequal.reason
    assert "filtered" in filtered.reason
    assert filtered.figures["filter_edge_angstrom"] == pytest.approx(18.0, abs=4.0)
    assert "blank" in cut.reason
    assert judge_halves(a, b, torch.ones(a.shape)).verdict == "not done"


def test_a_mask_cut_from_the_noise_it_judges(good: Halves, generator: torch.Generator) -> None:
    checks = judged(good, generator, top_tenth(low_pass(good[0].values + good[1].values, 11.0, 5.0, axes=3)))
    assert checks["mask"].verdict == "fail"
    assert "noise that it is to judge" in checks["mask"].reason


def test_hard_tight_and_large_masks(good: Halves, generator: torch.Generator) -> None:
    shape = good[0].shape
    hard = judged(good, generator, (soft_disc(shape, 13, 1) > 0.5).float())
    large = judged(good, generator, soft_disc(shape, 18, 6))
    beside = judged(good, generator, soft_disc(shape, 4, 5).roll(14, 2))
    assert (hard["mask"].verdict, large["mask"].verdict) == ("warn", "warn")
    assert "edge is" in hard["mask"].reason
    assert "border" in large["mask"].reason
    assert beside["mask"].verdict != "pass"
    assert judged(good, generator, torch.ones(shape))["mask"].verdict == "pass"


@pytest.mark.parametrize("edge", [0.01, 3.0, 6.0])
def test_width_of_an_edge(edge: float) -> None:
    assert edge_width(soft_disc((48,) * 3, 14, edge)) == pytest.approx(edge, abs=0.6)


@pytest.mark.costly
def test_curves_without_end_and_without_agreement(good: Halves, generator: torch.Generator) -> None:
    clear = judged(noisy(ribosome(40, 5.0, 0.0), 0.05, generator), generator)
    assert clear["resolution"].verdict == "warn"
    assert "never falls" in clear["resolution"].reason
    noise = tuple(Volume(torch.randn(40, 40, 40, generator=generator), 5.0) for _ in range(2))
    assert judged(noise, generator)["resolution"].verdict == "fail"


def test_a_mask_that_cuts(good: Halves, generator: torch.Generator) -> None:
    """Twice as coarse with the mask as without it, and nothing else wrong."""
    mask = soft_disc(good[0].shape, 12, 5)
    curves = fsc_curves(*good, mask, generator, repeats=1)
    curves = replace(curves, phase_randomised=torch.zeros_like(curves.masked))
    without = judge_mask(mask, *good, curves, None).figures["resolution_unmasked_angstrom"]
    check = judge_mask(mask, *good, curves, replace(resolution(curves, GOLD_STANDARD), value=2 * without))
    assert check.verdict == "warn"
    assert "cuts the particle" in check.reason


def test_a_second_rise(good: Halves, generator: torch.Generator) -> None:
    mask = solvent_mask(*good).values
    curves = fsc_curves(*good, mask, generator, repeats=1)
    found = replace(resolution(curves, GOLD_STANDARD), value=40.0, at_limit=False)
    low = torch.zeros_like(curves.low)
    low[10:14] = 0.3
    check = judge_resolution(replace(curves, low=low), found)
    assert check.verdict == "warn"
    assert check.figures["rises_again_at_angstrom"] == 20.0
    assert "rises above 1/7 again" in check.reason
