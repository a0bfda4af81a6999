"""Pose steps for many images at once, with systems from automatic differentiation, which shares nothing with the kernels."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics import slices as sl
from vitreous.numerics.disc import disc
from vitreous.numerics.kernels import reference
from vitreous.numerics.kernels.marquardt import levenberg_marquardt
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations

SIZE, COUNT = 24, 3


@pytest.fixture
def problem(generator: torch.Generator):
    """Noiseless images of a smooth volume and what a Gauss-Newton step needs of them; calls are counted by image."""
    line = torch.arange(SIZE) - SIZE // 2
    centres = (torch.rand(12, 3, generator=generator) - 0.5) * SIZE * 0.5
    axes = [torch.exp(-((line - centres[:, i, None]) ** 2) / 8) for i in range(3)]
    d = disc(SIZE, 6)
    ball = sl.half_ball(torch.einsum("px,py,pz->zyx", *axes), d.radius).values
    rotation, shift = random_rotations(COUNT, generator), torch.randn(COUNT, 2, generator=generator, dtype=torch.float64)

    def model(five: torch.Tensor, turn: torch.Tensor, move: torch.Tensor) -> torch.Tensor:
        turned = (exponential(five[:3]) @ turn).float()
        found = reference.model(ball, turned, (move + five[3:]).float(), torch.ones(len(d)), d.kx, d.ky, sl.PAD, SIZE)
        return torch.view_as_real(found).double().flatten()

    zero, calls = torch.zeros(5, dtype=torch.float64), torch.zeros(COUNT, dtype=torch.int64)
    images = [model(zero, rotation[i], shift[i]) for i in range(COUNT)]

    def evaluate(rows: torch.Tensor, turns: torch.Tensor, moves: torch.Tensor):
        calls[rows] += 1
        J = [torch.autograd.functional.jacobian(lambda five, t=t, s=s: model(five, t, s), zero) for t, s in zip(turns, moves)]
        d = [images[i] - model(zero, t, s) for i, t, s in zip(rows.tolist(), turns, moves)]
        return torch.stack([r @ r for r in d]), torch.stack([j.T @ j for j in J]), torch.stack([j.T @ r for j, r in zip(J, d)])

    return evaluate, rotation, shift, calls


@pytest.mark.costly
def test_planted_poses_come_back(problem):
    evaluate, rotation, shift, calls = problem
    off = exponential(torch.tensor([[0.08, -0.05, 0.06], [0.0, 0.0, 0.0], [-0.06, 0.05, 0.1]], dtype=torch.float64))
    away = torch.tensor([[0.5, -0.4], [0.0, 0.0], [0.3, 0.3]], dtype=torch.float64)
    found, moved, misfit, covariance = levenberg_marquardt(evaluate, off @ rotation, shift + away, steps=20, limit=math.radians(5))
    # Blobs of 2 px sampled without noise: a step ends where it gains less than 0.02 of a misfit that began above 1 000.
    assert float(geodesic_deg(found, rotation).max()) < 0.5
    assert float((moved - shift).abs().max()) < 0.02
    before = evaluate(torch.arange(COUNT), off @ rotation, shift + away)[0]
    assert float((misfit[[0, 2]] / before[[0, 2]]).max()) < 1e-3
    torch.testing.assert_close(covariance, torch.linalg.inv(evaluate(torch.arange(COUNT), found, moved)[1]), rtol=1e-6, atol=0)
    # Two of the calls are this test's. An image that cannot improve stops once its damping has grown from 0.01 to beyond 1 000: 6 steps.
    assert int(calls.max()) < 14, "images that are done are not evaluated again"


def test_a_step_turns_no_further_than_its_limit(problem):
    evaluate, rotation, shift, _ = problem
    off = exponential(torch.tensor([[0.2, 0.0, 0.0]] * COUNT, dtype=torch.float64)) @ rotation
    found, *_ = levenberg_marquardt(evaluate, off, shift, steps=1, limit=math.radians(1))
    assert float(geodesic_deg(found, off).max()) < 1.0 + 1e-6


def test_images_that_are_not_numbers_stay_where_they_were():
    nothing = lambda rows, turns, moves: (  # noqa: E731
        torch.full((len(rows),), math.nan), torch.full((len(rows), 5, 5), math.nan), torch.full((len(rows), 5), math.nan)
    )  # fmt: skip
    start = torch.eye(3, dtype=torch.float64)[None]
    found, moved, misfit, _ = levenberg_marquardt(
        lambda *a: tuple(t.double() for t in nothing(*a)), start, torch.zeros(1, 2), steps=5, limit=0.1
    )
    assert torch.equal(found, start)
    assert torch.equal(moved, torch.zeros(1, 2, dtype=torch.float64))
    assert bool(misfit.isnan().all())
