"""Ice: thickness from what passes, what an exposure leaves of its power, the ring of small crystals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.physics.dose import critical_exposure, mean_exposure_weight
from vitreous.physics.solvent import (
    ice_memory,
    ice_memory_of_exposure,
    inelastic_path,
    powder_structure_factor,
    thickness_from_zero_loss,
    zero_loss,
)

K = torch.tensor([0.0, 0.02, 0.1, 0.3], dtype=torch.float64)


def test_thickness_from_the_zero_loss_ratio():
    # Λ = 3950 Å: a loss of one in e is Λ itself
    assert thickness_from_zero_loss(math.exp(-1)) == pytest.approx(3950)
    assert thickness_from_zero_loss(zero_loss(612.0)) == pytest.approx(612.0)
    assert thickness_from_zero_loss(zero_loss(612.0, 120.0), 120.0) == pytest.approx(612.0)
    assert thickness_from_zero_loss(1.0) == 0
    for share in (0.0, 1.2, -0.1):
        with pytest.raises(InputError, match="share must be above 0 and at most 1"):
            thickness_from_zero_loss(share)


@pytest.mark.parametrize(("voltage", "speed"), [(100, 1.644e8), (120, 1.759e8), (200, 2.086e8), (300, 2.330e8)])
def test_the_mean_free_path_follows_the_speed_of_the_electron(voltage: int, speed: float):
    """Speeds in m/s as tabulated (Williams & Carter 2009, table 1.2); rest energy 511 keV, loss 20 eV."""
    beta, fastest = speed / 2.998e8, 2.330e8 / 2.998e8
    logarithms = math.log(2 * beta**2 * (voltage + 511) / 0.02) / math.log(2 * fastest**2 * 811 / 0.02)
    assert inelastic_path(voltage) == pytest.approx(3950 * (beta / fastest) ** 2 / logarithms, rel=2e-3)  # four digits of the table
    # more than elastic scattering's β² gains, less than β: each collision also reaches further out
    assert (beta / fastest) ** 2 <= inelastic_path(voltage) / 3950 + 1e-3 <= beta / fastest + 2e-3


def test_a_voltage_that_is_none_is_refused():
    for voltage in (0.0, -300.0):
        with pytest.raises(InputError, match="voltage must be positive"):
            inelastic_path(voltage)


def test_an_exposure_keeps_the_mean_memory_of_all_its_pairs_of_moments():
    """The double integral of the memory over an exposure, by the midpoints of 400 steps."""
    moment = (np.arange(400) + 0.5) / 400 * 30.0
    apart = np.abs(moment[:, None] - moment)
    want = [float(np.exp(-2 * math.pi**2 * k**2 * apart / 3).mean()) for k in K.tolist()]
    assert ice_memory_of_exposure(K, 30.0).tolist() == pytest.approx(want, rel=1e-3)
    assert float(ice_memory(K, 0.0).min()) == 1


def test_the_mean_weight_of_an_exposure_is_the_mean_over_it():
    moment = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000 * 50.0
    want = torch.exp(-0.5 * moment[:, None] / critical_exposure(K)).mean(0)
    torch.testing.assert_close(mean_exposure_weight(K, 50.0), want, rtol=1e-5, atol=1e-7)


def test_a_powder_ring_holds_what_its_planes_scatter():
    """∫ S 4πk² dk = n Σ_g |S_g|²: eight planes at 1 / 3.67 Å, half the molecules in phase, 0.0311 molecules per Å³."""
    k = torch.linspace(0.2, 0.35, 20001, dtype=torch.float64)
    total = float((powder_structure_factor(k) * 4 * math.pi * k**2).sum() * (k[1] - k[0]))
    assert total == pytest.approx(0.0311 * 8 * 0.5, rel=5e-3)
    assert float(k[powder_structure_factor(k).argmax()]) == pytest.approx(1 / 3.67, abs=1e-4)
