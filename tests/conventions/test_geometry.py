"""Rotations, projections, slices, shifts: one test for each sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.numerics.disc import disc
from vitreous.numerics.fourier import centred_rfft2
from vitreous.numerics.map_align import turn
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.numerics.slices import half_ball, slices
from vitreous.physics.splat import project_gaussians
from vitreous.simulate.phantoms import chiral_phantom
from vitreous.simulate.specimens import density_map, project_atoms

SIZE, PIXEL = 40, 3.0
QUARTER = exponential(torch.tensor([0.0, 0.0, math.pi / 2], dtype=torch.float64))


def test_rotation_is_active():
    """A quarter turn about z takes what lies on +x to +y: as a vector, in a projection, in a slice."""
    assert (QUARTER @ torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)).round().tolist() == [0, 1, 0]
    image = spot(QUARTER)
    row, column = np.unravel_index(int(image.argmax()), image.shape)
    assert (column - SIZE // 2, row - SIZE // 2) == (0, 8)
    values = torch.zeros(SIZE, SIZE, SIZE)
    values[SIZE // 2, SIZE // 2, SIZE // 2 + 8] = 1.0
    points = disc(SIZE)
    picture = points.image(slices(half_ball(values, points.radius), QUARTER[None], points))[0]
    assert int(picture.argmax()) == (SIZE // 2 + 8) * SIZE + SIZE // 2


def spot(rotation: torch.Tensor) -> torch.Tensor:
    """Projection of one Gaussian 8 pixels along +x of the object."""
    place, one = np.array([[8 * PIXEL, 0.0, 0.0]]), np.ones(1)
    return project_gaussians(place, one, one * PIXEL, rotation[None].numpy(), np.zeros((1, 2)), size=SIZE, pixel_size=PIXEL)[0]


def test_turned_maps_are_sampled_at_the_turned_place():
    """V'(r) = V(g r), so that a map turned by g is seen at R as the map itself is at R gᵀ."""
    helix = density_map(chiral_phantom(sigma=4), SIZE, PIXEL).values
    points = disc(SIZE, 12)
    rotation, g = random_rotations(2, torch.Generator().manual_seed(3)).split(1)
    a = slices(half_ball(turn(helix, g[0]), 12), rotation, points)
    b = slices(half_ball(helix, 12), rotation @ g.mT, points)
    c = slices(half_ball(helix, 12), rotation @ g, points)
    # Two interpolations of 1 to 2 % each.
    assert float((a - b).norm() / b.norm()) < 0.05
    assert float((a - c).norm() / c.norm()) > 0.2


@pytest.mark.parametrize("size", [40, 41])
def test_projection_is_the_sum_along_z_times_the_voxel(size: int):
    helix = chiral_phantom(sigma=4)
    image = project_atoms(helix, np.eye(3)[None], np.zeros((1, 2)), size=size, pixel_size=PIXEL)[0]
    known = density_map(helix, size, PIXEL).values.sum(0) * PIXEL
    # Both are exact to 1e-4 of the sum of the weights; a pixel holds some hundredth of them.
    assert float((image - known).abs().max()) < 1e-2 * float(known.max())


def test_slice_is_the_transform_at_the_point_turned_back():
    """F(Rᵀ (kx, ky, 0)) summed voxel by voxel."""
    values = density_map(chiral_phantom(sigma=4), SIZE, PIXEL).values
    rotation = random_rotations(1, torch.Generator().manual_seed(5))[0]
    points = disc(SIZE, 6)
    line = (torch.arange(SIZE) - SIZE // 2).double()
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    voxels = torch.stack([x, y, z], -1).reshape(-1, 3)
    flat = torch.stack([points.kx, points.ky, torch.zeros_like(points.kx)], -1).double()
    angle = -2 * math.pi / SIZE * (voxels @ (flat @ rotation).T)
    known = (values.double().reshape(-1, 1) * torch.exp(1j * angle)).sum(0)
    found = slices(half_ball(values, 6), rotation[None], points)[0]
    assert float((found - known).abs().max()) < 0.02 * float(known.abs().max())
    seen = project_atoms(chiral_phantom(sigma=4), rotation[None].numpy(), np.zeros((1, 2)), size=SIZE, pixel_size=PIXEL)
    assert float((points.take(seen)[0] / PIXEL - known).abs().max()) < 0.01 * float(known.abs().max())


def test_shift_says_where_the_particle_sits():
    """(+6, −9) Å at 3 Å a pixel: two columns to the right, three rows down the array's start."""
    still, moved = (
        project_atoms(chiral_phantom(sigma=4), np.eye(3)[None], np.array([s]), size=SIZE, pixel_size=PIXEL)[0]
        for s in ((0.0, 0.0), (6.0, -9.0))
    )
    assert float((still.roll((-3, 2), (0, 1)) - moved).abs().max()) < 1e-3 * float(still.max())
    points = disc(SIZE)
    back = points.take(moved) * points.shift_phases(-torch.tensor([2.0, -3.0]))
    assert float((back - points.take(still)).abs().max()) < 1e-3 * float(centred_rfft2(still).abs().max())
