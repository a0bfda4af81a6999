from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.stages.movies.ascent import Frequencies, shifted_sum, slopes
from vitreous.stages.movies.signal import high_pass, ring_power, separate

SHAPE, COUNT = (96, 90), 10


def frames_with(amplitude: float, seed: int) -> torch.Tensor:
    """White noise of power 1 and a shared signal of power amplitude² / (1 + (k / 0.1)²), transforms per √pixel."""
    rng = np.random.default_rng(seed)
    k = np.hypot(np.fft.fftfreq(SHAPE[0])[:, None], np.fft.rfftfreq(SHAPE[1]))
    signal = rfft2(torch.from_numpy(rng.normal(size=SHAPE))) * torch.from_numpy(amplitude / np.sqrt(1 + (k / 0.1) ** 2))
    return torch.stack([signal + rfft2(torch.from_numpy(rng.normal(size=SHAPE))) for _ in range(COUNT)])


def found_in(spectra: torch.Tensor):
    single = ring_power(sum(s.abs() ** 2 for s in spectra) / COUNT, SHAPE)
    return separate(single, ring_power(spectra.sum(dim=0).abs() ** 2, SHAPE), COUNT, SHAPE)


@pytest.mark.parametrize("amplitude", [0.3, 2.0])
def test_signal_and_noise_are_told_apart(amplitude: float):
    ratios = [found_in(frames_with(amplitude, seed)) for seed in range(8)]
    k = ratios[0].frequency
    expected = amplitude**2 / (1 + (k / 0.1) ** 2)
    mean = np.mean([r.ratio for r in ratios], axis=0)
    band = slice(6, 40)
    # Five rings of a hundred modes each, eight times: the ratio of strong signal is good to 1 / √2000 and the smoothing bias.
    np.testing.assert_allclose(mean[band], expected[band], rtol=0.15, atol=0.01)
    np.testing.assert_allclose(np.mean([r.noise for r in ratios], axis=0)[band], 1.0, atol=0.05)


def test_noise_alone_has_next_to_no_signal():
    assert np.mean(found_in(frames_with(0.0, 3)).ratio) < 0.01


def test_sums_of_frames_have_more_signal_and_noise():
    snr = found_in(frames_with(1.0, 0))
    np.testing.assert_allclose(snr.of_sums(3.0).ratio, 3 * snr.ratio)


def test_high_pass_is_one_half_at_the_cutoff():
    np.testing.assert_allclose(high_pass(np.array([0.0, 0.01, 1.0]), 0.01), [0.0, 0.5, 1.0])


def test_slopes_are_the_gradient_of_the_likelihood():
    rng = np.random.default_rng(5)
    grid = Frequencies.up_to((48, 40), 0.3)
    values = rng.normal(size=(2, 4, len(grid.ky), len(grid.kx)))
    spectra = (values[0] + 1j * values[1]).astype(np.complex64)
    weight, shifts = (grid.share * rng.uniform(size=grid.share.shape)).astype(np.float32), rng.normal(size=(4, 2))

    def likelihood(s: np.ndarray) -> float:
        phase = np.exp(-2j * np.pi * (s[:, 1, None, None] * grid.ky[:, None] + s[:, 0, None, None] * grid.kx))
        return float((weight * np.abs((spectra.astype(complex) * phase).sum(axis=0)) ** 2).sum())

    along, rows = grid.phases(shifts), np.arange(len(grid.ky))
    found = slopes(spectra, rows, *along, shifted_sum(spectra, rows, *along), weight, grid.ky, grid.kx)
    step = 1e-5
    for i in range(4):
        for axis in range(2):
            up, down = shifts.copy(), shifts.copy()
            up[i, axis] += step
            down[i, axis] -= step
            # float32 sums of about 300 terms.
            assert found[i, axis] == pytest.approx((likelihood(up) - likelihood(down)) / (2 * step), rel=1e-3, abs=0.5)


def test_curvature_predicts_the_error_of_a_shift():
    # Known spectra: steps from the truth scatter by 1 / √curvature.
    rng = np.random.default_rng(6)
    shape, count, ratio = (64, 64), 6, 0.05
    grid = Frequencies.up_to(shape, 0.4)
    flat = np.full(grid.share.shape, ratio)
    weight = grid.share * flat / (1 + count * flat)
    curvature = grid.curvature(weight, flat, count)
    steps = []
    for _ in range(60):
        signal = np.sqrt(ratio) * rng.normal(size=shape)
        full = rfft2(torch.from_numpy(signal + rng.normal(size=(count, *shape)))).numpy() / 64
        spectra = full[:, grid.rows, : len(grid.kx)].astype(np.complex64)
        along, rows = grid.phases(np.zeros((count, 2))), np.arange(len(grid.ky))
        slope = slopes(spectra, rows, *along, shifted_sum(spectra, rows, *along), weight.astype(np.float32), grid.ky, grid.kx)
        steps.append(slope / curvature)
    # 720 values: their spread is good to 3 %; the mean over the frames is not determined, which takes 1 / count away.
    assert np.std(steps) * np.sqrt(curvature.mean()) == pytest.approx(1.0, abs=0.12)


def test_a_half_transform_cut_to_all_frequencies_is_whole_for_odd_sizes():
    image = np.random.default_rng(7).normal(size=(33, 35))
    grid = Frequencies.up_to((33, 35), 0.5)
    spectrum = rfft2(torch.from_numpy(image))
    assert len(grid.ky) == 33
    assert len(grid.kx) == 18
    np.testing.assert_allclose(irfft2(spectrum, (33, 35)).numpy(), image, atol=1e-12)
