"""Sampled transforms against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.learning.sampled import back, places, transform


@pytest.mark.parametrize("size", [96, 97])
def test_a_moved_gaussian_has_the_transform_of_the_textbook(size: int):
    """exp(−π(x − 1)²) ↔ exp(−πu²) exp(−2πiu); steps of 0.1 over 9.6: both errors are below exp(−π 3.8²) = 2e-20."""
    x = places(size, 0.1)
    u, found = transform(np.exp(-np.pi * (x - 1) ** 2), 0.1)
    np.testing.assert_allclose(found, np.exp(-np.pi * u**2 - 2j * np.pi * u), atol=1e-14)
    assert u[size // 2] == 0.0
    assert np.diff(u) == pytest.approx(1 / (size * 0.1))


@pytest.mark.parametrize("size", [8, 9])
def test_back_undoes_it(size: int):
    values = np.random.default_rng(1).normal(size=size)
    np.testing.assert_allclose(back(transform(values, 0.3)[1], 0.3), values, atol=1e-14)


def test_inputs_that_are_no_samples():
    for call in (lambda: transform(np.zeros((2, 2)), 1.0), lambda: transform([1.0], 0.0), lambda: back([], 1.0), lambda: places(4, -1.0)):
        with pytest.raises(InputError):
            call()
