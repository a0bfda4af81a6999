"""Scattering factors, phases and ice against tables and known magnitudes."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.physics.potential import (
    POTENTIAL_PER_SCATTERING,
    equivalent_gaussian,
    phase_per_scattering,
    scattering_coefficients,
    scattering_factor,
)
from vitreous.physics.solvent import (
    COMPRESSIBILITY_LIMIT,
    displaced_sigma,
    ice_memory,
    ice_phase_power,
    ice_scattering,
    structure_factor,
    zero_loss,
)


@pytest.mark.parametrize("element", ["C", "N", "O", "Na", "Mg", "P", "S", "Cl", "K", "Ca", "Fe", "Zn"])
def test_factors_obey_mott_and_bethe(element):
    """f_e = 0.0239337 (Z − f_X) / s², s = k / 2: another table (X-ray factors) through another formula.

    The two sets of Hartree-Fock fits are known to agree to about 2 % between s = 0.2 and 1 Å⁻¹.
    """
    atom = gemmi.Element(element)
    s = np.linspace(0.2, 1.0, 9)
    x_ray = np.array([atom.it92.calculate_sf(float(q * q)) for q in s])
    mott = 0.0239337 * (atom.atomic_number - x_ray) / s**2
    assert scattering_factor(element, 2 * s) == pytest.approx(mott, rel=0.03)


def test_factor_is_the_sum_of_its_gaussians():
    a, b = scattering_coefficients("S")
    k = np.linspace(0, 1, 21)
    slow = np.array([sum(ai * np.exp(-(bi + 30.0) * q * q / 4) for ai, bi in zip(a, b)) for q in k])
    assert np.abs(scattering_factor("S", k, b_factor=30.0) - slow).max() < 1e-12


def test_volts_a_unit_of_scattering():
    assert pytest.approx(47.878, abs=1e-3) == POTENTIAL_PER_SCATTERING


def test_interaction_constant_at_300_and_100_kv():
    """σ = λγ / 47.878 V Å²: 6.526e-4 and 9.244e-4 rad / (V Å) (Kirkland 2010, table 5.1)."""
    assert phase_per_scattering(300.0) / POTENTIAL_PER_SCATTERING == pytest.approx(6.526e-4, rel=1e-3)
    assert phase_per_scattering(100.0) / POTENTIAL_PER_SCATTERING == pytest.approx(9.244e-4, rel=1e-3)


def test_mean_inner_potential_of_ice():
    """Water of isolated atoms, 3.04 Å a molecule, at 0.93 g/cm³ = 0.0311 a Å³: 47.88 V Å² × 3.04 Å × 0.0311 Å⁻³ = 4.53 V."""
    assert ice_scattering() * POTENTIAL_PER_SCATTERING == pytest.approx(4.53, abs=0.05)


def test_equivalent_gaussian_keeps_the_first_two_moments():
    k = 1e-3
    for element in ("C", "P", "Mg"):
        weight, sigma = equivalent_gaussian(element)
        curvature = (weight - float(scattering_factor(element, np.array(k)))) / k**2
        assert curvature == pytest.approx(weight * 2 * np.pi**2 * sigma**2, rel=1e-3)


def test_unknown_element():
    with pytest.raises(InputError, match="element must be a chemical symbol"):
        scattering_factor("Q", np.array(0.0))


def test_displaced_ice_has_the_volume_as_its_transform_at_zero():
    """Fraser's Gaussian: exp(−π k² v^(2/3)) = exp(−2π² σ² k²)."""
    v, k = 17.0, 0.13
    assert np.exp(-2 * np.pi**2 * displaced_sigma(np.array(v)) ** 2 * k**2) == pytest.approx(np.exp(-np.pi * k**2 * v ** (2 / 3)))


def test_ice_power_grows_with_thickness_and_rings_at_3_7_angstrom():
    k = torch.linspace(0.005, 0.5, 200)
    assert torch.allclose(ice_phase_power(k, 600.0, 300.0), 2 * ice_phase_power(k, 300.0, 300.0))
    ring = structure_factor(k)
    assert abs(float(k[ring.argmax()]) - 1 / 3.7) < 0.02
    assert float(ring[0]) == pytest.approx(COMPRESSIBILITY_LIMIT, rel=0.01)


def test_ice_forgets_by_the_wandering_of_its_molecules():
    """After 1 e/Å² the r.m.s. displacement in space is 1 Å, 1/3 Å² an axis."""
    assert float(ice_memory(torch.tensor(0.2), 1.0)) == pytest.approx(np.exp(-2 * np.pi**2 * 0.04 / 3), rel=1e-6)


def test_zero_loss_is_the_poisson_chance_of_no_event():
    assert zero_loss(3950.0) == pytest.approx(np.exp(-1))
    assert zero_loss(100.0) * zero_loss(200.0) == pytest.approx(zero_loss(300.0))
