"""Frames planted and found, and random poses kept as seldom as the law says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.errors import InputError
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.stages.particle_checks import agreement, chance_of_agreement, in_common
from vitreous.stages.particle_checks.consensus import OTHER_HAND


def planted(count: int, group: str, *, mirrored: bool, seed: int) -> tuple[tuple, tuple, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two assignments: 2° and 1 Å apart, a fifth of the second random, each row by another copy of the symmetry."""
    generator = torch.Generator().manual_seed(seed)
    first = random_rotations(count, generator)
    shift = 3 * torch.randn(count, 2, generator=generator, dtype=torch.float64)
    turn, move = random_rotations(1, generator)[0], torch.tensor([4.0, -7.0, 2.0], dtype=torch.float64)
    copies = symmetry(group).matrices
    own = first @ copies[torch.randint(len(copies), (count,), generator=generator)]
    jitter = exponential(math.radians(2) / 3**0.5 * torch.randn(count, 3, generator=generator, dtype=torch.float64))
    second = jitter @ own @ turn
    second = OTHER_HAND @ second if mirrored else second
    moved = shift + (own @ move)[:, :2] + torch.randn(count, 2, generator=generator, dtype=torch.float64) / 2**0.5
    bad = torch.rand(count, generator=generator) < 0.2
    second[bad] = random_rotations(int(bad.sum()), generator)
    return (first, shift), (second, moved), bad, turn, move


@pytest.mark.parametrize(("group", "mirrored"), [("C1", False), ("C1", True), ("D2", False)])
def test_a_planted_frame_is_found(group: str, mirrored: bool) -> None:
    first, second, bad, turn, move = planted(400, group, mirrored=mirrored, seed=3)
    if group != "C1":
        move = torch.zeros(3, dtype=torch.float64)
        second = (second[0], first[1])
    found = agreement(first, second, symmetry(group), generator=torch.Generator().manual_seed(0))
    assert found.frame.mirrored == mirrored
    assert float(symmetry(group).distance_deg(turn.T[None], found.frame.turn.T[None])) < 0.5
    assert found.frame.move.tolist() == pytest.approx(move.tolist(), abs=0.4)
    assert float(found.kept[~bad].double().mean()) > 0.99
    assert float(found.kept[bad].double().mean()) < 0.02 * symmetry(group).order


def test_random_poses_are_kept_by_the_law() -> None:
    generator = torch.Generator().manual_seed(1)
    a, b = random_rotations(40_000, generator), random_rotations(40_000, generator)
    for angle in (20.0, 60.0):
        share = float((geodesic_deg(a, b) <= angle).double().mean())
        law = chance_of_agreement(angle)
        assert share == pytest.approx(law, abs=4 * (law / 40_000) ** 0.5)
    assert chance_of_agreement(10.0) == pytest.approx(2.8e-4, rel=0.02)
    assert chance_of_agreement(180.0, 4) == 1.0


def test_twice_random_agree_by_chance_only() -> None:
    generator = torch.Generator().manual_seed(2)
    shifts = torch.zeros(600, 2, dtype=torch.float64)
    found = agreement((random_rotations(600, generator), shifts), (random_rotations(600, generator), shifts), symmetry("C1"),
                      angle_deg=30.0, generator=generator)  # fmt: skip
    # the best of some sixty frames keeps a little more than the law
    assert float(found.kept.double().mean()) < 3 * found.by_chance + 0.01


def table(names: list[int], *, poses: bool = True, images: bool = True) -> Particles:
    from pathlib import Path

    n = len(names)
    rotation = np.tile(np.eye(3), (n, 1, 1)) if poses else None
    index = {"stack": (Path("a.mrcs"),), "stack_index": np.zeros(n, np.int64), "slice_index": np.array(names)} if images else {}
    return Particles(optics=(Optics(pixel_size=1.0),), group=np.zeros(n, np.int64), rotation=rotation, **index)


def test_particles_are_known_again_by_their_image() -> None:
    rows = in_common([table([3, 1, 2]), table([2, 3, 9])])
    assert [each.tolist() for each in rows] == [[0, 2], [1, 0]]


@pytest.mark.parametrize(("tables", "said"), [
    ([table([1, 2]), table([3])], "particles in common must be at least one"),
    ([table([1, 2]), table([1], poses=False)], "table 2 has none"),
    ([table([1, 1]), table([1])], "particles of table 1 must be each there once"),
    ([table([1, 2], images=False), table([1])], "micrographs and coordinates, to be known again"),
])  # fmt: skip
def test_tables_that_do_not_go_together_are_refused(tables: list[Particles], said: str) -> None:
    with pytest.raises(InputError, match=said):
        in_common(tables)


@pytest.mark.parametrize(("bounds", "said"), [
    ({"angle_deg": 0.0}, "angle must be from 0"),
    ({"distance": -1.0}, "distance must be positive"),
])  # fmt: skip
def test_bounds_must_be_bounds(bounds: dict, said: str) -> None:
    pose = (random_rotations(20, torch.Generator()), torch.zeros(20, 2).double())
    with pytest.raises(InputError, match=said):
        agreement(pose, pose, symmetry("C1"), generator=torch.Generator(), **bounds)
