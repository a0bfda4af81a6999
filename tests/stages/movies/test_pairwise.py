from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.stages.movies.pairwise import shifts_from_pairs, step_matrix


def all_pairs(frames: int) -> np.ndarray:
    return np.array([(i, j) for i in range(frames) for j in range(i + 1, frames)])


def planted(frames: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    places = np.cumsum(rng.normal(0, 3, (frames, 2)), axis=0)
    places -= places[0]
    pairs = all_pairs(frames)
    return pairs, places[pairs[:, 1]] - places[pairs[:, 0]], places


def test_step_matrix_sums_the_steps_between_two_frames():
    np.testing.assert_array_equal(step_matrix(np.array([[0, 1], [1, 4], [2, 3]]), 5), [[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 1, 0]])


@given(frames=st.integers(2, 24), seed=st.integers(0, 1000), method=st.sampled_from(["robust", "drop"]))
@settings(max_examples=20, deadline=None)
def test_exact_pairs_give_exact_shifts(frames: int, seed: int, method: str):
    pairs, shifts, places = planted(frames, seed)
    found, used = shifts_from_pairs(pairs, shifts, frames, method=method)
    assert np.abs(found - places).max() < 1e-10
    assert used.all()


@pytest.mark.parametrize("method", ["robust", "drop"])
@pytest.mark.parametrize("seed", range(4))
def test_a_fifth_of_wrong_pairs_is_left_out(seed: int, method: str):
    pairs, shifts, places = planted(20, seed)
    rng = np.random.default_rng(100 + seed)
    # 190 pairs of error 0.05 px share 19 steps: the error of a place is about 0.05 / √10 = 0.016 px.
    shifts = shifts + rng.normal(0, 0.05, shifts.shape)
    wrong = rng.random(len(pairs)) < 0.2
    shifts[wrong] += rng.uniform(5, 50, (wrong.sum(), 2)) * rng.choice([-1, 1], (wrong.sum(), 2))
    found, used = shifts_from_pairs(pairs, shifts, 20, method=method)
    off = (found - places) - (found - places).mean(axis=0)
    assert np.sqrt((off**2).mean()) < 0.05
    assert not used[wrong].any()
    plain = np.vstack([np.zeros((1, 2)), np.cumsum(np.linalg.lstsq(step_matrix(pairs, 20), shifts, rcond=None)[0], axis=0)])
    assert np.sqrt(((plain - places) ** 2).mean()) > 0.5, "without rejection the same pairs fail: the test can fail"


def test_pairs_that_do_not_link_all_frames_are_refused():
    with pytest.raises(InputError, match="pairs must link all frames; got links for 2 of 3 steps"):
        shifts_from_pairs(np.array([[0, 1], [2, 3]]), np.zeros((2, 2)), 4)


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="method must be robust or drop; got 'ransac'"):
        shifts_from_pairs(np.array([[0, 1]]), np.zeros((1, 2)), 2, method="ransac")
