"""The particle is cut out of its solvent, noise is not, and a mask makes no halves agree."""

from __future__ import annotations

import torch

from vitreous.inference.half_maps import compare_within
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import central_irfftn, central_rfftn
from vitreous.reconstruct.support import support

SIZE, VOXEL = 48, 3.0
BALL = soft_disc((SIZE,) * 3, 18.0, 4.0)
PARTICLE = soft_disc((SIZE,) * 3, 8.0, 2.0)


def found(volume: torch.Tensor) -> torch.Tensor:
    return support(volume, BALL, VOXEL, lowpass=15.0, extension=6.0, edge=9.0)


def test_a_particle_in_noise_is_cut_out(generator: torch.Generator) -> None:
    mask = found(PARTICLE + 0.5 * torch.randn(PARTICLE.shape, generator=generator))
    assert float(mask[PARTICLE > 0.9].min()) > 0.9
    # 6 and 9 Å are 5 voxels beyond a surface at 8: the ball of 13 holds 0.1 of the box's cells
    assert float(mask.mean()) < 0.12
    assert float((mask - BALL).max()) <= 0.0


def test_noise_has_no_support(generator: torch.Generator) -> None:
    assert torch.equal(found(torch.randn(PARTICLE.shape, generator=generator)), BALL)


def test_a_mask_makes_no_halves_of_noise_agree(generator: torch.Generator) -> None:
    halves = [torch.randn(PARTICLE.shape, generator=generator) for _ in range(2)]
    fsc, _ = compare_within(*halves, PARTICLE, BALL)
    # shells from 8 on hold some hundred independent numbers under this mask
    assert float(fsc[8:].abs().mean()) < 0.15


def test_the_particle_agrees_better_under_its_mask(generator: torch.Generator) -> None:
    halves = [PARTICLE + 0.5 * torch.randn(PARTICLE.shape, generator=generator) for _ in range(2)]
    under, over = compare_within(*halves, found(halves[0]), BALL), compare_within(*halves, BALL, BALL)
    assert under[1] >= over[1]


def test_low_frequencies_there_and_back(generator: torch.Generator) -> None:
    line = torch.arange(12) - 6
    centre = torch.randn(3, generator=generator)
    axes = [torch.exp(-((line - each) ** 2) / 3) for each in centre]
    volume = torch.einsum("z,y,x->zyx", *axes)
    # the blob's transform has fallen to e^-7 at the end of the grid
    back = central_irfftn(central_rfftn(volume, 24, 11), 24, 12)
    assert float((back - volume).norm() / volume.norm()) < 1e-2
    # the transform of a point at the origin is 1 everywhere
    point = torch.zeros(12, 12, 12)
    point[6, 6, 6] = 1.0
    assert torch.allclose(central_rfftn(point, 24, 5), torch.ones(11, 11, 6, dtype=torch.complex64), atol=1e-5)
