"""Planted groups are found with their axes, and nothing is found where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.map_align import turn
from vitreous.numerics.rotations import geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.numerics.symmetry_search import find_symmetry, symmetrise
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.specimens import density_map, specimen

SIZE, VOXEL, RADIUS = 40, 5.0, 9


def planted(name: str, noise: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """A map with a group about axes turned by A, and A."""
    phantom = symmetric_phantom(symmetry(name).matrices.numpy(), np.random.default_rng(2), count=10, radius=70.0, sigma=8.0, symmetry=name)
    axes = random_rotations(1, torch.Generator().manual_seed(7))[0]
    values = turn(density_map(phantom, SIZE, VOXEL).values, axes.T)
    return values + noise * values.std() * torch.randn(values.shape, generator=torch.Generator().manual_seed(1)), axes


@pytest.mark.parametrize("name", ["C4", "D2", "O"])
def test_a_planted_group_is_found_with_its_axes(name: str) -> None:
    volume, axes = planted(name, noise=0.2)
    best = find_symmetry(volume, radius=RADIUS)[0]
    assert best.group.name == symmetry(name).name
    assert best.holds
    # every element of the planted group, as it lies in the map, is one of the group found
    planted_, found = axes @ symmetry(name).matrices @ axes.T, best.axes @ best.group.matrices @ best.axes.T
    assert torch.stack([geodesic_deg(found, each).min() for each in planted_]).max() < 2.0


@pytest.mark.long
@pytest.mark.parametrize("name", ["C2", "C3", "C7", "D3", "D5", "T", "I"])
def test_the_other_groups_are_found(name: str) -> None:
    test_a_planted_group_is_found_with_its_axes(name)


@pytest.mark.parametrize("volume", [density_map(specimen("ribosome head"), SIZE, VOXEL).values, planted("C1")[0]], ids=["head", "phantom"])
def test_no_group_is_found_where_there_is_none(volume: torch.Tensor) -> None:
    assert not any(fit.holds for fit in find_symmetry(volume, radius=RADIUS))


@pytest.mark.parametrize("name", ["C4", "D2", "O"])
def test_a_symmetrised_map_does_not_change_under_its_group(name: str) -> None:
    """Quarter and half turns carry the grid onto itself, so nothing is lost to interpolation."""
    volume = torch.randn(24, 24, 24, generator=torch.Generator().manual_seed(3))
    group = symmetry(name)
    even = symmetrise(volume, group)[1:, 1:, 1:]
    turns = {"C4": [((1, 2), 1)], "D2": [((1, 2), 2), ((0, 1), 2)], "O": [((1, 2), 1), ((0, 1), 1), ((0, 2), 1)]}[name]
    for axes, quarters in turns:
        assert (even.rot90(quarters, axes) - even).abs().max() < 1e-6 * even.abs().max() * 10


def test_what_is_no_cube_or_too_fine_is_refused() -> None:
    with pytest.raises(InputError, match="map must be a cube"):
        find_symmetry(torch.zeros(8, 8, 10), radius=2)
    with pytest.raises(InputError, match="radius must be from 2 to 3 shells; got 9"):
        find_symmetry(torch.zeros(8, 8, 8), radius=9)
