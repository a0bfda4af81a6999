"""Peaks, thresholds, and the way back to the micrograph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.stages.picking.peaks import find_peaks
from vitreous.stages.picking.threshold import expected_noise, noise_threshold
from vitreous.stages.picking.working import ACROSS, working_image


def bumps(shape: tuple[int, int], spots: np.ndarray, width: float) -> torch.Tensor:
    y, x = np.mgrid[: shape[0], : shape[1]]
    heights = sum(h * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * width**2)) for a, b, h in spots)
    return torch.as_tensor(heights, dtype=torch.float32)


def test_peaks_are_found_to_a_fraction_of_a_pixel_highest_first() -> None:
    spots = np.array([[10.3, 20.4, 0.5], [30.0, 12.75, 0.9], [44.6, 40.2, 0.7]])
    points, height = find_peaks(bumps((50, 60), spots, 4.0), 10.0)
    np.testing.assert_allclose(points, spots[[1, 2, 0], :2], atol=0.03)
    assert (np.diff(height) < 0).all()


def test_a_peak_removes_only_lower_ones_that_are_near() -> None:
    # 20 stands between 14 and 26, which are each 6 away from it and 12 from one another.
    spots = np.array([[14.0, 10, 0.7], [20.0, 10, 0.8], [26.0, 10, 0.9]])
    points, _ = find_peaks(bumps((20, 40), spots, 1.0), 7.0)
    np.testing.assert_allclose(points[:, 0], [26, 14], atol=0.1)
    assert len(find_peaks(bumps((20, 40), spots, 1.0), 5.0)[0]) == 3
    assert len(find_peaks(torch.full((9, 9), -1.0), 3.0)[0]) == 0


@settings(deadline=None, max_examples=12)
@given(diameter=st.floats(24, 200), rows=st.integers(420, 460), columns=st.integers(420, 470), seed=st.integers(0, 50))
def test_working_pixels_lead_back_to_the_micrograph(diameter: float, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(120, 300, 2)
    image = 7 - bumps((rows, columns), np.array([[x, y, 1.0]]), diameter / 6)
    working = working_image(image, diameter, sign=-1.0)
    assert working.image.shape[0] == pytest.approx(rows / diameter * ACROSS, abs=1.5)
    points, _ = find_peaks(working.image, 12.0)
    # A working pixel is a twenty-fourth of the diameter; the parabola finds a smooth peak to a few per cent of it.
    assert np.abs(working.to_micrograph(points)[0] - [x, y]).max() < 0.1 * diameter / ACROSS + 0.05


def test_expected_noise_counts_decoys_and_goes_on_beyond_them() -> None:
    decoys = np.random.default_rng(0).exponential(0.1, 2000)
    assert expected_noise(np.array([0.05]), decoys, 0.5)[0] == 0.5 * (decoys >= 0.05).sum()
    # Exponential scores have an exponential tail; at 0.6 five are expected; 200 decoys give the rate to 7 %: exp(±0.27).
    assert expected_noise(np.array([0.6]), decoys, 1.0)[0] == pytest.approx(2000 * np.exp(-6), rel=0.6)
    tail = expected_noise(np.linspace(0.3, 3, 20), decoys, 1.0)
    assert (np.diff(tail) < 0).all()
    assert tail[-1] > 0


def test_the_threshold_keeps_its_promise() -> None:
    false, lost = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        noise, particles = rng.exponential(0.05, 400), rng.normal(0.45, 0.1, 150)
        threshold = noise_threshold(np.concatenate([noise, particles]), rng.exponential(0.05, 400), 1.0, 0.05)
        false.append((noise >= threshold).sum())
        lost.append((particles < threshold).sum())
    # A twentieth of about 155 picks is 8; twenty counts of 8 average to within 0.6, and the decoys' rate varies as much again.
    assert 5 < np.mean(false) < 10
    assert np.mean(lost) < 0.06 * 150


def test_noise_alone_passes_about_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(7)
    passed = sum(np.isfinite(noise_threshold(rng.exponential(1, 200), rng.exponential(1, 200), 1.0, 0.05)) for _ in range(200))
    # 5 % of 200 is 10; the tail is fitted to 20 decoys, which spreads its rate.
    assert passed <= 30
    assert noise_threshold(np.zeros(0), np.ones(3), 1.0, 0.05) == np.inf
