"""Noise levels: the factor two, groups, and residuals that tell when they are right."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, image_power, initial_noise
from vitreous.inference.pose_search import Grid, search
from vitreous.inference.residual import known_pose_factor, residual_factor
from vitreous.numerics.disc import disc
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import half_ball, slices


def white(count: int, size: int, generator: torch.Generator, deviation: float = 1.0) -> FourierImages:
    d = disc(size)
    pixels = deviation * torch.randn(count, size, size, generator=generator)
    zero = torch.zeros(count, dtype=torch.int64)
    return FourierImages(d, 1.0, d.take(pixels).to(torch.complex64), torch.ones(count, len(d)), zero)


@pytest.mark.parametrize("size", [16, 17])
def test_variance_is_half_the_power_of_white_noise(size: int, generator: torch.Generator):
    """Pixels of variance σ² give coefficients E|N|² = n² σ², each component half of it."""
    images = white(2000, size, generator, 1.5)
    found = initial_noise(images).variance
    assert found.shape == (1, size // 2)
    # Shell 1 has 4 points: relative error 1 / √8000.
    torch.testing.assert_close(found[0], torch.full_like(found[0], 0.5 * size**2 * 1.5**2), rtol=0.05, atol=0)
    components = torch.view_as_real(images.values)
    assert float(components.var()) == pytest.approx(float(found.mean()), rel=0.02)


def test_groups_have_their_levels(generator: torch.Generator):
    quiet, loud = white(500, 16, generator), white(500, 16, generator, 3.0)
    group = torch.arange(1000) // 500
    both = FourierImages(quiet.disc, 1.0, torch.cat([quiet.values, loud.values]), torch.ones(1000, len(quiet.disc)), group)
    variance = initial_noise(both).variance
    assert variance.shape == (2, 8)
    torch.testing.assert_close(variance[1] / variance[0], torch.full((8,), 9.0, dtype=torch.float64), rtol=0.05, atol=0)
    assert float(variance[0].mean()) == pytest.approx(128, rel=0.05)


def test_a_mask_is_made_up_for(generator: torch.Generator):
    """Masked white noise has its power lowered to the mask's mean square; the estimate is that of the unmasked image."""
    d, mask = disc(32), soft_disc((32, 32), 8.0, 3.0)
    pixels = torch.randn(1500, 32, 32, generator=generator) * mask
    area = float((mask**2).mean())
    images = FourierImages(d, 1.0, d.take(pixels), torch.ones(1500, len(d)), torch.zeros(1500, dtype=torch.int64), area)
    found = initial_noise(images).variance[0, 1:]
    assert float(found.mean()) == pytest.approx(0.5 * 32**2, rel=0.03)


def test_weights_and_scaling():
    d = disc(8)
    noise = NoiseSpectra(torch.tensor([[1.0, 2, 4, 8], [2, 4, 8, 16]], dtype=torch.float64))
    weight = noise.weight(d, torch.tensor([1, 0, 1]), 5)
    assert weight.shape == (3, 5)
    torch.testing.assert_close(weight[0], 0.5 * weight[1])
    torch.testing.assert_close(weight[1], 1 / torch.tensor([1.0, 2, 4, 8])[d.shell[:5]])
    scaled = noise.scaled(torch.tensor([1.0, 3.0], dtype=torch.float64))
    assert scaled.variance.tolist() == [[1, 6, 4, 8], [2, 12, 8, 16]]
    assert noise.variance[0, 1] == 2, "the old spectra are as they were"


def test_image_power_is_a_mean(make_tiny, generator: torch.Generator):
    p = make_tiny(generator)
    torch.testing.assert_close(image_power(p.images), (p.images.values.abs() ** 2).double().mean(0), rtol=1e-5, atol=0)
    weight = (1 / p.noise.variance).float()
    known = (p.images.values.abs() ** 2 * weight[p.images.group][:, p.disc.shell]).double().mean(0)
    torch.testing.assert_close(image_power(p.images, weight), known, rtol=1e-5, atol=0)


@pytest.mark.parametrize("signal", [0.0, 0.3, 2.0])
def test_residual_factor_is_one_where_the_noise_is_right(signal: float, make_tiny, generator: torch.Generator):
    """Whatever the signal: the mean over the posterior, not over the best pose, is calibrated."""
    p = make_tiny(generator, count=3000, signal=signal)
    grid = Grid(p.slices, p.shifts)
    found = residual_factor(p.images, p.noise, p.slices, search(p.images, p.noise, grid, centres=p.centres))
    # Shell 1 has 4 points, 24 000 numbers: 0.9 %.
    torch.testing.assert_close(found, torch.ones(6, dtype=torch.float64), atol=0.04, rtol=0)


@pytest.mark.parametrize("wrong", [0.5, 2.0])
def test_residual_factor_leads_back_to_the_noise(wrong: float, make_tiny, generator: torch.Generator):
    """E|N|² taken for σ² is twice too much, and the factor says one half."""
    p = make_tiny(generator, count=1500, signal=3.0)
    noise = NoiseSpectra(wrong * p.noise.variance)
    found = residual_factor(p.images, noise, p.slices, search(p.images, noise, Grid(p.slices, p.shifts), centres=p.centres))
    torch.testing.assert_close(found, torch.full((6,), 1 / wrong, dtype=torch.float64), rtol=0.06, atol=0)
    torch.testing.assert_close(noise.scaled(found).variance, p.noise.variance, rtol=0.06, atol=0)


def test_known_poses_have_the_same_factor(generator: torch.Generator):
    size, count = 16, 400
    d = disc(size)
    volume = torch.zeros(size, size, size)
    volume[6:11, 5:10, 7:12] = torch.rand(5, 5, 5, generator=generator)
    ball = half_ball(volume, d.radius)
    rotation, shift = random_rotations(count, generator), torch.randn(count, 2, generator=generator, dtype=torch.float64)
    clean = slices(ball, rotation, d) * d.shift_phases(shift)
    noisy = clean + 3.0 * torch.view_as_complex(torch.randn(count, len(d), 2, generator=generator))
    images = FourierImages(d, 1.0, noisy, torch.ones(count, len(d)), torch.zeros(count, dtype=torch.int64))
    right = NoiseSpectra(torch.full((1, d.radius + 1), 9.0, dtype=torch.float64))
    found = known_pose_factor(images, right, ball, rotation, shift)
    torch.testing.assert_close(found, torch.ones(d.radius + 1, dtype=torch.float64), atol=0.1, rtol=0)
    assert float(known_pose_factor(images, right, ball, rotation, -shift)[1:3].mean()) > 1.2
    half = replace(images, open_area=0.5)
    torch.testing.assert_close(known_pose_factor(half, right, ball, rotation, shift), 2 * found)
