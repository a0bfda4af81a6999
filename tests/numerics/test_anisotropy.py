"""Tests of evenness: how often they alarm on even maps, and what they find in uneven ones."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from uneven_maps import VOXEL, frequencies, halves

from vitreous.numerics.anisotropy import anisotropy, anisotropy_by_shell, bingham_as_printed, occupancy
from vitreous.numerics.direction_bins import BinnedCorrelation, bin_by_direction
from vitreous.numerics.directional import conical_fsc, half_sphere
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.rotations import random_rotations

EVEN = 100 * torch.exp(-((frequencies().norm(dim=-1) / 8) ** 2))
MASK = soft_disc((48,) * 3, 14, 6).double()


def even(seed: int, *, masked: bool = False) -> BinnedCorrelation:
    return bin_by_direction(*(each * MASK if masked else each for each in halves(EVEN, seed)), VOXEL)


@pytest.mark.parametrize("masked", [False, True])
def test_even_maps_alarm_as_often_as_the_p_value_says(masked: bool) -> None:
    found = [even(seed, masked=masked) for seed in range(3)]
    p_values = torch.tensor([[each.p_value for each in anisotropy_by_shell(one)[8:]] for one in found])
    # 51 shells; 60 maps gave 5.1 % and, masked, 6.0 %: 8 of 51 is three standard deviations up
    assert (p_values < 0.05).sum() <= 8
    assert 0.35 < float(p_values.mean()) < 0.65
    assert min(anisotropy(one, 8, 20).p_value for one in found) > 0.005


def test_the_printed_test_alarms_on_even_maps() -> None:
    directions, binned = half_sphere(8), even(0)
    share, curves = occupancy(binned).share, conical_fsc(binned, directions).curves
    shells = [s for s in range(8, 25) if 0.1 < share[s] < 0.9]
    assert len(shells) >= 1
    assert min(bingham_as_printed(directions[curves[:, s] >= 1 / 7]) for s in shells) < 0.05
    assert bingham_as_printed(directions) == pytest.approx(1.0, abs=1e-3)
    assert bingham_as_printed(directions[:0]) == 1.0


def test_bingham_is_right_for_directions_that_are_independent() -> None:
    generator = torch.Generator().manual_seed(3)
    drawn = torch.nn.functional.normalize(torch.randn(400, 100, 3, generator=generator, dtype=torch.float64), dim=-1)
    alarms = sum(bingham_as_printed(each) < 0.05 for each in drawn)
    assert 8 <= alarms <= 33, "5 % of 400 within three standard deviations"


def test_a_sharp_step_where_all_directions_are_alike() -> None:
    found = occupancy(even(1))
    # snr / (1 + snr) = 1/7 at snr 1/6: s = 8 √ln 600
    expected = 48 * VOXEL / (8 * math.log(600) ** 0.5)
    assert found.reached(0.5) == pytest.approx(expected, rel=0.04)
    assert found.reached(0.1) < found.reached(0.9) < 1.13 * found.reached(0.1), "within about two shells of twenty"


def blurred(axis: Tensor, seed: int) -> BinnedCorrelation:
    """SNR that falls faster along ``axis``."""
    along = frequencies() @ axis
    return bin_by_direction(*halves(EVEN * torch.exp(-((along / 10) ** 2)), seed), VOXEL)


@pytest.mark.parametrize("seed", range(2))
def test_a_blurred_axis_is_found(seed: int) -> None:
    axis = random_rotations(1, torch.Generator().manual_seed(seed))[0, 0]
    binned = blurred(axis, seed)
    told = anisotropy(binned, 8, 20)
    assert told.p_value < 1e-6
    off = math.degrees(math.acos(min(1.0, float((told.worst @ axis).abs()))))
    assert off < max(6.0, 4 * told.axis_error_deg)
    assert float((told.best @ axis).abs()) < 0.2
    step = occupancy(binned)
    assert step.reached(0.9) > 1.2 * step.reached(0.1)


def test_shells_too_small_to_test_are_not_tested() -> None:
    told = anisotropy(even(0), 0, 2)
    assert told.p_value == 1.0
    assert told.axis_error_deg == pytest.approx(57.3, abs=0.1)
