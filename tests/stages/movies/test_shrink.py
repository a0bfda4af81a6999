from __future__ import annotations

import numpy as np
import pytest

from vitreous.stages.movies.shrink import decimation_filter, shrink


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
def test_a_constant_stays(factor: int):
    frame = np.full((101, 120), 3, dtype=np.uint8)
    small = shrink(frame, np.full(frame.shape, 0.5, np.float32), factor)
    assert small.shape == (101 // factor, 120 // factor)
    np.testing.assert_allclose(small, 1.5, rtol=1e-5)
    assert decimation_filter(factor).sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_slow_wave_keeps_its_place_and_height(factor: int):
    y, x = np.mgrid[:160, :200]
    wave = lambda y, x: np.cos(2 * np.pi * (0.07 * x - 0.05 * y) / factor * 2 + 0.3)  # noqa: E731
    small = shrink(wave(y, x).astype(np.float32), np.ones((160, 200), np.float32), factor)
    rows, columns = ((np.arange(n) + 0.5) * factor - 0.5 for n in small.shape)
    inner = np.s_[4:-4, 4:-4]
    found, expected = small[inner].ravel(), wave(rows[:, None], columns)[inner].ravel()
    # The short filter takes a few per cent of this frequency, but must not move it: a tenth of a small pixel leaves 0.994.
    assert found @ expected / (expected @ expected) == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(found, expected)[0, 1] > 0.9999


def test_what_would_alias_is_damped():
    x = np.arange(256)
    fast = np.broadcast_to(np.cos(2 * np.pi * 0.24 * x), (64, 256)).astype(np.float32)
    assert shrink(fast, np.ones_like(fast), 4).std() < 0.1 * fast.std()
    assert fast.reshape(64, 64, 4).mean(axis=2).std() > 0.02 * fast.std(), "a plain mean lets it through"


def test_gain_is_multiplied():
    rng = np.random.default_rng(0)
    frame, gain = rng.poisson(4.0, (64, 64)).astype(np.uint16), rng.uniform(0.5, 2.0, (64, 64)).astype(np.float32)
    np.testing.assert_allclose(shrink(frame, gain, 1), frame * gain, rtol=1e-6)
