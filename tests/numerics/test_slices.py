"""Slices, insertions and normal equations: against analytic blobs, against plain torch, against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.numerics import slices as sl
from vitreous.numerics.disc import disc
from vitreous.numerics.kernels import cpu, reference
from vitreous.numerics.rotations import exponential, random_rotations
from vitreous.numerics.symmetry import symmetry

SIGMA = 2.0


def blobs(size: int, generator: torch.Generator, count: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """A volume of Gaussians within half the box, and their centres (x, y, z) relative to the origin voxel."""
    centres = (torch.rand(count, 3, generator=generator, dtype=torch.float64) - 0.5) * size * 0.5
    line = torch.arange(size) - size // 2
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / (2 * SIGMA**2)) for i in range(3)]
    return torch.einsum("px,py,pz->zyx", *axes), centres


def analytic_slices(centres: torch.Tensor, rotations: torch.Tensor, d, size: int) -> torch.Tensor:
    """Transform of the blobs' projections along lab z, written from the closed form."""
    kx, ky = d.kx.double() / size, d.ky.double() / size
    where = torch.einsum("bij,pj->bpi", rotations, centres)
    angle = -2 * math.pi * (where[..., 0, None] * kx + where[..., 1, None] * ky)
    height = (2 * math.pi * SIGMA**2) ** 1.5 * torch.exp(-2 * math.pi**2 * SIGMA**2 * (kx**2 + ky**2))
    return torch.polar(torch.ones_like(angle), angle).sum(1) * height


@pytest.mark.parametrize("size", [48, 63, 64])
def test_slices_are_transforms_of_projections(size: int, generator: torch.Generator) -> None:
    values, centres = blobs(size, generator)
    d = disc(size)
    rotations = random_rotations(20, generator)
    found = sl.slices(sl.half_ball(values, d.radius), rotations, d)
    known = analytic_slices(centres, rotations, d, size)
    # Trilinear interpolation at twofold oversampling leaves 1-2 % (objects filling half the box).
    assert ((found - known).norm() / known.norm()) < 0.02


def test_slices_agree_with_reference(generator: torch.Generator) -> None:
    values, _ = blobs(32, generator)
    d = disc(32)
    ball = sl.half_ball(values, d.radius)
    rotations = random_rotations(7, generator)
    plain = reference.slices(ball.values, rotations.float(), d.kx, d.ky, sl.PAD)
    # Positions up to 2 * 16 + 34 carry float32 rounding of 2^-24 * 66 in a cell, times the largest difference between cells.
    assert (sl.slices(ball, rotations, d) - plain).abs().max() < 1e-4 * plain.abs().max()


def test_insertion_is_the_adjoint_of_slicing(generator: torch.Generator) -> None:
    size, d = 32, disc(32)
    rotations = random_rotations(9, generator)
    m = sl.ball_margin(d.radius)
    ball = torch.randn(2 * m + 1, 2 * m + 1, m + 1, 2, generator=generator)
    ball = torch.view_as_complex(ball)
    values = torch.view_as_complex(torch.randn(9, len(d), 2, generator=generator))
    forward = sl.slices(sl.HalfBall(ball, size, d.radius), rotations, d)
    plain = reference.insert(tuple(ball.shape), rotations.float(), values, d.kx, d.ky, sl.PAD)
    left, right = (forward.conj() * values).real.sum(), (ball.conj() * plain).real.sum()
    assert abs(left - right) < 1e-4 * forward.norm() * values.norm()


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_insertion_agrees_with_reference(parts: int, generator: torch.Generator) -> None:
    size, d = 32, disc(32)
    rotations = random_rotations(9, generator)
    values = torch.view_as_complex(torch.randn(9, len(d), 2, generator=generator))
    weights = torch.rand(9, len(d), generator=generator)
    sums = sl.Insertion(size, d.radius, parts=parts)
    sums.add(rotations, values, weights, d)
    numerator, denominator = sums.total()
    for found, put in ((numerator, values), (denominator, weights)):
        plain = reference.insert(tuple(found.shape), rotations.float(), put, d.kx, d.ky, sl.PAD)
        mate = plain[:, :, 0].flip(0, 1)
        plain[:, :, 0] += mate.conj() if plain.is_complex() else mate
        assert (found - plain).abs().max() < 1e-4 * plain.abs().max()


def test_half_ball_and_back(generator: torch.Generator) -> None:
    values, _ = blobs(32, generator)
    back = sl.volume_of(sl.half_ball(values, 15).values, 32)
    w = sl.window(32)
    back = back * (w[:, None, None] * w[:, None] * w) ** 2  # half_ball prepares for slicing, volume_of undoes insertion
    # What lies beyond shell 15.5 of 16 is cut away; blobs of sigma 2 have e^-39 of their power there.
    assert (back - values).abs().max() < 1e-5 * values.abs().max()


