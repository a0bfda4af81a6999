from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.numerics.fourier import irfft2, rfft2, shift
from vitreous.stages.movies.interpolate import FRACTIONS, TAPS, TILE, add_frames, mean_gain, shift_filters, tile_centres


def band_limited(shape: tuple[int, int], highest: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spectrum = rfft2(torch.from_numpy(rng.normal(size=shape)))
    k = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1]))
    return irfft2(spectrum * torch.from_numpy(k < highest), shape).numpy().astype(np.float32)


def even_shifts(shape: tuple[int, int], by: np.ndarray) -> np.ndarray:
    y, x = tile_centres(shape)
    return np.broadcast_to(np.atleast_2d(by)[:, None, None], (len(np.atleast_2d(by)), len(y), len(x), 2)).astype(np.float64)


def moved(frames: np.ndarray, by: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    out = np.zeros((1, *frames.shape[1:]), dtype=np.float32)
    weights = np.ones((1, len(frames))) if weights is None else weights
    add_frames(frames, np.ones(frames.shape[1:], np.float32), even_shifts(frames.shape[1:], by), weights, out)
    return out[0]


def test_filters_keep_a_constant_and_whole_pixels():
    np.testing.assert_allclose(shift_filters().sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(shift_filters()[0], np.eye(TAPS)[3], atol=1e-5)


@given(dx=st.integers(-40, 40), dy=st.integers(-40, 40), height=st.integers(64, 130), width=st.integers(64, 130))
@settings(max_examples=15, deadline=None)
def test_a_shift_by_whole_pixels_moves_counts_unchanged(dx: int, dy: int, height: int, width: int):
    frame = np.random.default_rng(0).poisson(2.0, (1, height, width)).astype(np.uint8)
    found = moved(frame, np.array([dx, dy]))
    ys, xs = np.arange(max(0, dy), min(height, height + dy)), np.arange(max(0, dx), min(width, width + dx))
    np.testing.assert_allclose(found[np.ix_(ys, xs)], frame[0][np.ix_(ys - dy, xs - dx)], atol=2e-4)


@pytest.mark.parametrize("by", [(0.5, -0.25), (3.3, 7.81), (-12.47, 0.02)])
def test_a_shift_agrees_with_the_exact_one_below_the_pass_band(by: tuple[float, float]):
    image = band_limited((160, 192), 0.38, 1)
    exact = shift(torch.from_numpy(image), torch.tensor(by)).numpy()
    found = moved(image[None], np.array(by))
    inner = np.s_[24:-24, 24:-24]
    # Steps of 1/256 pixel leave at most 2π 0.38 / 512 = 0.005 of the amplitude;
    # the ripple of eight taps near 0.38 is about 0.015.
    assert np.abs(found - exact)[inner].std() < 0.02 * image.std()


def test_mean_gain_is_what_white_noise_keeps():
    rng = np.random.default_rng(2)
    shape, frames = (256, 256), 12
    noise = rng.normal(size=(frames, *shape)).astype(np.float32)
    by = rng.uniform(-3, 3, (frames, 2))
    out = np.zeros((1, *shape), dtype=np.float32)
    used = add_frames(noise, np.ones(shape, np.float32), even_shifts(shape, by), np.ones((1, frames)), out)
    assert used.sum() == 2 * frames * (256 // TILE) ** 2
    power = (rfft2(torch.from_numpy(out[0])).abs() ** 2).numpy() / (frames * out[0].size)
    gain = mean_gain(used[1], np.fft.fftfreq(256))[:, None] * mean_gain(used[0], np.fft.rfftfreq(256))
    restored = power / gain**2
    for low, high in [(0.0, 0.2), (0.2, 0.35), (0.35, 0.45)]:
        k = np.maximum(np.abs(np.fft.fftfreq(256))[:, None], np.fft.rfftfreq(256))
        ring = (k >= low) & (k < high)
        # Power of noise scatters by 1/√modes; different frames' gains add up to the mean within a few per cent.
        assert restored[ring].mean() == pytest.approx(1.0, abs=0.05 + 3 / np.sqrt(ring.sum()))
    assert power[(k > 0.45)].mean() < 0.8, "the filters do lose the highest frequencies: the gain has work to do"


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int16, np.float32])
def test_the_stored_type_does_not_matter(dtype: type):
    frames = np.random.default_rng(3).poisson(3.0, (2, 70, 65)).astype(np.uint8)
    by = np.array([[0.4, -0.3], [1.7, 0.2]])
    np.testing.assert_array_equal(moved(frames, by), moved(frames.astype(dtype), by))


def test_frames_may_come_in_several_runs_with_several_weights():
    rng = np.random.default_rng(4)
    frames = rng.poisson(3.0, (5, 96, 80)).astype(np.uint8)
    gain = rng.uniform(0.8, 1.2, (96, 80)).astype(np.float32)
    by, weights = rng.normal(0, 2, (5, 2)), rng.normal(size=(3, 5))
    shifts = even_shifts((96, 80), by)
    whole, parts = np.zeros((2, 3, 96, 80), dtype=np.float32)
    add_frames(frames, gain, shifts, weights, whole)
    add_frames(frames[:2], gain, shifts[:2], weights[:, :2], parts)
    add_frames(frames[2:], gain, shifts[2:], weights[:, 2:], parts)
    np.testing.assert_allclose(whole, parts, atol=1e-5)
    single = np.stack([moved((f * gain)[None].astype(np.float32), s) for f, s in zip(frames, by)])
    np.testing.assert_allclose(whole, np.einsum("qi,iyx->qyx", weights, single), atol=2e-5)


def test_beyond_the_edge_lies_the_mirror_image():
    frame = np.random.default_rng(5).normal(size=(1, 64, 64)).astype(np.float32)
    found = moved(frame, np.array([5.0, 0.0]))
    np.testing.assert_allclose(found[:, :5], frame[0][:, 4::-1], atol=1e-4)


def test_filters_are_told_apart_finely_enough():
    assert 1 / FRACTIONS / np.sqrt(12) < 0.002, "rounding the shift costs less than 0.002 pixels"
