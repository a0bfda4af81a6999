"""Counting: Poisson before the gain, flat after it, defects where they were put."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.physics.detector import Detector, aperture, count, detector


def perfect(shape: tuple[int, int]) -> Detector:
    return Detector(np.ones(shape, np.float32), np.zeros((0, 2), np.int64))


@pytest.mark.parametrize("mean", [0.8, 12.0, 40.0])
def test_variance_equals_mean_and_noise_is_white(mean):
    shape = (400, 400)
    counts = count(np.full(shape, mean, np.float32), perfect(shape), np.random.default_rng(1)).astype(float)
    n = counts.size
    # standard error of a Poisson variance over n pixels: mean √((2 + 1/mean) / n)
    assert abs(counts.var() - counts.mean()) < 4 * mean * np.sqrt((2 + 1 / mean) / n)
    assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / n)
    centred = counts - counts.mean()
    neighbours = (centred[:, 1:] * centred[:, :-1]).mean() / centred.var()
    assert abs(neighbours) < 4 / np.sqrt(n)


def test_gain_flattens_a_flat_field():
    camera = detector((96, 96), np.random.default_rng(3), spread=0.05, dead=5, hot=4)
    frames = np.stack([count(np.full((96, 96), 20.0, np.float32), camera, c) for c in np.random.default_rng(4).spawn(150)])
    mean = frames.mean(0) * camera.gain
    good = camera.gain > 0
    good[camera.hot[:, 1], camera.hot[:, 0]] = False
    assert (camera.gain == 0).sum() == 5
    assert frames[:, camera.gain == 0].max() == 0
    # what is left is counting noise, √(20 / 150) = 0.37 times √gain; before it, the 5 % pattern twice over: 1.4
    assert mean[good].std() < 0.41
    assert frames.mean(0)[good].std() > 1.2
    assert mean[good].mean() == pytest.approx(20.0, abs=0.05)
    assert (frames.mean(0)[camera.hot[:, 1], camera.hot[:, 0]] > 60).all()


def test_counts_do_not_depend_on_the_number_of_threads(monkeypatch):
    expected = np.random.default_rng(0).uniform(5, 30, (600, 64)).astype(np.float32)
    results = []
    for n in (1, 3):
        monkeypatch.setattr("vitreous.physics.detector.threads", lambda n=n: n)
        results.append(count(expected, perfect((600, 64)), np.random.default_rng(9)))
    assert (results[0] == results[1]).all()


def test_counts_saturate_at_8_bits():
    assert count(np.full((8, 8), 1e4, np.float32), perfect((8, 8)), np.random.default_rng(0)).min() == 255


def test_aperture_is_the_transform_of_a_square_pixel():
    """Averaging over a pixel's width damps a wave of frequency k (cycles a pixel) by sin πk / πk: 2/π at Nyquist."""
    transfer = aperture((32, 30))
    assert transfer.shape == (32, 16)
    assert float(transfer[0, 0]) == 1.0
    assert float(transfer[16, 0]) == pytest.approx(2 / np.pi, rel=1e-5)
    assert torch.allclose(transfer[16, 15], torch.tensor((2 / np.pi) ** 2), rtol=1e-5)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="expected must be of the detector's shape"):
        count(np.ones((4, 4), np.float32), perfect((4, 5)), np.random.default_rng(0))
    with pytest.raises(InputError, match=r"spread must be from 0 to 0\.2"):
        detector((8, 8), np.random.default_rng(0), spread=0.5)
