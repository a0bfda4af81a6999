"""The Ewald sphere: its sag, its sidebands, and how alike a ball's transform is at two points."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.physics.ewald import overlap, sag, sidebands, thickness_limit
from vitreous.physics.wavelength import wavelength


def test_sag_is_that_of_a_sphere() -> None:
    lam, k = wavelength(300.0), torch.tensor([0.1, 0.3, 0.5], dtype=torch.float64)
    sphere = 1 / lam - torch.sqrt(1 / lam**2 - k**2)
    # The next term is (λk / 2)², 2.4e-5 at 2 Å.
    assert torch.allclose(sag(k**2, lam), sphere, rtol=3e-5)


def test_sidebands_of_a_thin_object_make_the_ctf() -> None:
    chi = torch.linspace(-20, 20, 301, dtype=torch.float64)
    first, second = sidebands(chi)
    assert torch.allclose(first + second, -chi.sin().to(torch.complex128))
    assert torch.allclose(first, 0.5j * torch.exp(1j * chi))
    assert torch.allclose(second, -0.5j * torch.exp(-1j * chi))


@pytest.mark.parametrize("distance", [1e-6, 0.002, 0.005, 0.012])
def test_overlap_is_the_transform_of_a_ball(distance: float) -> None:
    """Against the mean of exp(2πi s z) over points at random in a ball of 200 Å: 2e5 points leave 0.003 (2.2 standard deviations)."""
    chance = np.random.default_rng(0)
    points = chance.uniform(-100, 100, (400_000, 3))
    z = points[(points**2).sum(1) < 100**2, 2]
    known = np.cos(2 * math.pi * distance * z).mean()
    assert float(overlap(torch.tensor(distance), 200.0)) == pytest.approx(known, abs=0.005)


def test_thickness_limit_of_a_large_virus() -> None:
    assert thickness_limit(800.0, wavelength(300.0)) == pytest.approx(3.35, abs=0.01)
    limit = thickness_limit(800.0, wavelength(300.0))
    assert wavelength(300.0) * 800 / limit**2 == pytest.approx(1.4)
    assert float(overlap(sag(torch.tensor(1 / limit**2), wavelength(300.0)), 800.0)) == pytest.approx(0.59, abs=0.01)
