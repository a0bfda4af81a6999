"""Grey values whose histogram, evenness and correlation are known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.stages.quality.level import autocorrelation, histogram, homogeneity, small_copy

SHAPE = (160, 200)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SHAPE)


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


def blurred_noise(sigma: float) -> np.ndarray:
    ky, kx = np.meshgrid(*(np.fft.fftfreq(n) for n in SHAPE), indexing="ij")
    return np.fft.ifft2(np.fft.fft2(noise(1)) * np.exp(-2 * np.pi**2 * sigma**2 * (kx**2 + ky**2))).real


def test_the_small_copy_has_ten_angstrom_pixels_or_as_many_as_it_needs():
    small, pixel = small_copy(torch.ones(1000, 1200), 1.25)
    assert small.shape == (125, 150)
    assert pixel == 10.0
    small, pixel = small_copy(torch.ones(128, 200), 1.0)
    assert small.shape == (64, 100)
    assert pixel == 2.0


def test_histogram_of_noise_of_dark_spots_and_of_a_slope():
    plain = histogram(tensor(noise()))
    assert abs(plain["skewness"]) < 0.05  # √(6 / 32000) = 0.014
    assert plain["dark_tail"] < 3e-4
    spots = noise()
    spots[:16] -= 30.0
    assert histogram(tensor(spots))["dark_tail"] == pytest.approx(0.1, abs=0.005)
    assert histogram(tensor(spots))["skewness"] < -1
    assert histogram(tensor(-spots))["bright_tail"] == pytest.approx(0.1, abs=0.005)
    slope = noise() + 4 * np.linspace(-0.5, 0.5, SHAPE[1])
    assert histogram(tensor(slope))["gradient"] == pytest.approx(4, abs=0.3)


def test_patches_that_differ_in_mean_and_in_variance():
    even = homogeneity(tensor(noise(1)), 10.0)
    assert even["level_spread"] == pytest.approx(1 / 40, rel=0.5)  # patches are 40 × 40 pixels, 20 of them
    assert even["rough_spread"] == pytest.approx(math.sqrt(2 / 1600), rel=0.4)
    steps = noise() + 2 * (np.arange(SHAPE[1]) >= 80)
    assert homogeneity(tensor(steps), 10.0)["level_spread"] == pytest.approx(2 * math.sqrt(0.4 * 0.6), rel=0.1)
    rough = noise() * np.where(np.arange(SHAPE[1]) >= 80, math.e, 1.0)
    assert homogeneity(tensor(rough), 10.0)["rough_spread"] == pytest.approx(2 * math.sqrt(0.4 * 0.6), rel=0.1)


@pytest.mark.parametrize("sigma", [3.0, 5.0])
def test_correlation_length_of_blurred_noise(sigma: float):
    # the autocorrelation of noise blurred by σ is exp(−r² / 4σ²): a half at 2σ √ln 2
    found = autocorrelation(tensor(blurred_noise(sigma)), 10.0)
    assert found["correlation_length"] == pytest.approx(20 * sigma * math.sqrt(math.log(2)), abs=12)


def test_a_lattice_stands_out_and_noise_does_not():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    lattice = np.cos(2 * np.pi * x / 12) + np.cos(2 * np.pi * (0.5 * x + 0.87 * y) / 12)
    assert autocorrelation(tensor(noise()), 10.0)["lattice"] < 6
    dots = noise() + 3 * (lattice > 1.7)
    assert autocorrelation(tensor(dots), 10.0)["lattice"] > 1.5 * autocorrelation(tensor(noise()), 10.0)["lattice"]
