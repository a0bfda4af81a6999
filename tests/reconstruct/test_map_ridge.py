"""Known poses under a Gaussian prior: the printed formula is the ridge solution of a dense matrix, in double and in single."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import disc
from vitreous.numerics.kernels import reference
from vitreous.numerics.slices import PAD, ball_margin, ball_shells, volume_of
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import shell_density, solve

SIZE = 8


VIEWS = symmetry("O").matrices[:5].double()


@cache
def dense() -> torch.Tensor:
    """Real matrix that takes (real, imaginary) parts of a half ball to those of its slices, column by column, by the plain kernel."""
    d = disc(SIZE, 2)
    m = ball_margin(d.radius)
    shape = (2 * m + 1, 2 * m + 1, m + 1)
    cells = shape[0] * shape[1] * shape[2]
    columns = []
    for unit in (1.0, 1j):
        for at in torch.arange(cells).split(256):
            basis = torch.zeros(len(at), cells, dtype=torch.complex128)
            basis[torch.arange(len(at)), at] = unit
            columns += [
                torch.view_as_real(reference.slices(each.reshape(shape), VIEWS, d.kx.double(), d.ky.double(), PAD)).flatten()
                for each in basis
            ]
    return torch.stack(columns, 1)


def problem(generator: torch.Generator):
    """Octahedral views: every point of a slice falls on a cell, where ridge and the printed formula are one."""
    d, rotations = disc(SIZE, 2), VIEWS
    data = torch.view_as_complex(torch.randn(5, len(d), 2, generator=generator, dtype=torch.float64))
    c = torch.randn(5, len(d), generator=generator, dtype=torch.float64)
    inverse = 0.5 + torch.rand(5, len(d), generator=generator, dtype=torch.float64)
    return d, rotations, data, c, inverse


def test_the_printed_formula_is_the_ridge_solution_in_double(generator: torch.Generator) -> None:
    d, rotations, data, c, inverse = problem(generator)
    m = ball_margin(d.radius)
    shape = (2 * m + 1, 2 * m + 1, m + 1)
    # A prior of its own for every shell; (real, imaginary) parts of a cell have the same.
    prior = (0.3 + 0.2 * ball_shells(m).double()).flatten()
    S = dense()
    A = c.flatten().repeat_interleave(2)[:, None] * S
    W = inverse.flatten().repeat_interleave(2)
    normal = A.T @ (W[:, None] * A) + torch.diag(prior.repeat(2))
    ridge = torch.linalg.solve(normal, A.T @ (W * torch.view_as_real(data).flatten()))
    known = torch.complex(*ridge.reshape(2, -1)).reshape(shape)
    where = (d.kx.double(), d.ky.double(), PAD)
    top = reference.insert(shape, rotations, data * c * inverse, *where)
    bottom = reference.insert(shape, rotations, c**2 * inverse, *where)
    assert float((top / (bottom + prior.reshape(shape)) - known).abs().max()) < 1e-8


@pytest.mark.parametrize("ratio", [1e-4, 0.3, 1e6])
def test_the_single_precision_path_is_the_same_to_its_rounding(ratio: float, generator: torch.Generator) -> None:
    """τ → 0 leaves nothing, τ → ∞ is weighted least squares, between them 1 / τ² = mean weight / ratio."""
    d, rotations, data, c, inverse = problem(generator)
    sums = BentInsertion(SIZE, d.radius)
    sums.add(rotations, (data * c * inverse).to(torch.complex64), (c**2 * inverse).float(), d)
    numerator, denominator = sums.total()
    curve = torch.full((d.radius + 1,), ratio, dtype=torch.float64)
    found = solve(numerator, denominator, SIZE, ssnr=curve, radius=d.radius, voxel_size=1.0)
    m = ball_margin(d.radius)
    where, shape = (d.kx.double(), d.ky.double(), PAD), tuple(numerator.shape)
    both = [reference.insert(shape, rotations, put, *where) for put in (data * c * inverse, c**2 * inverse)]
    for each in both:
        mate = each[:, :, 0].flip(0, 1)
        each[:, :, 0] += mate.conj() if each.is_complex() else mate
    top, bottom = both
    shells = ball_shells(m)
    prior = shell_density(bottom.float(), d.radius)[shells.clamp_max(d.radius)] / ratio
    exact = torch.where((bottom + prior > 0) & (shells <= d.radius), top / (bottom + prior).clamp_min(1e-12), 0)
    known = volume_of(exact.to(torch.complex64), SIZE)
    least_squares = torch.where((bottom > 0) & (shells <= d.radius), top / bottom.clamp_min(1e-12), 0)
    plain = volume_of(least_squares.to(torch.complex64), SIZE)
    assert float((found - known).abs().max()) < 1e-5 * float(plain.abs().max())
    if ratio < 0.001:
        assert float(found.norm()) < 1e-3 * float(plain.norm())
    if ratio > 1000:
        assert float((found - plain).norm()) < 1e-3 * float(plain.norm())
