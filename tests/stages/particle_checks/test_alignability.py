"""Precision: even for noise, near one for particles; angles between directions know the symmetry."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import kstest

from vitreous.numerics.symmetry import symmetry
from vitreous.stages.particle_checks import Posed, alignability, fit_images, shell_sums
from vitreous.stages.particle_checks.alignability import angles_between, exceeding, spreads

C1 = symmetry("C1")


def test_noise_is_even_and_particles_are_not(posed: Posed, breaks: dict) -> None:
    """A blob of few features at 40 pixels; the ribosome's head reaches 0.95 at an SNR of 0.05 a pixel (docs/particle_checks.md)."""
    fit = fit_images(shell_sums(posed), posed.images.group)
    noise, _ = breaks["junk"](posed, 1.0, torch.Generator().manual_seed(4))
    rows = torch.arange(0, len(posed), 6)
    held, empty = (alignability(each.take(rows), fit.of(rows, shell_sums(each.take(rows))), C1, torch.Generator().manual_seed(5))
                   for each in (posed, noise))  # fmt: skip
    assert kstest(empty.precision.numpy(), "uniform").pvalue > 0.01
    assert kstest(empty.accuracy.numpy(), "uniform").pvalue > 0.01
    auc = float((held.spread_deg[:, None] < empty.spread_deg).double().mean())
    assert auc > 0.85
    assert float(held.accuracy.median()) > 0.95


def test_copies_by_symmetry_are_one_direction() -> None:
    a = torch.tensor([[10.0, 70.0]], dtype=torch.float64)
    b = torch.tensor([[190.0, 70.0], [10.0, 80.0]], dtype=torch.float64)
    assert angles_between(a, b, symmetry("C2"))[0].tolist() == pytest.approx([0.0, 10.0], abs=1e-5)
    assert float(angles_between(a, b, C1)[0, 0]) == pytest.approx(140.0)


def test_spread_is_the_weighted_mean_of_pairs() -> None:
    apart = torch.tensor([[0, 10, 20, 90], [10, 0, 30, 90], [20, 30, 0, 90], [90, 90, 90, 0]], dtype=torch.float64)
    scores = torch.tensor([[1.0, 2.0, 3.0, 0.0]])
    spread, off = spreads(scores, apart, torch.tensor([[5.0, 6.0, 7.0, 80.0]], dtype=torch.float64))
    assert float(spread) == pytest.approx((1 * 2 * 10 + 1 * 3 * 20 + 2 * 3 * 30) / (2 + 3 + 6), rel=1e-4)
    assert float(off) == pytest.approx((5 + 12 + 21) / 6, rel=1e-4)


def test_ranks_among_noise() -> None:
    null = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert exceeding(null, torch.tensor([0.0, 2.5, 9.0], dtype=torch.float64)).tolist() == pytest.approx([3.5 / 4, 1.5 / 4, 0.5 / 4])
