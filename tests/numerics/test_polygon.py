"""Points inside a polygon."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from vitreous.numerics.polygon import inside_polygon


def test_a_square_with_a_bite():
    # An L: the upper right quarter is outside.
    corners = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    x, y = [0.5, 1.5, 0.5, 1.5, -1, 0.5], [0.5, 0.5, 1.5, 1.5, 0.5, 3]
    assert inside_polygon(x, y, corners).tolist() == [True, True, True, False, False, False]


def test_what_is_wound_twice_is_outside():
    """The heart of a five-pointed star drawn in one stroke."""
    turn = np.deg2rad(90 + 144 * np.arange(5))
    star = np.stack([np.cos(turn), np.sin(turn)], -1)
    assert inside_polygon([0.0, 0.0], [0.0, 0.7], star).tolist() == [False, True]


def test_no_number_is_nowhere():
    assert not inside_polygon([np.nan, 0.5, np.inf], [0.5, np.nan, 0.5], [(0, 0), (1, 0), (1, 1), (0, 1)]).any()


def test_tiles_that_share_edges_share_no_point():
    """Every grid point, those on the edges too, lies in exactly one of four tiles or on the outer rim."""
    x, y = (each.ravel() for each in np.meshgrid(np.arange(0.25, 4, 0.25), np.arange(0.25, 4, 0.25)))
    tiles = [[(i, j), (i + 2, j), (i + 2, j + 2), (i, j + 2)] for i in (0, 2) for j in (0, 2)]
    assert (sum(inside_polygon(x, y, tile).astype(int) for tile in tiles) == 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_matplotlib_agrees(seed: int):
    """Simple polygons, star-shaped about a point: there matplotlib's rule (non-zero winding) and ours are one."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 23))
    corners = np.stack([np.cos(angle), np.sin(angle)], -1) * rng.uniform(0.2, 1, 23)[:, None]
    points = rng.uniform(-1, 1, (100_000, 2))
    found = inside_polygon(*points.T, corners)
    assert 0.05 < found.mean() < 0.6
    assert (found == Outline(corners).contains_points(points)).all()
