"""The solve in plain torch, as a CUDA device does it, against the loops of the CPU, on the same sums."""

from __future__ import annotations

import pytest
import torch

from vitreous.numerics.device_slices import shells_on_device
from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import Insertion, ball_shells
from vitreous.reconstruct.device import density_on_device, solve_on_device
from vitreous.reconstruct.fourier import shell_density, solve

SIZE, RADIUS = 24, 9


@pytest.fixture
def sums(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Half balls of thirty slices of noise."""
    d = disc(SIZE, RADIUS)
    values = torch.view_as_complex(torch.randn(30, len(d), 2, generator=generator))
    inserted = Insertion(SIZE, RADIUS)
    inserted.add(random_rotations(30, generator), values, torch.rand(30, len(d), generator=generator), d)
    return inserted.total()


def test_density_of_shells(sums):
    # The shells' sums are exact to 2⁻⁶¹ of the whole; the loops' are in double precision.
    torch.testing.assert_close(density_on_device(sums[1], RADIUS), shell_density(sums[1], RADIUS), rtol=1e-12, atol=0)


def test_density_does_not_depend_on_the_order_of_adding(sums):
    """Whole numbers: the same bits from the cells and their mirror image, which float sums need not give."""
    assert torch.equal(density_on_device(sums[1], RADIUS), density_on_device(sums[1].flip(0, 1), RADIUS))


@pytest.mark.parametrize("radius", [6, RADIUS])
def test_solve(sums, radius: int):
    numerator, denominator = sums
    floor = (0.01 * shell_density(denominator, radius)).float()
    known = solve(numerator, denominator, SIZE, ssnr=None, radius=radius, voxel_size=1.5)
    found = solve_on_device(numerator, denominator, SIZE, floor, 1.5)
    # Two transforms in single precision.
    torch.testing.assert_close(found, known, rtol=0, atol=2e-6 * float(known.abs().max()))


def test_shells(sums):
    m = sums[0].shape[-1] - 1
    assert torch.equal(shells_on_device(m, torch.device("cpu")), ball_shells(m))
