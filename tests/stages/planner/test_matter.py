"""Cross-sections against known numbers and tabulated atoms; power against atoms thrown at random, and against a real one."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.physics.potential import phase_per_scattering, scattering_factor
from vitreous.stages.planner import ICE, PROTEIN, Matter, beta, elastic_cross_section


def test_known_numbers() -> None:
    assert 1e4 * elastic_cross_section(6, 200.0) == pytest.approx(41.86, abs=0.005), "pm², as the course prints 41.9"
    assert beta(100.0) == pytest.approx(0.5482, abs=1e-4)
    assert beta(300.0) == pytest.approx(0.7765, abs=1e-4)


@pytest.mark.parametrize(("element", "number"), [("H", 1), ("C", 6), ("N", 7), ("O", 8), ("S", 16)])
@pytest.mark.parametrize("voltage", [100.0, 300.0])
def test_formula_is_within_a_fifth_of_tabulated_factors(element: str, number: int, voltage: float) -> None:
    k = np.linspace(1e-3, 4.0, 4000)
    born = phase_per_scattering(voltage) ** 2 * np.trapezoid(2 * np.pi * k * scattering_factor(element, k) ** 2, k)
    assert elastic_cross_section(number, voltage) == pytest.approx(born, rel=0.30 if element == "H" else 0.20)


def test_share_of_electrons_below_a_frequency_is_about_that_frequency() -> None:
    k = np.linspace(1e-3, 4.0, 8000)
    share = np.cumsum(k * scattering_factor("C", k) ** 2)
    share /= share[-1]
    assert np.interp([0.2, 1 / 3, 0.5], k, share) == pytest.approx([0.2, 1 / 3, 0.5], rel=0.2)


def test_power_is_that_of_atoms_thrown_at_random() -> None:
    """Carbon atoms in a slab of 100 x 100 x 40 Å: |Σ f exp(−2πi k·r)|² over the area, 400 frequencies of 1/4 Å."""
    chance, k = np.random.default_rng(1), 0.25
    carbon = Matter(1.35, {"C": 1.0}, 12.011)
    count = round(carbon.per_volume()["C"] * 100 * 100 * 40)
    places = chance.uniform(0, 100, (count, 2))
    # whole periods of the area, so that its edges scatter nothing
    whole = np.unique(np.round(25 * np.exp(2j * np.pi * chance.uniform(size=400))))
    phases = np.exp(-2j * np.pi / 100 * (places @ np.stack([whole.real, whole.imag]))).sum(0)
    power = np.abs(phases * scattering_factor("C", np.array(k)) * phase_per_scattering(300.0)) ** 2 / 100**2
    # the mean of some 130 exponential numbers: 9 %
    assert power.mean() == pytest.approx(40 * carbon.power(k, 300.0), rel=0.25)


def test_density_and_composition_are_inputs() -> None:
    assert Matter(2.7, PROTEIN.atoms, PROTEIN.weight).scattered(300.0) == pytest.approx(2 * PROTEIN.scattered(300.0))
    assert PROTEIN.scattered(300.0) > ICE.scattered(300.0)
    # 3.4 g of protein residues of 111 Da hold 0.0073 residues per Å³
    assert sum(PROTEIN.per_volume().values()) == pytest.approx(1.35 * 0.6022 / 111.1254 * 15.573, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((-1.0, {"C": 1.0}, 12.0), "density must be positive"),
        ((1.0, {"C": 1.0}, 0.0), "weight must be positive"),
        ((1.0, {"Xx": 1.0}, 1.0), "atoms must be of"),
    ],
)
def test_bad_matter_is_refused(given: tuple, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Matter(*given)


def test_bad_voltage_is_refused() -> None:
    with pytest.raises(InputError, match="voltage must be positive, in kV"):
        beta(0.0)
