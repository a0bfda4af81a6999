"""Envelopes in their limits, by a quadrature over what they average, and their trend with defocus."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.physics.envelopes import focal_spread, spatial_envelope, temporal_envelope
from vitreous.physics.wavelength import wavelength

K = torch.linspace(0, 0.5, 26, dtype=torch.float64)
KRIOS = Optics(pixel_size=1.0)


def test_perfect_coherence_damps_nothing() -> None:
    assert torch.equal(spatial_envelope(K, torch.tensor(20_000.0), KRIOS, 0.0), torch.ones_like(K))
    assert torch.equal(temporal_envelope(K, 300.0, 0.0), torch.ones_like(K))


def test_temporal_envelope_is_the_mean_over_a_gaussian_of_defoci() -> None:
    spread, lam = 60.0, wavelength(300.0)
    z = torch.linspace(-8 * spread, 8 * spread, 4001, dtype=torch.float64)
    weight = torch.exp(-0.5 * (z / spread) ** 2)
    mean = (weight * torch.cos(math.pi * lam * K[:, None] ** 2 * z)).sum(1) / weight.sum()
    torch.testing.assert_close(temporal_envelope(K, 300.0, spread), mean, rtol=0, atol=1e-9)


def test_spatial_envelope_is_the_mean_over_a_gaussian_source() -> None:
    """A beam tilted by θ shifts the phase by θ dχ/dk / λ; θ has density exp(−θ²/α²)."""
    alpha, z, lam = 0.1e-3, 20_000.0, wavelength(300.0)
    slope = 2 * math.pi * (lam * z * K - 2.7e7 * lam**3 * K**3)
    theta = torch.linspace(-6 * alpha, 6 * alpha, 4001, dtype=torch.float64)
    weight = torch.exp(-((theta / alpha) ** 2))
    mean = (weight * torch.cos(theta / lam * slope[:, None])).sum(1) / weight.sum()
    torch.testing.assert_close(spatial_envelope(K, torch.tensor(z).double(), KRIOS, 0.1), mean, rtol=0, atol=1e-9)


def test_rings_fade_with_defocus() -> None:
    """Below 2 Å the Cs term is small, so damping grows with defocus (Glaeser 2021)."""
    values = spatial_envelope(torch.tensor(0.3).double(), torch.linspace(5_000, 50_000, 20).double(), KRIOS, 0.05)
    assert (values.diff() < 0).all()


def test_focal_spread_of_a_field_emission_gun() -> None:
    assert focal_spread(2.7, 300.0, 0.7) == pytest.approx(63.0)  # 2.7e7 Å × 0.7 / 300 000
    assert focal_spread(2.7, 300.0, 0.0, current_ripple=1e-6) == pytest.approx(54.0)
