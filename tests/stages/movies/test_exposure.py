from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.physics.dose import critical_exposure
from vitreous.stages.movies.exposure import TOLERANCE, WeightBasis, doses, frame_weights


def by_hand(k: float, dose: np.ndarray) -> np.ndarray:
    w = np.exp(-dose / (2 * (0.24499 * k**-1.6649 + 2.8141)))
    return w / np.sqrt((w**2).sum())


def test_critical_exposure_at_3_angstrom():
    assert float(critical_exposure(torch.tensor(1 / 3))) == pytest.approx(0.24499 * 3**1.6649 + 2.8141, rel=1e-6)
    assert float(critical_exposure(torch.tensor(1 / 3))) == pytest.approx(4.34, abs=0.005)


def test_doses_are_those_at_the_end_of_each_frame():
    np.testing.assert_allclose(doses(3, 1.5, 2.0), [3.5, 5.0, 6.5])


def test_weights_are_the_published_formula():
    dose = doses(12, 1.3, 4.0)
    k = np.array([0.02, 0.1, 0.25, 0.4])
    found = frame_weights(k, dose, 300.0)
    for column, value in enumerate(k):
        np.testing.assert_allclose(found[:, column], by_hand(value, dose), rtol=1e-10)


def test_signal_to_noise_gain_of_the_weights_is_that_of_the_matched_filter():
    # Signal decays as w, noise is white: Σ w_i s_i / √Σ w_i² = √Σ s_i² for s = w, against Σ s_i / √n unweighted.
    dose = doses(40, 1.0, 0.0)
    raw = np.exp(-dose / (2 * (0.24499 * 0.3**-1.6649 + 2.8141)))
    weights = frame_weights(np.array([0.3]), dose, 300.0)[:, 0]
    assert weights @ raw == pytest.approx(np.sqrt((raw**2).sum()), rel=1e-10)
    assert weights @ raw > 1.4 * raw.sum() / np.sqrt(len(raw))


@given(
    frames=st.integers(1, 60),
    per_frame=st.floats(0.05, 3.0),
    before=st.floats(0, 60),
    voltage=st.sampled_from([120.0, 200.0, 300.0]),
)
@settings(max_examples=20, deadline=None)
def test_few_sums_stand_for_all_weights(frames: int, per_frame: float, before: float, voltage: float):
    dose = doses(frames, per_frame, before)
    basis = WeightBasis.of(dose, voltage, 0.7)
    assert len(basis.mixing) <= 8
    exact = frame_weights(basis.k, dose, voltage)
    np.testing.assert_allclose(basis.mixing.T @ basis.curves, exact, atol=1.05 * TOLERANCE / np.sqrt(frames))
    np.testing.assert_allclose(basis.mixing.T @ basis.plain, 1.0, atol=1.05 * TOLERANCE)


def test_without_dose_one_sum_is_enough():
    basis = WeightBasis.of(np.zeros(8), 300.0, 0.5)
    assert basis.mixing.shape == (1, 8)
    np.testing.assert_allclose(basis.mixing[0] * basis.curves[0, 10], 8**-0.5)
