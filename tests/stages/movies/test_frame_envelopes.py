"""Scale and B-factor of every frame: planted in transforms with rings and noise, and found within the errors foretold."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.frame_envelopes import FrameEnvelopes, aligned_spectra, frame_envelopes
from vitreous.stages.movies.frames import ArrayFrames, read_stack

SIZE, PIXEL, FRAMES = 384, 2.0, 20
C = -0.02 * np.arange(FRAMES)
B = np.concatenate([[180.0, 90.0, 40.0], np.zeros(FRAMES - 3)]) + 4 * np.arange(FRAMES)


def planted(seed: int, signal: float) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    k = np.hypot(np.fft.fftfreq(SIZE, PIXEL)[:, None], np.fft.rfftfreq(SIZE, PIXEL))
    seen = signal * np.fft.rfft2(rng.normal(size=(SIZE, SIZE))) * np.exp(-30 * k**2) * np.sin(1200 * k**2)
    return torch.from_numpy(np.array([
        seen * np.exp(c - b * k**2 / 4) + np.fft.rfft2(rng.normal(size=(SIZE, SIZE))) for c, b in zip(C, B)
    ], dtype=np.complex64))  # fmt: skip


@pytest.mark.parametrize("signal", [2.0, 0.5])
def test_planted_envelopes_are_found_within_their_errors(signal: float):
    found = frame_envelopes(planted(0, signal), (SIZE, SIZE), PIXEL, 400.0)
    # 20 squares of z: their root mean square lies within 1 ± 3 / √40.
    for value, true, error in ((found.b_factor, B, found.b_error), (found.scale, C, found.scale_error)):
        z = (value - (true - true.mean())) / error
        assert 0.4 < np.sqrt((z**2).mean()) < 1.6
    assert found.b_error.max() < 40


def test_worse_first_frames_are_told_from_damage():
    assert frame_envelopes(planted(1, 2.0), (SIZE, SIZE), PIXEL, 400.0).early_frames_are_worse(3)
    only_damage = planted(1, 2.0).flip(0)
    assert not frame_envelopes(only_damage, (SIZE, SIZE), PIXEL, 400.0).early_frames_are_worse(3)


def test_noise_alone_says_nothing():
    rng = np.random.default_rng(3)
    noise = torch.from_numpy(np.fft.rfft2(rng.normal(size=(8, 128, 128))).astype(np.complex64))
    found = frame_envelopes(noise, (128, 128), PIXEL, 200.0)
    assert not found.early_frames_are_worse(2)
    assert np.abs(found.b_factor).max() < 3000, "held by the prior"
    assert np.isfinite(found.b_error).all()


def test_early_loss_is_a_difference_of_means():
    even = np.full(8, 2.0)
    loss, error = FrameEnvelopes(even, np.array([90.0, 70, 10, 10, 0, 0, 0, 0]), even, even).early_loss(2)
    assert loss == pytest.approx(70)
    assert error == pytest.approx(2.0)


def test_frames_are_brought_together_by_the_field():
    rng = np.random.default_rng(4)
    scene = rng.poisson(4.0, (160, 160)).astype(np.float32)
    frames = np.stack([scene, np.roll(scene, (3, -5), axis=(0, 1))])
    stack, *_ = read_stack(ArrayFrames(frames), 1 << 20)
    field = ShiftField((160, 160), np.array([[0.0, 0.0], [5.0, -3.0]])[:, None, None, :])
    spectra, shape = aligned_spectra(stack, np.ones((160, 160), np.float32), field, 1)
    assert shape == (160, 160)
    # All but the borders that came from outside the frame are the same.
    assert float((spectra[0] * spectra[1].conj()).real.sum() / (spectra[0].abs() ** 2).sum()) > 0.85
