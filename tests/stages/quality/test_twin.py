"""Second exposures made by adding a shifted copy, and what only looks like one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.stages.quality.tiles import tile_spectra
from vitreous.stages.quality.twin import twin

PIXEL, SIDE = 1.2, 768


def specimen(seed: int) -> np.ndarray:
    """Random detail whose amplitude falls as that of ice with particles does, as strong as the noise near 16 Å."""
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE, PIXEL), np.fft.fftfreq(SIDE, PIXEL)))
    white = np.random.default_rng(seed).standard_normal((SIDE, SIDE))
    return np.fft.ifft2(np.fft.fft2(white) * 8 * np.exp(-k / 0.03)).real


def seen(detail: np.ndarray, seed: int = 7) -> tuple[float, float]:
    noisy = detail + np.random.default_rng(seed).standard_normal((SIDE, SIDE))
    return twin(tile_spectra(torch.from_numpy(noisy.astype(np.float32)), PIXEL))


@pytest.mark.parametrize(("down", "right"), [(25, 17), (0, 30), (-40, 12)])
def test_a_second_exposure_is_seen_at_its_distance(down: int, right: int):
    detail = specimen(1)
    share, distance = seen(0.5 * (detail + np.roll(detail, (down, right), (0, 1))))
    # what lies 36 to 50 Å apart is tapered in tiles of 154 Å; the limit of the rule is 0.4
    assert 0.4 < share < 1.1
    assert distance == pytest.approx(PIXEL * math.hypot(down, right), abs=3)


def test_a_weaker_second_exposure_weighs_less():
    """Amplitudes 1 and a leave the share 2a / (1 + a²) of what equal ones do: 0.47 for a quarter."""
    detail = specimen(2)
    equal, weak = (seen((detail + a * np.roll(detail, 30, 1)) / math.hypot(1, a))[0] for a in (1.0, 0.25))
    assert weak / equal == pytest.approx(0.47, abs=0.12)


def test_one_exposure_noise_alone_and_a_smear_are_no_twins():
    assert seen(specimen(3))[0] == 0
    assert seen(np.zeros((SIDE, SIDE)))[0] == 0
    smeared = np.mean([np.roll(specimen(4), shift, 1) for shift in range(16)], axis=0)
    assert seen(smeared)[0] < 0.4


def test_too_coarse_pixels_tell_nothing():
    noise = torch.randn((256, 256), generator=torch.Generator().manual_seed(1))
    assert twin(tile_spectra(noise, 40.0))[0] == 0
