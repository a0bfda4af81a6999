"""Grids on the sphere and on SO(3): HEALPix's own numbers, equal areas, coverage by Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.rotations import geodesic_deg, random_rotations
from vitreous.numerics.so3_grid import healpix, orientations, shift_disc, spacing_deg
from vitreous.numerics.symmetry import symmetry


def vectors(nside: int) -> torch.Tensor:
    phi, theta = torch.deg2rad(healpix(nside)).unbind(-1)
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1)


def test_healpix_centres_are_those_of_astropy_healpix():
    """astropy-healpix 1.1, healpix_to_lonlat(…, nside=4, order="ring"), colatitude 90° − latitude."""
    found = healpix(4)[[0, 5, 17, 40, 95, 130, 191]].numpy()
    np.testing.assert_allclose(found[:, 0], [45.0, 67.5, 165.0, 0.0, 168.75, 236.25, 315.0], atol=1e-6)
    np.testing.assert_allclose(found[:, 1], [11.715852, 23.556464, 35.659088, 60.0, 90.0, 109.471221, 168.284148], atol=1e-6)


@pytest.mark.parametrize("nside", [1, 2, 3, 5, 8])
def test_healpix_is_even(nside: int):
    """12 N² distinct points on 4 N − 1 rings, balanced: their sum is zero and Σ v vᵀ = n / 3 to the grid's order."""
    v = vectors(nside)
    assert len(v) == 12 * nside**2
    assert len(v[:, 2].mul(1e9).round().unique()) == 4 * nside - 1
    assert float(v.sum(0).abs().max()) < 1e-9
    moment = v.T @ v / len(v)
    assert float((moment - torch.eye(3) / 3).abs().max()) < 0.12 / nside**2
    assert float((torch.cdist(v, v) + 9 * torch.eye(len(v))).min()) > 0.6 * math.radians(spacing_deg(nside))


def test_healpix_areas_are_equal():
    """Voronoi cells of nside 4 by Monte Carlo: shares of 1/192 with their binomial spread and the cells' own of some per cent."""
    v, draws = vectors(4), 200_000
    where = torch.nn.functional.normalize(torch.randn(draws, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64), dim=1)
    count = torch.bincount((where @ v.T).argmax(1), minlength=192).double() * 192 / draws
    assert 0.8 < float(count.min()) <= float(count.max()) < 1.2
    for z in (-1.0, -2 / 3, 0.0, 2 / 3):
        # The boundaries of HEALPix rows: exact shares of the area of caps and belts.
        assert float((vectors(6)[:, 2] > z).double().mean()) == pytest.approx((1 - z) / 2, abs=0.04)


@pytest.mark.parametrize("step", [30.0, 15.0, 8.0])
def test_orientations_cover_the_rotations(step: float, generator: torch.Generator):
    """The farthest rotation from a grid of step δ is within δ (directions δ/√2, in-plane angles δ/2); the mean is near δ/2."""
    grid = orientations(step, symmetry("C1"))
    distance = torch.stack([geodesic_deg(grid, r).min() for r in random_rotations(100, generator)])
    assert float(distance.max()) < step
    assert 0.35 * step < float(distance.mean()) < 0.6 * step


@pytest.mark.parametrize("group", ["C1", "C4", "D2", "T", "O"])
def test_number_of_orientations(group: str):
    """8π² / δ³ rotations of C1, the asymmetric unit's share of a group; directions come in whole grids, up to 1.1 δ apart."""
    for step in (12.0, 6.0):
        found = len(orientations(step, symmetry(group))) * symmetry(group).order * math.radians(step) ** 3 / (8 * math.pi**2)
        assert 0.75 < found < 1.5


def test_copies_of_the_asymmetric_unit_cover_the_sphere(generator: torch.Generator):
    group = symmetry("D3")
    grid = orientations(20.0, group)
    for r in random_rotations(30, generator):
        assert float(group.distance_deg(grid, r.expand_as(grid)).min()) < 20.0


def test_steps_out_of_range_are_refused():
    for step in (0.5, 61.0, -3.0):
        with pytest.raises(InputError, match="step_deg must be from 1 to 60 degrees"):
            orientations(step, symmetry("C1"))


def test_shift_disc():
    assert shift_disc(1.0, 0.0).tolist() == [[0.0, 0.0]]
    assert len(shift_disc(1.0, 1.0)) == 5
    assert len(shift_disc(0.5, 1.5)) == len(shift_disc(1.0, 3.0)) == 29
    found = shift_disc(0.7, 2.1)
    assert float(found.norm(dim=1).max()) == pytest.approx(2.1), "the rim counts, whatever the rounding"
    assert float(found.sum(0).abs().max()) < 1e-12
    assert {(round(x, 6), round(y, 6)) for x, y in found.tolist()} == {(round(y, 6), round(-x, 6)) for x, y in found.tolist()}