def test_symmetrised_sums_equal_inserting_every_copy(generator: torch.Generator) -> None:
    group, d = symmetry("O"), disc(32)
    rotations = random_rotations(5, generator)
    values = torch.view_as_complex(torch.randn(5, len(d), 2, generator=generator))
    weights = torch.rand(5, len(d), generator=generator)
    once, copies = sl.Insertion(32, d.radius), sl.Insertion(32, d.radius)
    once.add(rotations, values, weights, d)
    for g in group.matrices:
        copies.add(rotations @ g, values, weights, d)
    inner = sl.ball_shells(sl.ball_margin(d.radius)) <= d.radius - 1
    for a, b in zip(once.total(group.matrices), copies.total()):
        # The octahedral group maps grid points to grid points: no interpolation error.
        assert (a - b)[inner].abs().max() < 1e-4 * b.abs().max()


def problem(generator: torch.Generator):
    values, _ = blobs(32, generator)
    d = disc(32, 12)
    ball = sl.half_ball(values, d.radius)
    rotation = random_rotations(1, generator)[0]
    shift = torch.tensor([0.7, -1.3], dtype=torch.float64)
    transfer = -torch.cos(torch.arange(len(d)) * 0.01)
    weight = torch.rand(len(d), generator=generator)
    return d, ball, rotation, shift, transfer, weight


def run_normal_equations(d, ball, rotation, shift, image, transfer, weight):
    flat, m = sl.flat_ball(ball)
    H, g = np.zeros((5, 5)), np.zeros(5)
    cost = cpu.normal_equations(
        flat, m, rotation.numpy(), shift[0].item(), shift[1].item(), torch.view_as_real(image.to(torch.complex64)).reshape(-1).numpy(),
        transfer.float().numpy(), weight.numpy(), d.kx.numpy(), d.ky.numpy(), np.float32(sl.PAD), d.size, H, g,
    )  # fmt: skip
    return cost, H, g


@pytest.mark.costly
def test_normal_equations_agree_with_autograd(generator: torch.Generator) -> None:
    d, ball, rotation, shift, transfer, weight = problem(generator)
    image = torch.view_as_complex(torch.randn(len(d), 2, generator=generator)) * 100

    def predicted(five: torch.Tensor) -> torch.Tensor:
        turned = (exponential(five[:3]) @ rotation).float()
        found = reference.model(ball.values, turned, (shift + five[3:]).float(), transfer, d.kx, d.ky, sl.PAD, d.size)
        return torch.view_as_real(found)

    J = torch.autograd.functional.jacobian(predicted, torch.zeros(5, dtype=torch.float64)).double()
    residual = torch.view_as_real(image).double() - predicted(torch.zeros(5, dtype=torch.float64)).double()
    w = weight.double()[:, None]
    cost, H, g = run_normal_equations(d, ball, rotation, shift, image, transfer, weight)
    assert cost == pytest.approx((w * residual**2).sum().item(), rel=1e-4)
    known_g = (w[..., None] * J * residual[..., None]).sum((0, 1)).numpy()
    known_H = torch.einsum("kca,kcb,k->ab", J, J, weight.double()).numpy()
    scale = np.sqrt(np.diag(known_H))
    # float32 sums over about 230 points; derivatives jump at cell faces, where rounding may pick the other side.
    assert np.abs((H - known_H) / np.outer(scale, scale)).max() < 5e-3
    assert np.abs((g - known_g) / scale).max() < 5e-3 * math.sqrt(cost)


def test_levenberg_marquardt_finds_the_planted_pose(generator: torch.Generator) -> None:
    d, ball, rotation, shift, transfer, weight = problem(generator)
    image = reference.model(ball.values, rotation.float(), shift.float(), transfer, d.kx, d.ky, sl.PAD, d.size)
    start = (exponential(torch.tensor([0.05, -0.04, 0.06], dtype=torch.float64)) @ rotation)[None].numpy().copy()
    moved = np.array([[0.0, 0.0]])
    cost, covariance = np.zeros(1), np.zeros((1, 5, 5))
    flat, m = sl.flat_ball(ball)
    cpu.levenberg_marquardt(
        flat, m, start, moved, torch.view_as_real(image).reshape(1, -1).numpy(), transfer[None].float().numpy(), weight[None].numpy(),
        d.kx.numpy(), d.ky.numpy(), np.float32(sl.PAD), d.size, 20, math.radians(5), start.copy(), moved.copy(), np.zeros(2),
        cost, covariance,
    )  # fmt: skip
    angle = math.degrees(math.acos(min(1.0, (np.trace(start[0].T @ rotation.numpy()) - 1) / 2)))
    assert angle < 0.1
    assert np.abs(moved[0] - shift.numpy()).max() < 0.01
    assert np.allclose(covariance[0], covariance[0].T)
