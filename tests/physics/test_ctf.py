"""The CTF against its formula written out a second time, and against numbers known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.optics import Optics
from vitreous.physics.ctf import b_envelope, ctf, ctf_grid, phase
from vitreous.physics.wavelength import wavelength

KRIOS = Optics(pixel_size=1.0)
PERFECT = Optics(pixel_size=1.0, spherical_aberration=0.0, amplitude_contrast=0.0)


def oracle(kx: float, ky: float, u: float, v: float, angle: float, plate: float, kv: float, cs: float, w: float) -> float:
    """Mindell & Grigorieff 2003, eqs. 1-5, with azimuth, in plain floats: −√(1−w²) sin γ − w cos γ, then the plate's shift."""
    volts = kv * 1e3
    lam = 12.2643 / math.sqrt(volts + 0.97845e-6 * volts**2)
    alpha = math.atan2(ky, kx)
    z = 0.5 * (u + v + (u - v) * math.cos(2 * (alpha - math.radians(angle))))
    k2 = kx**2 + ky**2
    gamma = math.pi * lam * k2 * (z - 0.5 * lam**2 * k2 * cs * 1e7) + math.radians(plate)
    return -math.sqrt(1 - w * w) * math.sin(gamma) - w * math.cos(gamma)


@pytest.mark.parametrize(("kv", "angstrom"), [(100, 0.0370144), (200, 0.0250793), (300, 0.0196875)])
def test_wavelengths_of_the_textbook(kv: float, angstrom: float) -> None:
    assert wavelength(kv) == pytest.approx(angstrom, abs=6e-8)  # the printed digits


@settings(deadline=None, max_examples=40)
@given(
    k=st.floats(0.0, 0.35), azimuth=st.floats(-180, 180), mean=st.floats(-5000, 40000), astigmatism=st.floats(0, 3000),
    angle=st.floats(0, 180), plate=st.floats(0, 120), kv=st.sampled_from([120.0, 200.0, 300.0]), cs=st.floats(0, 4),
    w=st.floats(0, 0.3),
)  # fmt: skip
def test_agrees_with_the_formula_written_again(k, azimuth, mean, astigmatism, angle, plate, kv, cs, w) -> None:
    kx, ky = k * math.cos(math.radians(azimuth)), k * math.sin(math.radians(azimuth))
    u, v = mean + astigmatism / 2, mean - astigmatism / 2
    optics = Optics(pixel_size=1.0, voltage=kv, spherical_aberration=cs, amplitude_contrast=w)
    point = torch.tensor([kx], dtype=torch.float64), torch.tensor([ky], dtype=torch.float64)
    ours = float(ctf(torch.tensor([u, v, angle, plate], dtype=torch.float64), optics, *point))
    # the oracle's wavelength has six digits: up to 300 rad of phase times 5e-6
    assert ours == pytest.approx(oracle(kx, ky, u, v, angle, plate, kv, cs, w), abs=3e-3)


def test_zeros_without_cs_lie_where_pi_lambda_z_k_squared_is_a_multiple_of_pi() -> None:
    z, n = 15_000.0, torch.arange(1.0, 30.0, dtype=torch.float64)
    k = torch.sqrt(n / (wavelength(300.0) * z))
    values = ctf(torch.tensor([z, z, 0, 0], dtype=torch.float64), PERFECT, k, torch.zeros_like(k))
    assert values.abs().max() < 1e-10
    between = torch.sqrt((n - 0.5) / (wavelength(300.0) * z))
    peaks = ctf(torch.tensor([z, z, 0, 0], dtype=torch.float64), PERFECT, between, torch.zeros_like(k))
    assert torch.allclose(peaks, -((-1.0) ** (n - 1)), atol=1e-10)  # the first lobe is negative: protein dark


def test_a_batch_is_its_members_and_broadcasts_over_any_grid() -> None:
    rows = torch.tensor([[12_000.0, 11_000.0, 20.0, 0.0], [25_000.0, 24_900.0, 130.0, 90.0]], dtype=torch.float64)
    kx, ky = torch.meshgrid(torch.linspace(0, 0.3, 7).double(), torch.linspace(-0.2, 0.2, 5).double(), indexing="ij")
    batch = ctf(rows[None], KRIOS, kx, ky)
    assert batch.shape == (1, 2, 7, 5)
    for row, values in zip(rows, batch[0]):
        torch.testing.assert_close(ctf(row, KRIOS, kx, ky), values, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(8, 8), (7, 9), (6, 11)])
def test_the_grid_is_that_of_the_half_transform(shape: tuple[int, int]) -> None:
    row = torch.tensor([12_000.0, 11_000.0, 20.0, 0.0], dtype=torch.float64)
    grid = ctf_grid(row, Optics(pixel_size=1.7), shape)
    ky, kx = np.meshgrid(np.fft.fftfreq(shape[0], 1.7), np.fft.rfftfreq(shape[1], 1.7), indexing="ij")
    expected = ctf(row, KRIOS, torch.as_tensor(kx), torch.as_tensor(ky))
    torch.testing.assert_close(grid, expected, rtol=0, atol=1e-12)


def test_gradients_reach_all_four_columns_and_equal_finite_differences() -> None:
    k = torch.linspace(0.02, 0.2, 6, dtype=torch.float64)

    def scaled(row: torch.Tensor) -> torch.Tensor:
        return ctf(row * torch.tensor([1e4, 1e4, 1e2, 1e2], dtype=torch.float64), KRIOS, k, 0.4 * k)

    row = torch.tensor([1.2, 1.1, 0.3, 0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(scaled, (row,))


def test_arguments_are_left_alone() -> None:
    row = torch.tensor([12_000.0, 11_000.0, 20.0, 0.0])
    before = row.clone()
    first, second = (phase(row, KRIOS, torch.ones(3) * 0.1, torch.zeros(3)) for _ in range(2))
    assert torch.equal(row, before)
    assert torch.equal(first, second)


def test_b_of_100_at_5_angstrom_is_one_over_e() -> None:
    assert float(b_envelope(torch.tensor(1 / 25.0, dtype=torch.float64), 100.0)) == pytest.approx(math.exp(-1), rel=1e-12)
