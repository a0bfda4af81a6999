from __future__ import annotations

import math

import pytest
import torch

from vitreous.errors import InputError
from vitreous.physics.molecular_amplitudes import molecular_log_amplitude
from vitreous.physics.scattering import (
    b_factor,
    b_of_plain_exponent,
    debye_power,
    displacement,
    fitted_radius_of_gyration,
    guinier_power,
    sinc_series,
    wilson_power,
)


def ball(count: int, radius: float) -> torch.Tensor:
    chance = torch.Generator().manual_seed(4)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=chance, dtype=torch.float64), dim=1)
    return radius * direction * torch.rand(count, 1, generator=chance, dtype=torch.float64) ** (1 / 3)


def test_the_two_numbers_called_b() -> None:
    k, sigma = 0.25, 0.8
    damped = math.exp(-2 * math.pi**2 * sigma**2 * k**2)
    assert math.exp(-b_factor(sigma) * k**2 / 4) == pytest.approx(damped)
    plain = 2 * math.pi**2 * sigma**2
    assert math.exp(-plain * k**2) == pytest.approx(damped)
    assert b_of_plain_exponent(plain) == pytest.approx(b_factor(sigma))
    assert displacement(b_factor(sigma)) == pytest.approx(sigma)
    for wrong in (lambda: b_factor(-1.0), lambda: displacement(-1.0)):
        with pytest.raises(InputError, match="0 or more"):
            wrong()


def test_debye_is_the_average_over_directions() -> None:
    places, weights = ball(40, 12.0), torch.linspace(0.5, 2.0, 40, dtype=torch.float64)
    chance = torch.Generator().manual_seed(1)
    towards = torch.nn.functional.normalize(torch.randn(20000, 3, generator=chance, dtype=torch.float64), dim=1)
    k = torch.tensor([0.0, 0.03, 0.1], dtype=torch.float64)
    drawn = torch.stack([(weights * torch.exp(-2j * math.pi * each * (towards @ places.T))).sum(1).abs().square().mean() for each in k])
    # 20000 directions: a standard error of 1 % at most.
    assert torch.allclose(debye_power(places, weights, k), drawn, rtol=0.03)


def test_atoms_at_random_scatter_as_wilson_says() -> None:
    places, weights = ball(500, 40.0), torch.ones(500, dtype=torch.float64)
    k = torch.linspace(0.3, 0.5, 30, dtype=torch.float64)
    assert float(debye_power(places, weights, k).mean()) == pytest.approx(wilson_power(weights), rel=0.05)


def test_a_ball_has_the_radius_of_gyration_of_three_fifths() -> None:
    radius, k = 30.0, torch.linspace(0.0005, 0.003, 6, dtype=torch.float64)
    u = 2 * math.pi * k * radius
    exact = (3 * (torch.sin(u) - u * torch.cos(u)) / u**3) ** 2
    found = fitted_radius_of_gyration(exact, k)
    assert found**2 == pytest.approx(3 * radius**2 / 5, rel=0.01)
    assert torch.allclose(guinier_power(1.0, found, k), exact, rtol=2e-3)
    with pytest.raises(InputError, match="negative"):
        fitted_radius_of_gyration(1 / exact, k)


def test_the_series_ends_with_one_in_120() -> None:
    x = torch.tensor([0.1, 0.3], dtype=torch.float64)
    off = (sinc_series(x) - torch.sin(x) / x).abs()
    assert bool((off < x**6 / 5000).all())
    assert bool(((1 - x**2 / 6 + x**4 / 100 - torch.sin(x) / x).abs() > x**6 / 5000).all())


def test_molecules_dip_at_seven_and_rise_at_five_angstrom() -> None:
    level = molecular_log_amplitude(torch.tensor([1 / 100, 1 / 10.5, 1 / 6.7, 1 / 4.6, 1 / 2.0]))
    assert level[0] == 1.21
    assert level[2] < level[1] < level[3]
    assert level[4] == -0.34
