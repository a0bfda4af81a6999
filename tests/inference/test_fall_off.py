from __future__ import annotations

import math

import pytest
import torch

from vitreous.inference.fall_off import fall_off, fit_line
from vitreous.physics.molecular_amplitudes import molecular_log_amplitude

K = torch.arange(1, 80, dtype=torch.float64) / 200
SAMPLES = 4 * math.pi * (K * 200) ** 2 * 0.2


def drawn(b: float, generator: torch.Generator, own: torch.Tensor | float = 0.0) -> torch.Tensor:
    """Half the log of a mean of n exponentials (Wilson's intensities), with the fall of B and amplitudes of one's own."""
    intensity = torch.stack([torch.empty(int(n)).exponential_(generator=generator).double().mean() for n in SAMPLES])
    return 0.5 * intensity.log() + own - b * K**2 / 4


@pytest.mark.parametrize("b", [20.0, 100.0, 300.0])
def test_random_atoms_have_the_planted_b_and_proteins_too(b: float, generator: torch.Generator) -> None:
    for expected, own in (("level", 0.0), ("molecular", molecular_log_amplitude(K))):
        lines = [fall_off(K, drawn(b, generator, own), 0.5 / SAMPLES, 3.0, expected) for _ in range(5)]
        off = torch.tensor([each.b_factor - b for each in lines])
        assert float(off.abs().max()) < 3.0
        # Five means of a scatter of about 0.8 Å².
        assert abs(float(off.mean())) < 1.0
        assert all(each.interval()[0] < b < each.interval()[1] for each in lines)


def test_a_line_through_a_protein_is_tilted_where_it_is_short(generator: torch.Generator) -> None:
    """Negative control: at 4 Å level amplitudes are the wrong thing to expect of a molecule, and its error says so."""
    own = molecular_log_amplitude(K)
    line = fall_off(K, drawn(100.0, generator, own), 0.5 / SAMPLES, 4.0, "level")
    assert -45 < line.b_factor - 100 < -15
    assert abs(line.b_factor - 100) < 1.96 * line.b_error
    assert fall_off(K, drawn(100.0, generator, own), 0.5 / SAMPLES, 4.0, "molecular").b_factor == pytest.approx(100, abs=4)


def test_what_counts_is_the_amplitude_at_the_limit(generator: torch.Generator) -> None:
    y = drawn(200.0, generator, molecular_log_amplitude(K))
    coarse = fall_off(K, y, 0.5 / SAMPLES, 9.0, "molecular")
    assert coarse.b_error > 50
    assert coarse.error_at_limit == pytest.approx(coarse.b_error / (4 * coarse.fit_range[1] ** 2))
    assert coarse.useful
    assert not fall_off(K, y, 0.5 / SAMPLES, 7.0, "level").useful
    assert fall_off(K, y, 0.5 / SAMPLES, 9.0, "level") is None
    assert fall_off(K, y, 0.5 / SAMPLES, 18.0, "molecular") is None


def test_a_line_knows_how_far_it_is_off(generator: torch.Generator) -> None:
    x = torch.linspace(0, 1, 20, dtype=torch.float64)
    off = []
    for _ in range(80):
        y = 3 - 2 * x + 0.3 * torch.randn(20, generator=generator).double()
        slope, _, error = fit_line(x, y, torch.full_like(x, 1e-4))
        off.append((slope + 2) / error)
    assert float(torch.tensor(off).std()) == pytest.approx(1.0, abs=0.25)
