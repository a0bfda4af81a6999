"""Matching and its figures, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.stages.picking import Agreement, agreement, match_picks, roc_auc


def test_a_hand_case() -> None:
    true = np.array([[0.0, 0], [100, 0], [200, 0], [300, 0]])
    found = np.array([[3.0, 4], [104, 0], [99, 0], [260, 0]])
    # 5 px from the first; the second has two candidates and takes the nearer; 40 px from the fourth is too far.
    assert match_picks(found, true, 20.0).tolist() == [[0, 0], [2, 1]]
    got = agreement(found, true, 20.0)
    assert (got.precision, got.recall, got.f1) == (0.5, 0.5, 0.5)


def test_as_many_pairs_as_can_be_and_then_the_nearest() -> None:
    # Taking the nearest first (found 0 with true 1, 1 px) would leave found 1 without a partner.
    true, found = np.array([[0.0, 0], [10, 0]]), np.array([[9.0, 0], [18, 0]])
    assert match_picks(found, true, 9.5).tolist() == [[0, 0], [1, 1]]


def test_counts_add_and_empty_sets_agree() -> None:
    total = Agreement(8, 10, 9) + Agreement(0, 0, 3)
    assert total == Agreement(8, 10, 12)
    assert total.f1 == pytest.approx(2 * 0.8 * (8 / 12) / (0.8 + 8 / 12))
    empty = agreement(np.zeros((0, 2)), np.zeros((0, 2)), 5.0)
    assert (empty.precision, empty.recall, empty.f1) == (1.0, 1.0, 1.0)
    assert agreement(np.zeros((1, 2)), np.zeros((0, 2)), 5.0).f1 == 0.0


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_order_does_not_matter_and_pairs_are_one_to_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true, found = rng.uniform(0, 100, (12, 2)), rng.uniform(0, 100, (15, 2))
    pairs = match_picks(found, true, 15.0)
    a, b = rng.permutation(15), rng.permutation(12)
    again = match_picks(found[a], true[b], 15.0)
    assert sorted(zip(a[again[:, 0]], b[again[:, 1]])) == sorted(map(tuple, pairs.tolist()))
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert (np.linalg.norm(found[pairs[:, 0]] - true[pairs[:, 1]], axis=1) <= 15).all()


def test_area_under_the_curve() -> None:
    labels = np.array([1, 1, 0, 1, 0, 0])
    assert roc_auc(np.array([6.0, 5, 4, 3, 2, 1]), labels) == pytest.approx(8 / 9)
    assert roc_auc(-np.array([6.0, 5, 4, 3, 2, 1]), labels) == pytest.approx(1 / 9)
    assert roc_auc(np.ones(6), labels) == 0.5


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="radius must be positive, in pixels; got 0"):
        match_picks(np.zeros((1, 2)), np.zeros((1, 2)), 0.0)
    with pytest.raises(InputError, match="is_particle must be of both kinds; got '2 true, 0 false'"):
        roc_auc(np.ones(2), np.ones(2))
