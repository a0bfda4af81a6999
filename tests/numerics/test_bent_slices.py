"""Insertion of bent slices: against plain torch, against flat ones, and the adjoint law in double precision."""

from __future__ import annotations

import numba
import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics import slices as sl
from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.kernels import curved, reference
from vitreous.numerics.rotations import random_rotations


def bend(d: Disc) -> torch.Tensor:
    """A paraboloid of 1.9 units at the rim of a disc of 32 pixels."""
    return (d.kx**2 + d.ky**2) / 120


def random(d: Disc, count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    values = torch.view_as_complex(torch.randn(count, len(d), 2, generator=generator))
    return random_rotations(count, generator), values, torch.rand(count, len(d), generator=generator)


@pytest.mark.parametrize("size", [32, 33])
@pytest.mark.parametrize("bent", [True, False])
def test_sums_agree_with_reference(size: int, bent: bool, generator: torch.Generator) -> None:
    d = disc(size)
    rotations, values, weights = random(d, 9, generator)
    rise = bend(d) if bent else torch.zeros(len(d))
    sums = BentInsertion(size, d.radius)
    sums.add(rotations[:4], values[:4], weights[:4], d, rise if bent else None)
    sums.add(rotations[4:], values[4:], weights[4:], d, rise if bent else None)
    numerator, denominator = sums.total()
    for found, put in ((numerator, values), (denominator, weights)):
        plain = curved.insert_reference(tuple(found.shape), rotations.float(), put, d.kx, d.ky, rise, sl.PAD)
        mate = plain[:, :, 0].flip(0, 1)
        plain[:, :, 0] += mate.conj() if plain.is_complex() else mate
        # Rounding of positions up to 66 in single precision.
        assert (found - plain).abs().max() < 1e-4 * plain.abs().max()


def test_flat_slices_are_those_of_the_plain_insertion(generator: torch.Generator) -> None:
    d = disc(32)
    given = random(d, 9, generator)
    one, other = sl.Insertion(32, d.radius), BentInsertion(32, d.radius)
    one.add(*given, d)
    other.add(*given, d)
    for a, b in zip(one.total(), other.total()):
        assert (a - b).abs().max() < 1e-5 * a.abs().max()


def test_a_slice_that_rises_is_the_slice_of_a_moved_volume(generator: torch.Generator) -> None:
    """Known places: at R = 1 a point (kx, ky, kz) of an otherwise flat disc goes to cell (2 kx, 2 ky, 2 kz), and nowhere else."""
    d = disc(16)
    at = int(((d.kx == 3) & (d.ky == -2)).nonzero())
    values = torch.zeros(1, len(d), dtype=torch.complex64)
    values[0, at] = 2 + 1j
    sums = BentInsertion(16, d.radius)
    sums.add(torch.eye(3)[None], values, values.real.contiguous(), d, torch.full((len(d),), 1.5))
    numerator, denominator = sums.total()
    m = sl.ball_margin(d.radius)
    assert [tuple(each) for each in numerator.nonzero().tolist()] == [(m + 3, m - 4, 6)]
    assert complex(numerator[m + 3, m - 4, 6]) == pytest.approx(2 + 1j)
    assert float(denominator[m + 3, m - 4, 6]) == pytest.approx(2)


def inner(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.conj() * b).real.sum())


@pytest.mark.parametrize("bent", [True, False])
def test_insertion_is_the_adjoint_of_slicing_in_double(bent: bool, generator: torch.Generator) -> None:
    """⟨S x, y⟩ = ⟨x, S* y⟩ to the rounding of double precision, by the plain meaning of the kernels."""
    d, rotations = disc(24), random_rotations(5, generator).double()
    m = sl.ball_margin(d.radius)
    ball = torch.view_as_complex(torch.randn(2 * m + 1, 2 * m + 1, m + 1, 2, generator=generator, dtype=torch.float64))
    values = torch.view_as_complex(torch.randn(5, len(d), 2, generator=generator, dtype=torch.float64))
    if bent:
        where = (rotations, d.kx.double(), d.ky.double(), bend(d).double(), sl.PAD)
        forward, back = curved.slices_reference(ball, *where), curved.insert_reference(tuple(ball.shape), where[0], values, *where[1:])
    else:
        where = (rotations, d.kx.double(), d.ky.double(), sl.PAD)
        forward, back = reference.slices(ball, *where), reference.insert(tuple(ball.shape), where[0], values, *where[1:])
    assert abs(inner(forward, values) - inner(ball, back)) < 1e-13 * float(forward.norm() * values.norm())


def test_insertion_is_the_adjoint_of_slicing_in_single(generator: torch.Generator) -> None:
    """The same for the fast kernels; the total adds mates on the plane x = 0, which counts there twice for a ball that agrees."""
    d, (rotations, values, weights) = disc(32), random(disc(32), 9, generator)
    ball = sl.half_ball(torch.randn(32, 32, 32, generator=generator), d.radius)
    sums = BentInsertion(32, d.radius)
    sums.add(rotations, values, weights, d)
    numerator, _ = sums.total()
    forward = sl.slices(ball, rotations, d)
    share = torch.ones(numerator.shape)
    share[:, :, 0] = 0.5
    assert abs(inner(forward, values) - inner(ball.values, numerator * share)) < 1e-5 * float(forward.norm() * values.norm())


def test_the_sum_is_the_same_for_any_number_of_threads(generator: torch.Generator) -> None:
    d, given = disc(32), random(disc(32), 40, generator)
    before, found = numba.get_num_threads(), []
    for threads in (1, before):
        numba.set_num_threads(threads)
        sums = BentInsertion(32, d.radius)
        sums.add(*given, d, bend(d))
        found.append(sums.total())
    numba.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found))


def test_points_outside_the_ball_are_refused() -> None:
    d = disc(16)
    with pytest.raises(InputError, match="at most 8"):
        BentInsertion(16, 7).add(torch.eye(3)[None], torch.ones(1, len(d), dtype=torch.complex64), torch.ones(1, len(d)), d,
                                 torch.full((len(d),), 5.0))  # fmt: skip
