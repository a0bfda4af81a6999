"""Mean, variance, evidence against dense Gaussian algebra; priors learnt from what was drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from vitreous.runtime.devices import one_torch_thread
from vitreous.stages.polish.learn import learn_prior
from vitreous.stages.polish.posterior import Measured, posterior_of
from vitreous.stages.polish.prior import OFFSET, MotionPrior, draw_tracks, prior_modes

CHANCE = np.random.default_rng(3)
PLACES = CHANCE.uniform(0, 3000, (6, 2))
PRIOR, OTHER = MotionPrior(0.4, 1500.0, 0.7, 1.2), MotionPrior(0.2, 4000.0, 0.3, 0.9)
FRAME = np.array([2.0, 1.0, 0.5, 0.7, 0.1])
DATA = Measured(PLACES, CHANCE.normal(size=(6, 5, 2)), np.tile(FRAME, (6, 1)), 1.5)


def dense(prior: MotionPrior) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of tracks, and of what is measured, particle slowest."""
    modes = prior_modes(prior, PLACES, 5, 1.5)
    tracks = np.einsum("pb,bfg,qb->pfqg", modes.space, modes.covariance, modes.space).reshape(30, 30)
    return tracks, tracks + np.diag(prior.noise / DATA.information.ravel())


def test_mean_variance_and_pull_are_those_of_the_dense_model() -> None:
    found = posterior_of(PRIOR, DATA)
    tracks, total = dense(PRIOR)
    mean, pull = found.mean(DATA.shifts)
    weights = np.linalg.solve(total, DATA.shifts.reshape(30, 2))
    np.testing.assert_allclose(mean.reshape(30, 2), tracks @ weights, atol=1e-8)
    np.testing.assert_allclose(pull.reshape(30, 2), weights, atol=1e-8)
    variance = np.diag(tracks - tracks @ np.linalg.solve(total, tracks))
    np.testing.assert_allclose(found.deviation().ravel(), np.sqrt(variance), rtol=1e-6)


def test_evidence_is_that_of_the_dense_model() -> None:
    def exact(prior: MotionPrior) -> float:
        return sum(multivariate_normal(cov=dense(prior)[1]).logpdf(DATA.shifts[..., axis].ravel()) for axis in (0, 1))

    ours = posterior_of(PRIOR, DATA).log_evidence(DATA.shifts) - posterior_of(OTHER, DATA).log_evidence(DATA.shifts)
    assert ours == pytest.approx(exact(PRIOR) - exact(OTHER), abs=1e-6)


def simulated(truth: MotionPrior, movies: int, *, information: float = 2.0, seed: int = 1) -> tuple[list[Measured], list[np.ndarray]]:
    """Movies of 5000 Å with 100 particles of unlike precision, 20 frames that fade, and poses that are off by 1 Å."""
    chance, data, tracks = np.random.default_rng(seed), [], []
    for _ in range(movies):
        places = chance.uniform(0, 5000, (100, 2))
        went = draw_tracks(truth, places, 20, 1.3, chance) + chance.normal(0, 1, (100, 1, 2))
        known = information * np.outer(chance.uniform(0.7, 1.3, 100) ** 2, np.exp(-np.arange(20) / 30))
        data.append(Measured(places, went + chance.standard_normal(went.shape) / np.sqrt(known)[..., None], known, 1.3))
        tracks.append(went)
    return data, tracks


def test_the_prior_is_learnt_from_enough_particles() -> None:
    truth = MotionPrior(0.25, 2500.0, 0.4)
    data, _ = simulated(truth, 5)
    with one_torch_thread():
        found = learn_prior(data)
    # the aim: each within 20 %; ten seeds lie within 12 %
    for name in ("velocity", "distance", "acceleration"):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=0.2), name
    assert found.noise == pytest.approx(1.0, abs=0.04)


def test_tracks_err_by_what_is_stated() -> None:
    truth = MotionPrior(0.25, 2500.0, 0.4)
    data, tracks = simulated(truth, 4, information=0.5, seed=2)
    found = [posterior_of(truth, each) for each in data]
    error = np.concatenate([each.mean(one.shifts)[0] - went for each, one, went in zip(found, data, tracks)])
    stated = np.concatenate([each.deviation() for each in found])
    # 800 tracks of correlated errors: their r.m.s. is known to a few percent
    assert np.sqrt(np.square(error / stated[..., None]).mean()) == pytest.approx(1.0, abs=0.06)


def test_without_motion_none_is_learnt() -> None:
    chance = np.random.default_rng(5)
    places, known = chance.uniform(0, 5000, (100, 2)), np.full((100, 20), 2.0)
    still = Measured(places, chance.standard_normal((100, 20, 2)) / np.sqrt(2.0), known, 1.3)
    found = learn_prior([still])
    tracks = posterior_of(found, still).mean(still.shifts)[0]
    # of shifts of 0.7 Å hardly a hundredth is left, the particles' own mean apart
    assert np.sqrt(np.square(tracks - tracks.mean(1, keepdims=True)).mean()) < 0.02


def test_offsets_are_free_within_ten_angstrom() -> None:
    far = Measured(PLACES, np.full((6, 5, 2), 5.0), np.full((6, 5), 4.0), 1.5)
    np.testing.assert_allclose(posterior_of(PRIOR, far).mean(far.shifts)[0], 5.0, atol=0.05)
    assert OFFSET == 10.0
