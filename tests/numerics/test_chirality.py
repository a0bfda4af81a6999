"""The twist index: odd under inversion, even under rotation, positive for the ribosome."""

from __future__ import annotations

import pytest
import torch

from vitreous.numerics.chirality import invert, twist_index
from vitreous.numerics.map_align import turn
from vitreous.numerics.rotations import random_rotations
from vitreous.simulate.specimens import density_map, specimen


@pytest.fixture(scope="module")
def ribosome() -> torch.Tensor:
    return density_map(specimen("ribosome"), 96, 3.6).values.float()


@pytest.mark.parametrize("size", [15, 16])
def test_inversion_twice_is_nothing_and_keeps_the_origin(size: int, generator: torch.Generator) -> None:
    values = torch.randn(size, size, size, generator=generator)
    assert torch.equal(invert(invert(values)), values)
    assert invert(values)[size // 2, size // 2, size // 2] == values[size // 2, size // 2, size // 2]


def test_index_changes_sign_with_the_hand(ribosome: torch.Tensor) -> None:
    index = twist_index(ribosome, 3.6, 12.0)
    assert twist_index(invert(ribosome), 3.6, 12.0) == pytest.approx(-index, rel=1e-3)


def test_index_does_not_change_with_the_pose(ribosome: torch.Tensor, generator: torch.Generator) -> None:
    index = twist_index(ribosome, 3.6, 12.0)
    turned = turn(ribosome, random_rotations(1, generator)[0])
    assert twist_index(turned, 3.6, 12.0) == pytest.approx(index, rel=0.3)


def test_the_ribosome_is_positive(ribosome: torch.Tensor) -> None:
    assert all(twist_index(ribosome, 3.6, resolution) > 0.005 for resolution in (10.0, 12.0))
