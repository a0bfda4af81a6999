"""Planted turns and mirrors are found; turning a map samples it where it should."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics.map_align import align, centre, mirror, turn
from vitreous.numerics.rotations import geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry

SIGMA = 1.8


def blobs(centres: torch.Tensor, size: int) -> torch.Tensor:
    line = (torch.arange(size) - size // 2).double()
    weight = torch.linspace(1, 2, len(centres), dtype=torch.float64)
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / (2 * SIGMA**2)) for i in range(3)]
    return torch.einsum("p,px,py,pz->zyx", weight, *axes).float()


@pytest.fixture
def places(generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(12, 3, generator=generator, dtype=torch.float64) - 0.5) * 12


@pytest.mark.parametrize("size", [32, 33])
def test_a_turned_map_is_the_map_of_turned_blobs(size: int, places: torch.Tensor, generator: torch.Generator):
    """V(g r) has its blobs at gᵀ r."""
    g = random_rotations(1, generator)[0]
    found, known = turn(blobs(places, size), g), blobs(places @ g, size)
    assert float((found - known).norm() / known.norm()) < 0.03
    wrong = blobs(places @ g.T, size)
    assert float((found - wrong).norm() / wrong.norm()) > 0.3


@pytest.mark.parametrize("size", [16, 17])
def test_mirror_keeps_the_origin(size: int, places: torch.Tensor):
    flipped = places * torch.tensor([-1.0, 1, 1])
    # The first plane of an even size is its own image.
    first = 1 - size % 2
    torch.testing.assert_close(mirror(blobs(places, size))[..., first:], blobs(flipped, size)[..., first:])
    values = blobs(places, size)
    assert torch.equal(mirror(mirror(values)), values)


@pytest.mark.parametrize("mirrored", [False, True])
def test_planted_turn_and_hand_are_found(mirrored: bool, places: torch.Tensor, generator: torch.Generator):
    g = random_rotations(1, generator)[0]
    moving = blobs(places, 32)
    fixed = turn(mirror(moving) if mirrored else moving, g)
    fixed = fixed + 0.3 * fixed.std() * torch.randn(fixed.shape, generator=generator)
    found = align(moving, fixed, radius=6)
    assert found.mirrored is mirrored
    assert float(geodesic_deg(found.rotation, g)) < 1.0
    assert found.correlation > 0.9
    assert found.correlation > found.other_hand + 0.05
    back = turn(mirror(moving) if found.mirrored else moving, found.rotation)
    assert float(torch.corrcoef(torch.stack([back.flatten(), fixed.flatten()]))[0, 1]) > 0.9


def test_symmetric_maps_are_found_within_their_group(generator: torch.Generator):
    group = symmetry("D2")
    one = (torch.rand(5, 3, generator=generator, dtype=torch.float64) - 0.3) * 8
    moving = blobs((group.matrices @ one.T).mT.reshape(-1, 3), 32)
    g = random_rotations(1, generator)[0]
    found = align(moving, turn(moving, g), radius=6, group=group)
    # V(h g r) = V(g r): the turn is known up to the group on its left.
    assert min(float(geodesic_deg(h @ found.rotation, g)) for h in group.matrices) < 1.5


def test_centre_moves_the_centre_of_mass_to_the_origin():
    values = blobs(torch.tensor([[3.0, -2.0, 5.0]], dtype=torch.float64), 24)
    found = centre(values - 0.5 * (values < 1e-6))
    assert [int(i) for i in torch.tensor(found.shape) // 2] == [int(i) for i in (found == found.max()).nonzero()[0]]
    assert math.isclose(float(found.sum()), float((values - 0.5 * (values < 1e-6)).sum()), rel_tol=1e-4)
