"""Gaussians on grids against their transforms in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, centred_rfft2, centred_rfftn, frequency_squared
from vitreous.numerics.rotations import random_rotations
from vitreous.physics.splat import project_gaussians, volume_of_gaussians


def exact_projection(positions, weights, sigma, rotation, shift, size, pixel):
    """Σ w exp(−2π² σ² k² − 2πi k·(R r + t)) on the half grid, the slow obvious way."""
    kx = axis_frequencies(size, pixel, half=True, like=torch.zeros(1, dtype=torch.float64)).numpy()
    ky = axis_frequencies(size, pixel, like=torch.zeros(1, dtype=torch.float64)).numpy()[:, None]
    total = np.zeros((size, size // 2 + 1), complex)
    for r, w, s in zip(positions @ rotation.T, weights, sigma):
        angle = kx * (r[0] + shift[0]) + ky * (r[1] + shift[1])
        total += w * np.exp(-2 * math.pi**2 * s**2 * (kx**2 + ky**2) - 2j * math.pi * angle)
    return total


def cloud(count, extent, seed):
    chance = np.random.default_rng(seed)
    return chance.uniform(-extent, extent, (count, 3)), chance.uniform(0.5, 2, count)


@settings(max_examples=12, deadline=None)
@given(size=st.integers(24, 41), pixel=st.sampled_from([0.7, 1.5, 3.1]), sigma=st.sampled_from([0.0, 0.6, 1.4]))
def test_projection_is_the_analytic_sum_below_nyquist(size, pixel, sigma):
    positions, weights = cloud(20, 0.14 * size * pixel, size)
    widths = np.full(20, sigma * pixel)
    rotation = random_rotations(1, torch.Generator().manual_seed(size)).numpy()
    shift = np.array([[0.37 * pixel, -1.21 * pixel]])
    image = project_gaussians(positions, weights, widths, rotation, shift, size=size, pixel_size=pixel)
    got = centred_rfft2(image)[0].numpy() * pixel**2
    want = exact_projection(positions, weights, widths, rotation[0], shift[0], size, pixel)
    below = (frequency_squared((size, size), pixel).sqrt() < 0.49 / pixel).numpy()
    # float32 keeps 1e-6 and the aliasing rule 1e-4; points (sigma 0) ring at Nyquist and lose a little at the window
    assert np.abs(got - want)[below].max() < 4e-4 * weights.sum()


def test_projection_weight_is_conserved():
    positions, weights = cloud(50, 20.0, 3)
    image = project_gaussians(positions, weights, np.full(50, 1.0), np.eye(3)[None], np.zeros((1, 2)), size=64, pixel_size=1.3)
    assert float(image.sum()) * 1.3**2 == pytest.approx(weights.sum(), rel=1e-4)


@pytest.mark.parametrize("size", [40, 45])
def test_central_slice_theorem(size):
    """The transform of the unrotated projection is the kz = 0 plane of the volume's: two drawing programs, one theorem."""
    positions, weights = cloud(60, 12.0, 4)
    sigma = np.linspace(0.3, 2.5, 60)
    volume = centred_rfftn(volume_of_gaussians(positions, weights, sigma, size=size, voxel_size=1.4))[0] * 1.4**3
    image = project_gaussians(positions, weights, sigma, np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=1.4)
    plane = centred_rfft2(image)[0] * 1.4**2
    below = frequency_squared((size, size), 1.4).sqrt() < 0.49 / 1.4
    assert float((plane - volume).abs()[below].max()) < 4e-4 * weights.sum()


def test_a_gaussian_looks_like_a_gaussian():
    image = project_gaussians(np.zeros((1, 3)), np.ones(1), np.array([4.0]), np.eye(3)[None], np.zeros((1, 2)),
                              size=48, pixel_size=1.0)[0]  # fmt: skip
    y, x = np.mgrid[:48, :48] - 24
    want = np.exp(-(x**2 + y**2) / 32.0) / (2 * math.pi * 16)
    assert np.abs(image.numpy() - want).max() < 2e-4 * want.max()


def test_rotation_moves_the_point_where_the_convention_says():
    """r_lab = R r_object: with R taking x to y, a dot at +x appears at +y."""
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    image = project_gaussians(np.array([[6.0, 0, 0]]), np.ones(1), np.array([1.0]), quarter[None], np.array([[2.0, 0.0]]),
                              size=32, pixel_size=1.0)[0]  # fmt: skip
    assert divmod(int(image.argmax()), 32) == (16 + 6, 16 + 2)


def test_outside_is_cut_not_wrapped():
    image = project_gaussians(np.array([[200.0, 0, 0]]), np.ones(1), np.array([1.0]), np.eye(3)[None], np.zeros((1, 2)),
                              size=32, pixel_size=1.0)  # fmt: skip
    assert float(image.abs().max()) < 1e-6


def test_bad_input_is_named():
    one = (np.zeros((2, 3)), np.ones(3), np.ones(3))
    with pytest.raises(InputError, match="weights and sigma must be one number a position"):
        volume_of_gaussians(*one, size=16, voxel_size=1.0)
    with pytest.raises(InputError, match="pixel_size must be positive"):
        volume_of_gaussians(np.zeros((3, 3)), np.ones(3), np.ones(3), size=16, voxel_size=0.0)
    with pytest.raises(InputError, match="sigma must be 0 or more"):
        volume_of_gaussians(np.zeros((1, 3)), np.ones(1), -np.ones(1), size=16, voxel_size=1.0)
