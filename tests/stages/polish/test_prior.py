"""The prior against the dense matrices of its definition."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.stages.polish.prior import OFFSET, MotionPrior, draw_tracks, prior_modes

PLACES = np.random.default_rng(0).uniform(0, 3000, (7, 2))
PRIOR = MotionPrior(velocity=0.4, distance=1500.0, acceleration=0.7)
FRAMES, DOSE = 6, 1.5


def dense_covariance(places: np.ndarray, prior: MotionPrior, frames: int, dose: float) -> np.ndarray:
    """Of tracks (particle slowest, frame fastest) by inverting the energy's matrix."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    kernel = (prior.velocity * dose) ** 2 * np.exp(-apart / prior.distance)
    change = np.diff(np.eye(frames - 1), axis=0)
    precision = np.kron(np.linalg.inv(kernel), np.eye(frames - 1))
    precision += np.kron(np.eye(len(places)), change.T @ change) / (prior.acceleration * dose) ** 2
    add_up = np.kron(np.eye(len(places)), np.vstack([np.zeros(frames - 1), np.tril(np.ones((frames - 1, frames - 1)))]))
    return add_up @ np.linalg.inv(precision) @ add_up.T


def test_modes_hold_the_covariance_of_the_energy() -> None:
    modes = prior_modes(PRIOR, PLACES, FRAMES, DOSE)
    found = np.einsum("pb,bfg,qb->pfqg", modes.space, modes.covariance - OFFSET**2, modes.space).reshape(7 * FRAMES, -1)
    np.testing.assert_allclose(found, dense_covariance(PLACES, PRIOR, FRAMES, DOSE), atol=1e-8)


def test_drawn_tracks_have_it() -> None:
    chance = np.random.default_rng(1)
    drawn = np.concatenate([draw_tracks(PRIOR, PLACES, FRAMES, DOSE, chance) for _ in range(800)], -1)
    sample = drawn.reshape(7 * FRAMES, -1)
    want = dense_covariance(PLACES, PRIOR, FRAMES, DOSE)
    # 1600 draws know a covariance to √(2/1600) = 3.5 % of the product of standard deviations; four of these, of the largest.
    np.testing.assert_allclose(sample @ sample.T / sample.shape[1], want, atol=0.14 * want.max())
    assert np.abs(drawn[:, 0]).max() == 0


def test_a_stiff_prior_moves_all_alike_and_steadily() -> None:
    tracks = draw_tracks(MotionPrior(velocity=0.4, distance=1e7, acceleration=1e-4), PLACES, 12, 1.0, np.random.default_rng(2))
    steps = np.diff(tracks, axis=1)
    assert np.abs(steps - steps.mean((0, 1))).max() < 0.02 * np.abs(steps).max()


def test_bad_input() -> None:
    for bad in ({"velocity": 0.0}, {"distance": -1.0}, {"acceleration": 0.0}, {"noise": -2.0}):
        with pytest.raises(InputError, match=f"{next(iter(bad))} must be positive"):
            MotionPrior(**bad)
    with pytest.raises(InputError, match="number of frames must be 2 or more"):
        prior_modes(PRIOR, PLACES, 1, 1.0)
