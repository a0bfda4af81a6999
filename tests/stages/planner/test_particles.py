"""Numbers of particles against slices counted, atoms simulated, and rules from experience."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.io.pdb import read_model
from vitreous.numerics.rotations import random_rotations
from vitreous.physics.potential import phase_per_scattering, scattering_factor
from vitreous.stages.planner import (
    ICE,
    PROTEIN,
    Experiment,
    Matter,
    crowther,
    images_for_measurements,
    measurements_by_taylor,
    measurements_needed,
    particles_needed,
    resolution_reached,
    rosenthal_henderson,
    stagg,
)

PLAIN = Experiment(b_factor=0.0)
#: Daltons of adenylate kinase, 214 residues.
ATOMS_MASS = 23_600.0


def test_images_meet_a_coefficient_as_often_as_planned() -> None:
    """Slices within half a thickness of a coefficient, counted over random views: 1 / 2kD of them."""
    diameter, resolution = 100.0, 8.0
    normals = random_rotations(40_000, torch.Generator().manual_seed(2))[:, 2]
    met = float((normals @ torch.tensor([0.36, 0.48, 0.8], dtype=torch.float64) / resolution).abs().lt(0.5 / diameter).double().sum())
    assert images_for_measurements(met, diameter, resolution) == pytest.approx(40_000, rel=0.06)
    assert images_for_measurements(met, diameter, resolution, order=4) == pytest.approx(10_000, rel=0.06)


def powers(matter: Matter, thickness: float, k: float, seed: int) -> float:
    """Power of atoms thrown at random into a slab of 60 x 60 Å, mean over frequencies of length ``k``; in units of f² per Å²."""
    chance = np.random.default_rng(seed)
    whole = np.round(60 * k * np.exp(2j * np.pi * chance.uniform(size=600)))
    total = 0.0
    for element, per_volume in matter.per_volume().items():
        places = chance.uniform(0, 60, (round(per_volume * 3600 * thickness), 2))
        total = total + scattering_factor(element, np.array(k)) * np.exp(
            -2j * np.pi / 60 * (places @ np.stack([whole.real, whole.imag]))
        ).sum(0)
    return float((np.abs(total) ** 2).mean()) / 3600


def test_measurements_are_the_ratio_of_simulated_powers_and_the_printed_form_is_not() -> None:
    carbon, oxygen = Matter(1.35, {"C": 1.0}, 12.011), Matter(ICE.density, {"O": 1.0}, 15.999)
    truth = powers(oxygen, 120.0, 0.1, 1) / powers(carbon, 60.0, 0.1, 2)
    exact = measurements_needed(1.0, 60.0, 180.0, 10.0, 200.0, particle=carbon, ice=oxygen)
    assert exact == pytest.approx(truth, rel=0.2), "two means of exponential numbers"
    # the closed form spreads σ_Z over frequencies as it likes: 2.4 times too many here
    right, printed = (measurements_by_taylor(1.0, 60.0, 180.0, 10.0, 200.0, as_printed=each) for each in (False, True))
    assert truth < right < 3 * truth
    assert printed > 3.5 * right, "densities and weights upside down: (1.35 · 15.999 / 0.93 · 12.011)² = 3.7"


def test_crowther_is_for_one_axis() -> None:
    assert crowther(100.0, 10.0) == pytest.approx(31.4, abs=0.1)


def test_particles_are_of_the_order_of_experience() -> None:
    """Within a factor of two of Rosenthal & Henderson's without blur, ice, losses or damage that they leave out."""
    ideal = Experiment(b_factor=0.0, dose=5.0, dqe=1.0, ice=1.0)
    for resolution in (2.5, 3.5, 5.0):
        ratio = particles_needed(resolution, ideal, diameter=100.0) / rosenthal_henderson(resolution, ideal)
        assert 0.2 < ratio < 2
    # apoferritin to 3 Å came from thousands of particles (24 copies), a ribosome to 3 Å from tens of thousands
    assert 500 < particles_needed(3.0, Experiment(b_factor=90.0, ice=300.0), diameter=120.0, order=24) < 10_000
    assert 10_000 < particles_needed(3.0, Experiment(b_factor=90.0), diameter=300.0) < 200_000


