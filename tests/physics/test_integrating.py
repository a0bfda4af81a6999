"""The integrating detector, measured as detectors are: from flat images and from an edge."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.physics.integrating import IntegratingDetector, integrate

CAMERA = IntegratingDetector(conversion=8.0, signal_width=0.55, noise_width=0.35, readout=6.0)
N, ELECTRONS = 512, 40.0


def width(k2: np.ndarray, w: float) -> np.ndarray:
    return np.exp(-2 * np.pi**2 * w**2 * k2)


def squares() -> np.ndarray:
    return np.fft.fftfreq(N)[:, None] ** 2 + np.fft.fftfreq(N) ** 2


def rings(values: np.ndarray, count: int = 16) -> np.ndarray:
    """Mean over rings of k up to 0.5 cycles a pixel."""
    ring = np.minimum((np.sqrt(squares()) / 0.5 * count).astype(int), count)
    return np.bincount(ring.ravel(), values.ravel())[:count] / np.bincount(ring.ravel())[:count]


def flats(count: int = 6) -> np.ndarray:
    chance = np.random.default_rng(0)
    return np.stack([integrate(torch.full((N, N), ELECTRONS), CAMERA, chance).double().numpy() for _ in range(count)])


def test_a_flat_image_has_the_power_of_the_noise_transfer():
    """C² n NTF² + readout²; a ring of m coefficients of six images is known to 1 / √6m."""
    images = flats()
    power = np.mean([np.abs(np.fft.fft2(image - image.mean())) ** 2 for image in images], 0) / N**2
    want = 64 * ELECTRONS * width(squares(), 0.35) ** 2 + 36
    assert rings(power)[1:] == pytest.approx(rings(want)[1:], rel=0.03)
    assert images.mean() == pytest.approx(8 * ELECTRONS, rel=1e-3)


def test_dqe_measured_from_an_edge_and_flat_images_is_the_one_put_in():
    """MTF from the transform of a soft-edged shadow over that of the shadow, NNPS from flats: DQE = MTF² C² n / NPS, to 2 %."""
    chance = np.random.default_rng(1)
    x = np.arange(N) - N / 2 + 0.5
    shadow = np.tile(np.where(np.abs(x) < N / 4, 1.0, 0.5), (N, 1))  # half the field; both edges of it at pixel borders
    images = sum(integrate(torch.from_numpy(2000 * shadow), CAMERA, chance).double().numpy() for _ in range(20))
    seen, true = np.fft.fft(images.sum(0)), np.fft.fft(20 * 2000 * 8 * N * shadow[0])
    k = np.fft.fftfreq(N)
    some = (np.abs(true) > 0.25 * np.abs(true[1]) / np.maximum(np.abs(k) * N, 1)) & (k > 0) & (k < 0.3)
    fit = np.polyfit(k[some] ** 2, np.log(np.abs(seen[some] / true[some])), 1, w=np.abs(true[some]))
    mtf = np.exp(fit[0] * squares())
    power = np.mean([np.abs(np.fft.fft2(image - image.mean())) ** 2 for image in flats()], 0) / N**2
    measured = rings(mtf**2)[1:] * 64 * ELECTRONS / rings(power)[1:]
    want = rings(CAMERA.dqe(torch.from_numpy(squares()), ELECTRONS).numpy())[1:]
    assert measured == pytest.approx(want, abs=0.02)


def test_noise_of_neighbours_correlates_over_the_spread_alone():
    """FT⁻¹ NTF² of width 0.35 pixel: exp(−1 / 4w²) of the blurred part one pixel aside, next to nothing at four."""
    images = flats()
    noise = images - images.mean((1, 2), keepdims=True)
    beside, far = ((noise * np.roll(noise, by, 2)).mean() / (noise**2).mean() for by in (1, 4))
    spectrum = 64 * ELECTRONS * width(squares(), 0.35) ** 2 + 36
    want = np.fft.ifft2(spectrum).real[0] / np.fft.ifft2(spectrum).real[0, 0]
    assert beside == pytest.approx(want[1], abs=0.005)
    assert far == pytest.approx(want[4], abs=0.003)
    assert want[1] > 0.05


def test_values_out_of_range_are_refused():
    with pytest.raises(InputError, match="noise_width must be from 0 to the signal's"):
        IntegratingDetector(signal_width=0.3, noise_width=0.5)
    with pytest.raises(InputError, match="conversion must be positive"):
        IntegratingDetector(conversion=0.0)
    with pytest.raises(InputError, match="readout must be 0 or more"):
        IntegratingDetector(readout=-1.0)
