from __future__ import annotations

import pytest
import torch
from known_maps import noisy, ribosome, scattered_atoms

from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_average
from vitreous.stages.postprocess import Guinier, fit_guinier, fsc_curves, resolution, sharpen
from vitreous.stages.postprocess.fsc import FscCurves

MASK = soft_disc((100,) * 3, 34, 8)


def measured(b_factor: float, ratio: float, generator: torch.Generator) -> tuple[Volume, FscCurves, float, Guinier]:
    a, b = noisy(scattered_atoms(100, 1.4, b_factor), ratio, generator)
    curves = fsc_curves(a, b, MASK, generator, repeats=2)
    total = Volume(0.5 * (a.values + b.values), 1.4)
    reached = resolution(curves, GOLD_STANDARD).value
    return total, curves, reached, fit_guinier(total, MASK, curves, reached)


@pytest.mark.parametrize(("b_factor", "ratio"), [(60.0, 0.5), (120.0, 2.0), (180.0, 0.5)])
def test_a_planted_b_factor_is_recovered(b_factor: float, ratio: float, generator: torch.Generator) -> None:
    _, _, reached, found = measured(b_factor, ratio, generator)
    # Atoms at random: their own amplitude scatters by the statistics of some thousand coefficients a shell.
    assert found.b_factor == pytest.approx(b_factor, abs=3.0)
    assert found.b_error > 3.0
    assert found.fit_range[0] <= 10
    assert found.fit_range[1] == pytest.approx(reached, rel=0.05)


def test_sharpened_amplitudes_are_level(generator: torch.Generator) -> None:
    total, curves, reached, found = measured(120.0, 0.3, generator)
    ready = sharpen(total, torch.ones(51), reached, found.b_factor)
    amplitude = 0.5 * shell_average(rfftn(ready.values * MASK).abs() ** 2, ready.shape).log()
    rows = (curves.k > 0.1) & (curves.k < 1 / (1.25 * reached))
    assert float(amplitude[rows].std()) < 0.1
    assert ready.voxel_size == 1.4


def test_the_weight_is_the_figure_of_merit_and_the_map_ends(generator: torch.Generator) -> None:
    white = Volume(torch.randn(64, 64, 64, generator=generator), 1.0)
    weighted = sharpen(white, torch.full((33,), 1 / 7), 4.0, None)
    after, before = (shell_average(rfftn(each.values).abs() ** 2, white.shape) for each in (weighted, white))
    gain = (after / before).sqrt()
    # 1/7 is where the merit of the whole map is one half (Rosenthal & Henderson 2003).
    assert torch.allclose(gain[2:14], torch.full((12,), 0.5, dtype=torch.float64), atol=1e-3)
    assert float(gain[19:].max()) < 1e-5


def test_a_coarse_map_is_measured_against_molecules_and_a_coarser_one_declined(generator: torch.Generator) -> None:
    a, b = noisy(ribosome(72, 2.5, 200.0), 0.5, generator)
    mask = soft_disc((72,) * 3, 26, 8)
    curves, total = fsc_curves(a, b, mask, generator, repeats=1), Volume(0.5 * (a.values + b.values), 2.5)
    found = fit_guinier(total, mask, curves, 9.0)
    assert found.line is found.molecular
    # Here atoms are at rest but for the 200 Å² that were planted.
    assert abs(found.b_factor - 200) < 1.96 * found.b_error
    assert 30 < found.b_error < 110
    assert found.line.error_at_limit < 0.4
    coarse = fit_guinier(total, mask, curves, 19.0)
    assert coarse.b_factor is None
    assert coarse.reason.startswith("too few shells")
