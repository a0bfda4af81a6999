"""A map that has turned and moved a little is found and put back, and the poses with it."""

from __future__ import annotations

import pytest
import torch

from vitreous.numerics.disc import disc
from vitreous.numerics.map_align import turn
from vitreous.numerics.map_register import Placement, free_axes, register
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.symmetry import symmetry

SIZE = 48


@pytest.fixture(scope="module")
def blobs() -> torch.Tensor:
    """A few blobs without symmetry, within a third of the box."""
    generator = torch.Generator().manual_seed(5)
    line = torch.arange(SIZE) - SIZE // 2
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    out = torch.zeros(SIZE, SIZE, SIZE)
    for centre in torch.randn(12, 3, generator=generator) * 5:
        out += torch.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) / 8)
    return out


def moved(volume: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """V(r − t), by phases."""
    k = torch.fft.fftfreq(SIZE)
    angle = -2 * torch.pi * (k[:, None, None] * shift[2] + k[None, :, None] * shift[1] + k * shift[0])
    return torch.fft.ifftn(torch.fft.fftn(volume) * torch.polar(torch.ones_like(angle), angle)).real


def test_a_turn_of_three_degrees_and_a_move_are_found(blobs: torch.Tensor) -> None:
    g = exponential(torch.deg2rad(torch.tensor([2.0, -1.5, 1.8], dtype=torch.float64)))
    t = torch.tensor([0.7, -1.2, 0.4], dtype=torch.float64)
    found = register(blobs, moved(turn(blobs, g), t.float()), radius=12, group=symmetry("C1"))
    # Slices are trilinear: a hundredth of a degree is what their derivatives are good for.
    assert float(geodesic_deg(found.rotation, g)) < 0.05
    assert float((found.shift - t).norm()) < 0.02


def test_poses_follow_the_map(blobs: torch.Tensor) -> None:
    g = exponential(torch.deg2rad(torch.tensor([2.0, -1.5, 1.8], dtype=torch.float64)))
    t = torch.tensor([0.7, -1.2, 0.4], dtype=torch.float64)
    placed = moved(turn(blobs, g), t.float())
    poses, small = random_rotations(4, torch.Generator().manual_seed(1)), disc(SIZE, 12)
    before = slices(half_ball(blobs, 12), poses, small)
    rotation, shift = Placement(g, t).poses(poses, torch.zeros(4, 2, dtype=torch.float64))
    after = slices(half_ball(placed, 12), rotation, small) * small.shift_phases(shift)
    assert float((before - after).abs().norm() / before.abs().norm()) < 0.03


@pytest.mark.parametrize(("name", "free"), [("C1", 6), ("C4", 2), ("D2", 0), ("O", 0)])
def test_symmetry_forbids_movements(name: str, free: int, blobs: torch.Tensor) -> None:
    assert len(free_axes(symmetry(name))) == free
    if not free:
        assert torch.equal(register(blobs, blobs, radius=8, group=symmetry(name)).rotation, torch.eye(3, dtype=torch.float64))
