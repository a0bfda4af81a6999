"""Planted motion: its closed form, its inverse, and pictures moved by it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.numerics.filters import low_pass
from vitreous.numerics.fourier import irfft2, rfft2, shift
from vitreous.simulate.motion import grid, random_motion
from vitreous.simulate.placement import place_discs
from vitreous.simulate.warp import nodes, spline_gain, warp

DOSE = 2.5 * np.arange(12)
FIELD = (4000.0, 3000.0)


def drawn(seed: int, **kind: float):
    return random_motion(FIELD, DOSE, np.random.default_rng(seed), **({"drift": 20.0, "local": 5.0} | kind))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_has_moved_in_the_first_frame_and_most_early(seed):
    motion = drawn(seed)
    assert np.abs(motion.track(np.array([[100.0, 200.0], [3000.0, 50.0]]))[:, 0]).max() == 0
    length = np.linalg.norm(motion.drift, axis=1)
    assert 10 < length[-1] < 30
    assert length[4] > 0.5 * length[-1]


def test_local_motion_has_the_size_asked_for():
    field = drawn(3).local(-1, grid(np.linspace(0, 4000, 41), np.linspace(0, 3000, 31)))
    assert math.sqrt((field**2).sum(-1).mean()) == pytest.approx(5.0, rel=0.05)


def test_a_low_order_polynomial_does_not_follow_it_exactly():
    """A least-squares quadratic in x and y (what the usual patch model has) leaves a residue: a test of models, not a mirror."""
    places = grid(np.linspace(0, 4000, 25), np.linspace(0, 3000, 25)).reshape(-1, 2)
    x, y = (places / 4000 - 0.5).T
    basis = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], 1)
    for seed in range(3):
        values = drawn(seed).local(-1, places)
        rest = values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
        assert 0.03 < np.sqrt((rest**2).mean() / (values**2).mean()) < 0.9


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), frame=st.integers(0, 11))
def test_source_undoes_the_track(seed, frame):
    motion = drawn(seed, local=8.0)
    places = np.random.default_rng(seed).uniform((0, 0), FIELD, (20, 2))
    moved = places + motion.track(places)[:, frame]
    assert np.abs(motion.source(frame, moved) - places).max() < 0.02


def test_warp_by_a_constant_is_the_fourier_shift():
    picture = low_pass(torch.randn(96, 120, generator=torch.Generator().manual_seed(0)), 5.0, 1.0, axes=2)
    want = shift(picture, torch.tensor([3.3, -2.45]))[16:80, 16:104]
    coefficients = irfft2(rfft2(picture) * spline_gain((96, 120)), (96, 120))
    source = grid(nodes(88) + 16 - 3.3, nodes(64) + 16 + 2.45)
    got = torch.from_numpy(warp(coefficients, source, (64, 88)))
    # content ends at 0.4 Nyquist, where a cubic spline's error is under 1 %
    assert float((got - want).std() / want.std()) < 0.01


def test_discs_keep_apart_and_inside():
    obstacle = np.array([[500.0, 500.0, 200.0]])
    points = place_discs(40, (4000.0, 3000.0), 300.0, np.random.default_rng(0), margin=160, obstacles=obstacle)
    gaps = np.linalg.norm(points[:, None] - points, axis=-1) + 1e9 * np.eye(40)
    assert gaps.min() >= 300
    assert points.min() >= 160
    assert (points <= np.array([3840, 2840])).all()
    assert np.linalg.norm(points - 500, axis=1).min() >= 350


def test_too_many_discs_are_refused():
    with pytest.raises(InputError, match=r"particles must fit into 1000 × 1000 Å.*got 50"):
        place_discs(50, (1000.0, 1000.0), 300.0, np.random.default_rng(0))