@pytest.mark.parametrize("b_factor", [60.0, 100.0])
def test_a_planted_b_factor_is_the_slope_of_the_plot(b_factor: float) -> None:
    experiment = Experiment(b_factor=b_factor)
    inverse = np.linspace(3.0, 5.0, 9) ** -2
    sharp = replace(experiment, b_factor=0.0)
    for formula in (partial(particles_needed, diameter=150.0), rosenthal_henderson):
        ratios = [formula(x**-0.5, experiment) / formula(x**-0.5, sharp) for x in inverse]
        assert 2 * np.polyfit(inverse, np.log(ratios), 1)[0] == pytest.approx(b_factor, rel=1e-6)


def test_forecast_is_undone() -> None:
    experiment = Experiment()
    count = particles_needed(3.7, experiment, diameter=150.0, order=2)
    assert resolution_reached(count, experiment, diameter=150.0, order=2) == pytest.approx(3.7, rel=1e-6)
    assert stagg(4.0, 0.1, 0.05) == pytest.approx(10**3)


def test_what_helps_helps() -> None:
    base = particles_needed(3.0, Experiment(), diameter=150.0)
    for better in (Experiment(dqe=0.9), Experiment(ice=200.0), Experiment(dose=60.0), Experiment(b_factor=80.0)):
        assert particles_needed(3.0, better, diameter=150.0) < base
    assert particles_needed(3.0, Experiment(), diameter=150.0, order=12) == pytest.approx(base / 12)
    more = particles_needed(3.0, Experiment(dose=200.0), diameter=150.0) / particles_needed(3.0, Experiment(dose=100.0), diameter=150.0)
    assert more > 0.85, "what the beam has destroyed no dose brings back"


@pytest.mark.real_data
@pytest.mark.parametrize("k", [0.3, 0.4, 0.5])
def test_average_residue_scatters_as_a_real_protein_does(real_data: Path, k: float) -> None:
    """|Σ f exp(−2πi k·r)|² of adenylate kinase with its hydrogens, mean over directions, against p times its volume."""
    atoms = read_model(real_data / "models" / "4akeA_open_hydrogenated.pdb.gz")
    along = np.random.default_rng(0).standard_normal((300, 3))
    along *= k / np.linalg.norm(along, axis=1, keepdims=True)
    factors = {element: float(scattering_factor(element, np.array(k))) for element in set(atoms.elements)}
    weights = np.array([factors[each] for each in atoms.elements])
    power = (np.abs(weights @ np.exp(-2j * np.pi * (atoms.positions @ along.T))) ** 2).mean()
    volume = ATOMS_MASS / (PROTEIN.density * 0.602214)
    expected = PROTEIN.power(k, 300.0) * volume / phase_per_scattering(300.0) ** 2
    # helices and bonds still tell: 1.8 times as much at 5 Å, 0.7 at 2.9 Å
    assert power == pytest.approx(expected, rel=0.35)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"dose": -1.0}, "dose must be positive"), ({"ice": 0.0}, "ice must be positive"), ({"dqe": 1.5}, "dqe must be above 0 and at most 1"),
     ({"b_factor": -3.0}, "b_factor must be 0 or more"), ({"voltage": 0.0}, "voltage must be positive")],
)  # fmt: skip
def test_bad_experiments_are_refused(given: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Experiment(**given)


def test_bad_numbers_are_refused() -> None:
    for words, call in (
        ("resolution must be positive", lambda: particles_needed(0.0, PLAIN, diameter=100.0)),
        ("order must be 1 or more", lambda: particles_needed(3.0, PLAIN, diameter=100.0, order=0)),
        ("snr must be positive", lambda: measurements_needed(-1.0, 60, 180, 4, 300)),
        ("ice thickness must be at least", lambda: measurements_needed(1.0, 60, 50, 4, 300)),
        ("resolution must be coarser than", lambda: measurements_by_taylor(1.0, 60, 180, 2.0, 300)),
        ("measurements must be positive", lambda: images_for_measurements(0.0, 100, 4)),
        ("resolution must be positive and finer than twice", lambda: images_for_measurements(10.0, 100, 400)),
        ("diameter and resolution must be positive", lambda: crowther(-1.0, 3.0)),
        ("resolution must be positive", lambda: rosenthal_henderson(math.nan, PLAIN)),
        ("resolution and slope must be positive", lambda: stagg(3.0, 0.1, 0.0)),
        ("count must be positive", lambda: resolution_reached(0, PLAIN, diameter=100.0)),
    ):
        with pytest.raises(InputError, match=words):
            call()
