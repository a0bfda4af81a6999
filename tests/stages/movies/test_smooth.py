from __future__ import annotations

import numpy as np
import pytest

from vitreous.stages.movies.smooth import Field, Measurements, Prior, choose_prior, space_covariance, time_covariance

PRIOR = Prior(amplitude=1.3, space=0.4, time=1.2, onset=4.0, noise=1.4)


def measurements(seed: int, frames: int = 6, blur: float = 0.05) -> Measurements:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 1, (7, 2))
    shifts = rng.normal(size=(7, frames, 2))
    return Measurements(
        places, np.array([blur, 2 * blur]), np.arange(frames) * 1.0, shifts - shifts.mean(axis=1, keepdims=True),
        rng.uniform(0.5, 3.0, (7, 2)),
    )  # fmt: skip


def dense(data: Measurements, prior: Prior, axis: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean, standard deviation and evidence by solving the whole system at once."""
    frames = len(data.times)
    centre = np.eye(frames) - 1 / frames
    basis = np.linalg.svd(centre)[0][:, : frames - 1]
    in_time = basis.T @ time_covariance(prior, data.times, data.times) @ basis
    near = space_covariance(prior, data.places, data.places, np.sqrt(2) * data.blur)
    noise = np.kron(np.diag(prior.noise / data.precision[:, axis]), np.eye(frames - 1))
    total = np.kron(near, in_time) + noise
    y = (data.shifts[:, :, axis] @ basis).ravel()
    cross = np.kron(space_covariance(prior, places, data.places, data.blur), in_time)
    mean = (cross @ np.linalg.solve(total, y)).reshape(len(places), -1) @ basis.T
    here = np.kron(np.full((len(places), 1), prior.amplitude**2) * np.eye(len(places)), in_time)
    spread = (here - cross @ np.linalg.solve(total, cross.T)).reshape(len(places), frames - 1, len(places), frames - 1)
    spread = np.stack([np.diag(basis @ spread[i, :, i] @ basis.T) for i in range(len(places))])
    evidence = -0.5 * (y @ np.linalg.solve(total, y) + np.linalg.slogdet(total)[1])
    return mean, np.sqrt(spread), evidence


@pytest.mark.parametrize("axis", [0, 1])
def test_the_diagonal_way_is_the_dense_way(axis: int):
    data = measurements(0)
    places = np.random.default_rng(1).uniform(0, 1, (5, 2))
    mean, spread, evidence = dense(data, PRIOR, axis, places)
    field = Field(data, PRIOR)
    np.testing.assert_allclose(field.at(places)[..., axis], mean, atol=1e-9)
    np.testing.assert_allclose(field.deviation(places)[..., axis], spread, atol=1e-7)
    other = Prior(amplitude=0.7, space=0.6, time=0.9, onset=2.0, noise=0.8)
    difference = data.modes(PRIOR, axis).log_evidence() - data.modes(other, axis).log_evidence()
    assert difference == pytest.approx(evidence - dense(data, other, axis, places)[2], abs=1e-8)


def test_blurred_covariance_is_the_mean_over_both_windows():
    rng = np.random.default_rng(2)
    a, b, blur = np.array([[0.2, 0.3]]), np.array([[0.5, 0.35]]), np.array([0.1, 0.05])
    jitter = rng.normal(size=(2, 200_000, 2)) * blur
    sharp = np.exp(-0.5 * (((a + jitter[0]) - (b + jitter[1])) ** 2).sum(axis=-1) / PRIOR.space**2).mean()
    found = space_covariance(PRIOR, a, b, np.sqrt(2) * blur)[0, 0] / PRIOR.amplitude**2
    assert found == pytest.approx(sharp, abs=4 * 0.15 / np.sqrt(200_000))


def test_times_between_the_measurements_agree_with_them():
    data = measurements(3, frames=9)
    field, places = Field(data, PRIOR), np.array([[0.4, 0.6]])
    np.testing.assert_allclose(field.at(places, data.times.copy()), field.at(places), atol=1e-10)
    between = field.at(places, np.array([3.0, 3.5, 4.0]))
    assert np.all(np.abs(between[:, 1] - between[:, [0, 2]].mean(axis=1)) < 0.3 * PRIOR.amplitude)


def test_the_prior_is_learnt_from_the_measurements():
    rng = np.random.default_rng(4)
    x, y = (g.ravel() for g in np.meshgrid(np.linspace(0.1, 0.9, 7), np.linspace(0.1, 0.9, 7)))
    places, times, truth = np.stack([x, y], axis=1), np.arange(24.0), Prior(amplitude=2.0, space=0.35, time=1.5, onset=5.0)
    zero = np.zeros(2)
    root = np.linalg.cholesky(space_covariance(truth, places, places, zero) + 1e-9 * np.eye(49))
    values, vectors = np.linalg.eigh(time_covariance(truth, times, times))
    field = np.einsum("pq,qta,ft->pfa", root, rng.normal(size=(49, 24, 2)), vectors * np.sqrt(values.clip(0)))
    noisy = field + rng.normal(0, 0.5, field.shape)
    noisy -= noisy.mean(axis=1, keepdims=True)
    data = Measurements(places, zero, times, noisy, np.full((49, 2), 4.0))
    found = choose_prior(data, Prior())
    assert found.space == pytest.approx(0.35, rel=0.25)
    assert found.noise == pytest.approx(1.0, rel=0.15)
    error = lambda prior: np.sqrt(((Field(data, prior).at(places) - field) ** 2).mean())  # noqa: E731
    assert error(found) < 1.1 * error(truth) < 0.5 * 0.5, "about as good as with the true prior, and far below the noise of 0.5"
