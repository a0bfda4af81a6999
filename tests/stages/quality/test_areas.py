"""Lumps and film planted where they are known to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.stages.quality.areas import apart, carbon, contamination, split_by_line, spread_out
from vitreous.stages.quality.pattern import fixed_pattern, pixel_values
from vitreous.stages.quality.tiles import tile_spectra

SMALL, PIXEL = 200, 10.0


def discs(radius: float, places: list[tuple[float, float]]) -> np.ndarray:
    y, x = np.mgrid[:SMALL, :SMALL]
    return np.any([np.hypot(x - px, y - py) < radius for px, py in places], axis=0)


def scene(mask: np.ndarray, depth: float, seed: int = 0) -> torch.Tensor:
    noise = np.random.default_rng(seed).standard_normal((SMALL, SMALL))
    return torch.from_numpy((100 + noise - depth * mask).astype(np.float32))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_lumps_are_found_where_they_are():
    lumps = discs(18, [(50, 60), (198, 150)])
    assert overlap(contamination(scene(lumps, 4.0), PIXEL), lumps) > 0.85


def test_particles_noise_bright_holes_and_a_slope_are_no_contamination():
    chance = np.random.default_rng(1)
    particles = discs(5, list(map(tuple, chance.uniform(10, 190, (40, 2)))))
    assert not contamination(scene(particles, 2.0), PIXEL).any()
    assert not contamination(scene(np.zeros((SMALL, SMALL), bool), 0.0), PIXEL).any()
    assert not contamination(scene(discs(20, [(100, 100)]), -5.0), PIXEL).any()
    slope = scene(np.zeros((SMALL, SMALL), bool), 0.0) + 10 * torch.linspace(0, 1, SMALL)
    assert not contamination(slope, PIXEL).any()


def test_a_larger_particle_asks_for_larger_lumps():
    lumps = discs(15, [(60, 60)])
    assert contamination(scene(lumps, 4.0), PIXEL, lump=200.0).any()
    assert not contamination(scene(lumps, 4.0), PIXEL, lump=600.0).any()


def film(cover: np.ndarray, seed: int = 0) -> torch.Tensor:
    """Noise, and where ``cover`` is, as much again between 12 and 4.5 Å at 1.3 Å a pixel."""
    chance = np.random.default_rng(seed)
    kx, ky = np.meshgrid(np.fft.fftfreq(768, 1.3), np.fft.fftfreq(768, 1.3))
    k = np.hypot(kx, ky)
    grain = np.fft.ifft2(np.fft.fft2(chance.standard_normal((768, 768))) * ((k > 1 / 12) & (k < 1 / 4.5))).real
    return torch.from_numpy((chance.standard_normal((768, 768)) + cover * grain).astype(np.float32))


@pytest.mark.parametrize(("turn", "share"), [(0, 0.33), (40, 0.5), (200, 0.2)])
def test_film_beyond_an_edge_is_carbon(turn: float, share: float):
    y, x = np.mgrid[:768, :768] - 384.0
    along = x * math.cos(math.radians(turn)) + y * math.sin(math.radians(turn))
    cover = along > np.quantile(along, 1 - share)
    tiles, step = carbon(tile_spectra(film(cover), 1.3))
    assert overlap(spread_out(tiles, (768, 768)), cover) > 0.6  # six tiles along a side: the edge is that coarse
    assert step > 3


def test_even_film_and_film_in_scattered_places_are_no_edge():
    assert not carbon(tile_spectra(film(np.ones((768, 768))), 1.3))[0].any()
    assert not carbon(tile_spectra(film(np.zeros((768, 768))), 1.3))[0].any()
    board = np.add.outer(np.arange(768) // 128, np.arange(768) // 128) % 2
    assert not carbon(tile_spectra(film(board), 1.3))[0].any()
    assert math.isnan(carbon(tile_spectra(film(board), 30.0))[1])


def test_a_line_splits_a_half_plane_and_no_chess_board():
    half = torch.zeros(6, 8, dtype=torch.bool)
    half[:, 5:] = True
    assert split_by_line(half) == 1.0
    assert split_by_line((torch.arange(48).reshape(6, 8) + torch.arange(6)[:, None]) % 2 == 0) < 0.7


def test_a_dark_area_on_carbon_is_carbon():
    dark, cover = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    dark[:, 14:], cover[:, 16:] = True, True
    dark[3:6, 3:6] = True
    left, joined = apart(dark, cover)
    assert left.sum() == 9
    assert joined[:, 14:].all()
    assert not (left & joined).any()
    assert apart(dark, np.zeros((20, 20), bool))[0] is dark


def test_repeated_values_and_patterns_of_the_camera():
    chance = np.random.default_rng(2)
    image = torch.from_numpy(chance.poisson(30, (512, 600)).astype(np.float32))
    plain = fixed_pattern(image)
    assert plain["stripes"] < 0.2  # 1 / √600 = 0.04 by chance
    assert plain["seam"] < 6
    columns = torch.from_numpy(1 + 0.02 * chance.standard_normal(600).astype(np.float32))
    assert fixed_pattern(image * columns)["stripes"] > 0.6
    assert fixed_pattern(image.T * columns[:, None])["stripes"] > 0.6
    segment = image * torch.where(torch.arange(600) < 256, 1.1, 1.0)
    assert fixed_pattern(segment)["seam"] > 15
    assert pixel_values(image.clamp_max(33.0))["clipped"] == pytest.approx(float((image >= 33).float().mean()))
    assert pixel_values(image)["clipped"] < 1e-3
