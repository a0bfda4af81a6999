from __future__ import annotations

import numpy as np
import pytest

from vitreous.data.motion import LOCAL_TERMS, Motion
from vitreous.stages.movies.alignment import path_lengths
from vitreous.stages.movies.field import NODES, ShiftField
from vitreous.stages.movies.local import polynomial_nodes, polynomial_of
from vitreous.stages.movies.patches import lay_out, window, window_spread


def test_the_field_meets_its_nodes_and_a_cubic_between_them():
    at = np.linspace(0, 1, NODES)
    values = np.stack([at[:, None] ** 3 - at[None] ** 2, 2 * at[:, None] * at[None]], axis=-1)[None]
    field = ShiftField((300, 400), values)
    x, y = np.array([10.0, 199.5, 333.0]), np.array([0.5, 150.0, 290.0])
    u, v = (x + 0.5) / 400, (y + 0.5) / 300
    np.testing.assert_allclose(field.at(x, y)[:, 0], np.stack([v**3 - u**2, 2 * v * u], axis=1), atol=1e-12)
    np.testing.assert_allclose(field.on_lattice(x, y)[0, range(3), range(3)], field.at(x, y)[:, 0], atol=1e-12)


def test_one_node_is_the_same_everywhere():
    field = ShiftField((100, 100), np.array([[1.0, 2.0], [3.0, 4.0]])[:, None, None])
    np.testing.assert_array_equal(field.at([5.0, 90.0], [7.0, 3.0])[:, 1], [[3, 4], [3, 4]])


@pytest.mark.parametrize("frames", [5, 30])
def test_a_polynomial_is_recovered_from_its_field(frames: int):
    local = np.random.default_rng(0).normal(size=(2, LOCAL_TERMS)) / frames ** np.tile([1, 2, 3], 6)
    nodes = polynomial_nodes(local, frames)
    np.testing.assert_allclose(polynomial_of(nodes), local, atol=1e-9)
    motion = Motion(shape=(200, 200), pixel_size=1.0, global_shifts=np.zeros((frames, 2)), local=local)
    np.testing.assert_allclose(nodes[3, -1, 0], motion.local_shift(3, 0.0, 200.0), atol=1e-12)


@pytest.mark.parametrize("shape", [(1024, 1024), (959, 1000), (310, 300), (64, 64)])
@pytest.mark.parametrize("asked", [None, (5, 5), (7, 3), (1, 1)])
def test_patches_cover_the_frame_and_stay_inside(shape: tuple[int, int], asked: tuple[int, int] | None):
    grid = lay_out(shape, 4.0, asked)
    corners = np.array(grid.corners)
    assert corners.min() >= 0
    assert (corners + grid.size <= shape).all()
    if asked is not None and min(shape) > 300:
        assert (len(grid.starts_x), len(grid.starts_y)) == asked
    assert ((grid.centres > 0) & (grid.centres < 1)).all()


def test_the_spread_of_a_window_is_that_of_the_fourth_power_of_a_sine():
    at = (np.arange(200) + 0.5) / 200
    assert window_spread(200) / 200 == pytest.approx(np.sqrt(np.average((at - 0.5) ** 2, weights=np.sin(np.pi * at) ** 4)))
    np.testing.assert_allclose(window(64)[:32] + window(64)[32:], 1.0)


def test_paths_are_parted_at_the_early_dose():
    shifts = np.array([[0, 0], [3, 4], [3, 5], [3, 7.0]])
    assert path_lengths(shifts, 2.0) == (8.0, 5.0, 3.0)
