"""Half-maps whose agreement ends on a designed ellipsoid, and half-maps that are alike in all directions."""

from __future__ import annotations

import math

import pytest
import torch
from uneven_maps import SIZE, VOXEL, frequencies, halves

from vitreous.errors import InputError
from vitreous.numerics.directional import DirectionalFsc, directional_fsc, ellipsoid_sphericity, half_sphere
from vitreous.numerics.rotations import random_rotations


@pytest.mark.parametrize("seed", range(3))
def test_maps_alike_in_all_directions_are_said_to_be(seed: int) -> None:
    told = directional_fsc(*halves(100 * torch.exp(-((frequencies().norm(dim=-1) / 8) ** 2)), seed), VOXEL)
    assert told.sphericity() > 0.97
    assert told.area_ratio > 0.9
    # snr / (1 + snr) = ½ at snr 1: s = 8 √ln 100
    assert torch.allclose(told.resolution(), torch.tensor(SIZE * VOXEL / (8 * math.log(100) ** 0.5), dtype=torch.float64), rtol=0.12)


def test_a_designed_ellipsoid_is_found() -> None:
    axes = random_rotations(1, torch.Generator().manual_seed(5))[0]
    reach = torch.tensor([20.0, 16.0, 11.0], dtype=torch.float64)
    relative = (frequencies() @ axes / reach).norm(dim=-1)
    told = directional_fsc(*halves(torch.exp(10 * (1 - relative)).clamp(max=100), 1), VOXEL)
    found, along = told.ellipsoid()
    # a cone of 20° sees a mean over its directions: the longest and shortest axes are a few per cent off
    assert torch.allclose(found, SIZE * VOXEL / reach, rtol=0.08)
    assert (along * axes).sum(0).abs().min() > 0.98
    worst = told.directions[told.resolution().argmax()]
    assert (worst @ axes[:, 2]).abs() > 0.9, "the worst direction is the short axis or its neighbour on the grid, 23° away at most"
    assert told.sphericity() == pytest.approx(ellipsoid_sphericity(reach), abs=0.02)
    assert told.area_ratio < 0.75


def test_sphericity_is_that_of_the_exact_surface() -> None:
    assert ellipsoid_sphericity(torch.full((3,), 0.3)) == pytest.approx(1.0)
    a, c = 1.0, 3.0
    e = (1 - a**2 / c**2) ** 0.5
    surface = 2 * math.pi * a**2 * (1 + c / (a * e) * math.asin(e))
    exact = math.pi ** (1 / 3) * (6 * 4 / 3 * math.pi * a * a * c) ** (2 / 3) / surface
    assert ellipsoid_sphericity(torch.tensor([a, a, c])) == pytest.approx(exact, rel=0.012)


def test_areas_are_shells_of_full_agreement() -> None:
    curves = torch.zeros(2, 20, dtype=torch.float64)
    curves[0, :11], curves[1, :6] = 1.0, 1.0
    told = DirectionalFsc(half_sphere(1)[:2], curves, curves[0], 100.0)
    assert told.area().tolist() == [10.0, 5.0]
    assert told.area_ratio == 0.5
    assert told.resolution().tolist() == pytest.approx([100 / 10.5, 100 / 5.5])


def test_a_half_sphere_holds_one_of_each_pair() -> None:
    unit = half_sphere(4)
    assert len(unit) == 96
    assert (unit @ unit.T - torch.eye(96)).abs().max() < 1 - 1e-6


def test_maps_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="half-maps must be cubes of one size; got"):
        directional_fsc(torch.zeros(8, 8, 8), torch.zeros(10, 10, 10), VOXEL)
