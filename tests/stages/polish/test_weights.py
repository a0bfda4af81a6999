"""Scales and B-factors of frames, planted in sums with noise."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.stages.polish.amplitude import left_by_dose
from vitreous.stages.polish.sums import FrameSums
from vitreous.stages.polish.weights import FrameWeights, fit_weights

K = np.arange(60) / 240.0
DOSE = 1.5 * np.arange(1, 21)
#: A first frame that moved while it was taken, then damage; not what dose alone would do.
SCALE = -0.01 * np.arange(20.0) - 0.2 * (np.arange(20) == 0)
B = -6.0 * np.arange(20.0) - 60 * (np.arange(20) == 0)


def sums(power: float, seed: int = 1) -> FrameSums:
    """Signal D(k) exp(C_f + B_f k²/4) in noise; ``power`` is Σ c² |S|² / σ² of a shell."""
    chance = np.random.default_rng(seed)
    shared = 0.1 * np.exp(-20 * K**2) * (1 + 0.3 * np.cos(90 * K))
    signal = shared * np.exp(SCALE[:, None] + 0.25 * B[:, None] * K**2)
    each = power * np.exp(-40 * K**2) * (K > 0)
    cross = signal * each + np.sqrt(each) * chance.standard_normal(signal.shape)
    return FrameSums(np.stack([cross, 0 * cross]), np.stack([each, 0 * each, each]), K)


def differences(values: np.ndarray) -> np.ndarray:
    return values - values.mean()


def test_planted_scales_and_b_factors_are_recovered() -> None:
    found = fit_weights(sums(3e5), left_by_dose(K, DOSE, 300.0))
    assert np.abs(differences(found.scale) - differences(SCALE)).max() < 5 * found.scale_sigma.max()
    error = (differences(found.b_factor) - differences(B)) / found.b_sigma
    # twenty frames: the r.m.s. of normal deviates is within 0.5 and 1.5
    assert 0.5 < error.std() < 1.5
    assert found.b_sigma.max() < 12


def test_frames_that_say_nothing_follow_the_dose() -> None:
    left = left_by_dose(K, DOSE, 300.0)
    found = fit_weights(sums(1.0), left).at(K)
    want = left / np.sqrt((left**2).sum(0))
    # where the particles have power; exp(C + B k²/4) cannot follow damage further
    assert np.abs(found - want)[:, 8:30].max() < 0.05


def test_weights_keep_the_noise_of_one_frame_and_gain_signal() -> None:
    found = fit_weights(sums(3e5), left_by_dose(K, DOSE, 300.0))
    weights = found.at(K)
    np.testing.assert_allclose((weights**2).sum(0), 1.0)
    signal = np.exp(SCALE[:, None] + 0.25 * B[:, None] * K**2)
    best = np.sqrt((signal**2).sum(0))
    assert ((weights * signal).sum(0) > 0.995 * best)[:45].all()
    assert (signal.sum(0) / np.sqrt(20) < 0.95 * best)[50]


def test_any_shape_of_frequencies() -> None:
    two = FrameWeights(np.array([0.0, -0.5]), np.array([0.0, -100.0]), np.zeros(2), np.zeros(2))
    assert two.at(np.zeros((3, 4))).shape == (2, 3, 4)
    assert two.at(np.array(0.1))[1] / two.at(np.array(0.1))[0] == pytest.approx(np.exp(-0.5 - 0.25))
