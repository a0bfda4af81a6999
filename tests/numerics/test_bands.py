from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics.bands import Band
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.monogenic import monogenic_power


def wave(shape: tuple[int, int, int], cycles: tuple[int, int, int], phase: float = 0.3) -> torch.Tensor:
    z, y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) / n for n in shape), indexing="ij")
    return torch.cos(2 * math.pi * (cycles[0] * z + cycles[1] * y + cycles[2] * x) + phase)


@pytest.mark.parametrize("shape", [(24, 32, 48), (27, 32, 45)])
def test_a_band_keeps_a_wave_at_its_top_on_a_smaller_grid(shape: tuple[int, int, int]) -> None:
    cycles = (2, 0, 3)
    wavelength = 1.5 / math.hypot(*(c / n for c, n in zip(cycles, shape)))
    band = Band(shape, 1.5, wavelength, 0.2)
    cut = band.cut(rfftn(wave(shape, cycles)))
    assert math.prod(band.grid) < 0.5 * math.prod(shape)
    assert torch.allclose(cut, wave(band.grid, cycles), atol=1e-5)
    beyond = Band(shape, 1.5, wavelength * math.exp(0.21), 0.2)
    assert float(beyond.cut(rfftn(wave(shape, cycles))).abs().max()) < 1e-5


def test_growing_keeps_places_and_wraps() -> None:
    """A wave of 24 samples a period, linear between every second of them: the error is (π / 12)² / 2 at most."""
    band = Band((48, 48, 48), 1.0, 4.0, 0.2)
    coarse = wave(band.grid, (1, 0, 1))
    assert band.grid[0] < 48
    assert float((band.grow(coarse) - wave((48, 48, 48), (1, 0, 1))).abs().max()) < (math.pi / min(band.grid)) ** 2


def test_a_gaussian_mean_of_a_point_is_a_gaussian() -> None:
    band = Band((32, 32, 32), 2.0, 4.6, 0.1)
    assert band.grid == (32, 32, 32)
    point = torch.zeros(32, 32, 32)
    point[16, 16, 16] = 1.0
    around = band.around(point, 5.0)
    assert float(around.sum()) == pytest.approx(1.0, abs=1e-5)
    # Three voxels, 6 Å, away along one axis.
    assert float(around[16, 19, 16] / around[16, 16, 16]) == pytest.approx(math.exp(-0.5 * (6 / 5) ** 2), abs=1e-3)


def test_monogenic_power_of_a_wave_is_level() -> None:
    shape, band = (24, 32, 48), Band((24, 32, 48), 1.0, 2.2, 0.1)
    spectrum = rfftn(wave(shape, (2, -3, 5)))
    frequencies = Band.frequencies(band)
    assert band.grid == shape
    power = monogenic_power(spectrum, frequencies, shape)
    assert torch.allclose(power, torch.ones_like(power), atol=1e-5)


def test_monogenic_power_has_twice_the_energy_of_the_map(generator: torch.Generator) -> None:
    """Riesz transforms share the map's energy: Σ_j |k_j|² / |k|² = 1."""
    band = Band((20, 20, 20), 1.0, 4.0, 0.4)
    spectrum = band.spectrum(rfftn(torch.randn(20, 20, 20, generator=generator)))
    values = irfftn(spectrum, band.grid)
    power = monogenic_power(spectrum, band.frequencies(), band.grid)
    assert float(power.sum()) == pytest.approx(2 * float((values**2).sum()), rel=1e-4)
