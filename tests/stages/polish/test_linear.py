"""Straight tracks: exact ones recovered, equal weights a single regression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.stages.polish.linear import linear_tracks, running_sums

CHANCE = np.random.default_rng(1)
PLACES = CHANCE.uniform(0, 2000, (30, 2))
FRAMES = np.arange(9.0)


def test_a_common_line_is_recovered_exactly() -> None:
    line = np.array([1.0, -2.0]) + np.array([0.3, 0.1]) * FRAMES[:, None]
    np.testing.assert_allclose(linear_tracks(np.tile(line, (30, 1, 1)), PLACES, 400.0), np.tile(line, (30, 1, 1)), atol=1e-12)


def test_without_neighbours_each_has_its_own_line() -> None:
    lines = CHANCE.normal(size=(30, 1, 2)) + CHANCE.normal(size=(30, 1, 2)) * FRAMES[:, None]
    np.testing.assert_allclose(linear_tracks(lines, PLACES, 1e-3), lines, atol=1e-9)


def test_equal_weights_are_one_regression() -> None:
    shifts = CHANCE.normal(size=(30, 9, 2))
    found = linear_tracks(shifts, PLACES, np.inf)
    for axis in (0, 1):
        slope, start = np.polyfit(np.tile(FRAMES, 30), shifts[..., axis].ravel(), 1)
        np.testing.assert_allclose(found[..., axis], np.tile(start + slope * FRAMES, (30, 1)), atol=1e-10)


def test_near_ones_count_more() -> None:
    places = np.array([[0.0, 0.0], [100.0, 0.0], [2000.0, 0.0]])
    shifts = np.array([0.0, 1.0, 9.0])[:, None, None] * np.ones((3, 9, 2))
    want = np.exp(-0.5 * (100 / 300) ** 2) / (1 + np.exp(-0.5 * (100 / 300) ** 2))
    np.testing.assert_allclose(linear_tracks(shifts, places, 300.0)[0], want, atol=1e-6)


def test_running_sums_add_the_frames_about_each(scene: Callable) -> None:
    fits = scene(PLACES, np.zeros((30, 6, 2))).observed.fits
    found, each = running_sums(fits, 3).coefficients, fits.coefficients
    np.testing.assert_allclose(found[:, 2], each[:, 1:4].sum(1), atol=2e-3)
    np.testing.assert_allclose(found[:, 0], each[:, :2].sum(1), atol=2e-3)


def test_bad_input(scene: Callable) -> None:
    with pytest.raises(InputError, match="sigma must be positive, in Å"):
        linear_tracks(np.zeros((30, 9, 2)), PLACES, 0.0)
    with pytest.raises(InputError, match="frames of a running average must be an odd number; got 4"):
        running_sums(scene(PLACES, np.zeros((30, 6, 2))).observed.fits, 4)
