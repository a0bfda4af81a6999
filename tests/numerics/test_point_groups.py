"""Planted heaps are found and counted; clouds without any are left whole."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.numerics.point_groups import point_groups


def planted(side: int, each: int, deviation: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Heaps on a square grid of spacing 1, in random order, and the heap of each point as they first occur."""
    chance = np.random.default_rng(seed)
    labels = chance.permutation(np.repeat(np.arange(side * side), each))
    points = np.stack([labels % side, labels // side], -1) + deviation * chance.normal(size=(len(labels), 2))
    order = list(dict.fromkeys(labels.tolist()))
    return points, np.array([order.index(label) for label in labels])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("side", "each", "deviation"), [(2, 10, 0.1), (3, 5, 0.1), (3, 60, 0.1), (5, 12, 0.1), (7, 20, 0.05), (3, 8, 0)])
def test_planted_heaps_are_recovered(side: int, each: int, deviation: float, seed: int):
    points, labels = planted(side, each, deviation, seed)
    np.testing.assert_array_equal(point_groups(points), labels)
    # neither shift nor scale matters, nor a turn
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    np.testing.assert_array_equal(point_groups(3e-3 * points @ turn.T - 0.2), labels)


def test_heaps_of_different_sizes():
    points, labels = planted(3, 40, 0.05, 0)
    kept = (labels != 4) | (np.cumsum(labels == 4) <= 3)
    assert point_groups(points[kept]).max() == 8


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 2, 3, 10, 30, 100])
def test_clouds_are_left_whole(count: int, seed: int):
    chance = np.random.default_rng(seed)
    for points in (chance.normal(size=(count, 2)), chance.uniform(size=(count, 2))):
        assert not point_groups(points).any()


def test_one_place_or_none():
    assert not point_groups(np.full((20, 2), 3.0)).any()
    assert len(point_groups(np.zeros((0, 2)))) == 0


def test_bad_points():
    with pytest.raises(InputError, match=r"points must be finite, \(n, dimensions\)"):
        point_groups(np.array([[0.0, np.nan]]))
    with pytest.raises(InputError, match="points must be finite"):
        point_groups(np.zeros(3))
