"""Blur, robust distance and opening on pictures whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.numerics.areas import block_mean, blurred, distance_to, opened, robust_distance, tilted_plane


def test_blur_widens_a_dot_to_a_gaussian_and_leaves_a_constant():
    dot = torch.zeros(61, 61)
    dot[30, 30] = 1.0
    y, x = np.mgrid[:61, :61] - 30.0
    wanted = np.exp(-0.5 * (x**2 + y**2) / 9) / (2 * np.pi * 9)
    assert blurred(dot, 3.0).numpy() == pytest.approx(wanted, abs=2e-5)  # the transform's Gaussian is cut at 9 pixels
    assert blurred(torch.full((20, 31), 2.5), 4.0).numpy() == pytest.approx(2.5, abs=1e-5)


def test_robust_distance_counts_standard_deviations_and_keeps_the_sign(generator: torch.Generator):
    values = 3 + 0.5 * torch.randn(200, 200, generator=generator)
    values[:20] = 103.0
    away = robust_distance(values)
    assert float(away[20:].std()) == pytest.approx(0.9, abs=0.1)  # a tenth of outliers widens the median deviation by as much
    assert float(away[:20].min()) > 100
    assert float(robust_distance(-values)[:20].max()) < -100


def test_opening_drops_what_no_disc_fits_into():
    y, x = np.mgrid[:80, :80]
    disc, line = torch.as_tensor(np.hypot(x - 25, y - 40) < 12), torch.as_tensor(abs(x - 60) < 3)
    left = opened(disc | line, 6.0)
    assert not left[:, 50:].any()
    assert float((left & disc).sum() / disc.sum()) > 0.9
    assert not opened(torch.zeros(9, 9, dtype=torch.bool), 2.0).any()
    assert distance_to(disc)[40, 60] == pytest.approx(24.0, abs=1.01)


def test_plane_of_a_wedge_in_spite_of_crystals(generator: torch.Generator):
    y, x = torch.meshgrid(torch.arange(90.0), torch.arange(120.0), indexing="ij")
    wedge = 0.05 * x - 0.02 * y
    image = wedge + 0.1 * torch.randn(90, 120, generator=generator)
    image[:20, :20] -= 30.0
    assert (tilted_plane(image) - (wedge - wedge.mean())).abs().max() < 0.3


def test_blocks_are_averaged_and_the_rest_left_out():
    assert block_mean(torch.arange(24.0).reshape(4, 6), 2).tolist() == [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]]
    assert block_mean(torch.ones(5, 7), 3).shape == (1, 2)
