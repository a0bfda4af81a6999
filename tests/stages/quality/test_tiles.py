"""Directions, ice and bands of power, planted in noise by filters that the code does not share."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.stages.quality.tiles import (
    COARSE,
    FEW,
    RINGS,
    bragg_spots,
    direction,
    ice_line,
    strongest_sixth,
    tile_spectra,
)

PIXEL = 1.2
SIDE = 768


def k_grid(side: int = SIDE, pixel: float = PIXEL) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.fft.fftfreq(side, pixel), np.fft.fftfreq(side, pixel))


def filtered(seed: int, gain: np.ndarray) -> torch.Tensor:
    """White noise of variance 1 whose spectrum is multiplied by ``gain`` (full grid)."""
    noise = np.random.default_rng(seed).standard_normal(gain.shape)
    return torch.from_numpy(np.fft.ifft2(np.fft.fft2(noise) * gain).real.astype(np.float32))


def specimen_gain() -> np.ndarray:
    """Three times the noise's amplitude at 60 Å, as much as it at 20 Å."""
    kx, ky = k_grid()
    return 3.5 * np.exp(-np.hypot(kx, ky) / 0.04)


@pytest.fixture(scope="module")
def noise() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32))


def test_noise_has_no_direction_no_ice_and_the_same_power_everywhere(noise: torch.Tensor):
    tiles = tile_spectra(noise, PIXEL)
    assert math.isnan(direction(tiles).loss)
    assert math.isnan(direction(tiles).smear)
    assert bragg_spots(tiles)[0] == 0
    assert abs(ice_line(tiles)) < 0.05  # 36 tiles × some hundred bins: 2 %
    assert tiles.ratio(*RINGS).median() == pytest.approx(1, abs=0.02)
    assert tiles.ratio(*COARSE).median() == pytest.approx(1, abs=0.15)


def test_a_specimen_in_few_tiles_is_not_lost(noise: torch.Tensor):
    """Detail in 4 of 36 tiles: the median of them does not know, the strongest sixth does, and so do directions."""
    corner = torch.zeros((SIDE, SIDE))
    corner[: SIDE // 3, : SIDE // 3] = 1
    tiles = tile_spectra(4 * filtered(1, specimen_gain() * np.sinc(k_grid()[0] * 40)) * corner + noise, PIXEL)
    assert tiles.ratio(*COARSE).median() == pytest.approx(1, abs=0.2)
    assert strongest_sixth(tiles.ratio(*COARSE)) > 2
    assert strongest_sixth(tile_spectra(noise, PIXEL).ratio(*COARSE)) < 1.9  # 24 simulated empty ones gave 1.3 to 1.85
    assert direction(tiles).loss > 2
    assert float(tiles.levelled().sum()) == pytest.approx(float(tiles.typical().sum()), rel=0.3)


def test_larger_tiles_tell_a_narrow_ring_better(noise: torch.Tensor):
    k = np.hypot(*k_grid())
    ring = filtered(5, np.sqrt(1 + 0.5 * (np.abs(k - 1 / 3.67) < 0.003)))
    small, large = (ice_line(tile_spectra(ring, PIXEL, least)) for least in (6, FEW))
    assert large > 1.3 * small > 0.05


def test_scale_and_offset_do_not_matter(noise: torch.Tensor):
    one, other = (tile_spectra(image, PIXEL) for image in (noise, 1e-4 * noise + 3))
    assert torch.allclose(one.ratio(*RINGS), other.ratio(*RINGS), rtol=1e-2)


@pytest.mark.parametrize(("length", "turn"), [(12.0, 0.0), (12.0, 70.0), (16.0, 140.0)])
def test_a_smear_is_measured_and_its_direction(noise: torch.Tensor, length: float, turn: float):
    kx, ky = k_grid()
    along = kx * math.cos(math.radians(turn)) + ky * math.sin(math.radians(turn))
    seen = direction(tile_spectra(filtered(1, specimen_gain() * np.sinc(along * length)) + noise, PIXEL))
    assert seen.smear == pytest.approx(length, rel=0.3)  # the first term of a series, and the noise of some hundred bins
    assert abs((seen.axis_deg - turn + 90) % 180 - 90) < 15
    assert seen.loss > 1.3
    still = direction(tile_spectra(filtered(1, specimen_gain()) + noise, PIXEL))
    assert still.smear < 7
    assert still.loss < 1.3


def test_a_drift_of_many_pixels_leaves_one_direction(noise: torch.Tensor):
    kx, _ = k_grid()
    seen = direction(tile_spectra(filtered(2, specimen_gain() * np.sinc(kx * 60)) + noise, PIXEL))
    assert seen.loss > 3.1
    assert abs((seen.axis_deg + 90) % 180 - 90) < 5


@pytest.mark.parametrize("spacing", [3.67, 3.90, 3.44])
def test_a_powder_ring_is_measured_and_the_hump_of_vitreous_ice_is_none(noise: torch.Tensor, spacing: float):
    kx, ky = k_grid()
    away = np.abs(np.hypot(kx, ky) - 1 / spacing)
    ring = ice_line(tile_spectra(filtered(3, np.sqrt(1 + 0.5 * (away < 0.006))), PIXEL))
    assert 0.25 < ring < 0.5  # tiles of 154 Å spread a ring of 0.012 Å⁻¹ over twice its width
    hump = ice_line(tile_spectra(filtered(3, np.sqrt(1 + 0.5 * np.exp(-0.5 * (away / 0.035) ** 2))), PIXEL))
    assert abs(hump) < 0.1  # below the limit of 0.12: the tiles are small and the hump is as high


def test_spots_of_a_crystal_are_found_where_it_lies(noise: torch.Tensor):
    y, x = np.mgrid[:SIDE, :SIDE] * PIXEL
    wave = np.cos(2 * np.pi * (0.8 * x + 0.6 * y) / 3.67) * (x < SIDE * PIXEL / 3)
    share = bragg_spots(tile_spectra(noise + 0.4 * torch.from_numpy(wave).float(), PIXEL))
    assert share[0] == 12  # two of six columns of tiles
    assert share[1] > 2
    elsewhere = np.cos(2 * np.pi * (0.8 * x + 0.6 * y) / 6.0)
    assert bragg_spots(tile_spectra(noise + 0.4 * torch.from_numpy(elsewhere).float(), PIXEL))[0] == 0


def test_the_limit_for_spots_raises_no_alarm_on_noise():
    chance = np.random.default_rng(4)
    images = (torch.from_numpy(chance.standard_normal((384, 384)).astype(np.float32)) for _ in range(60))
    assert sum(bragg_spots(tile_spectra(image, PIXEL), chance=1e-3)[0] for image in images) <= 1


def test_pixels_too_coarse_for_ice_say_so(noise: torch.Tensor):
    tiles = tile_spectra(noise, 2.8)
    assert math.isnan(ice_line(tiles))
    assert bragg_spots(tiles)[0] == 0
    assert math.isnan(bragg_spots(tiles)[1])
    assert torch.isnan(tile_spectra(noise, 30.0).ratio(*RINGS)).all()


@pytest.mark.parametrize("shape", [(128, 128), (128, 301), (517, 260)])
def test_any_shape_is_cut_into_tiles(shape: tuple[int, int]):
    tiles = tile_spectra(torch.randn(shape, generator=torch.Generator().manual_seed(1)), 1.0)
    assert min(tiles.power.shape[:2]) >= 3
    assert torch.isfinite(tiles.power).all()
