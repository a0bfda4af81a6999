"""A matrix in words: rotations by their known axes and angles, mirrors, and what is neither."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.learning.rotation_in_words import axis_angle, in_words


def test_a_threefold_turn_of_the_cube_is_named():
    said = in_words([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert "120.00° about the axis (0.577, 0.577, 0.577)" in said
    assert "(0.5000, 0.5000, 0.5000, 0.5000)" in said


def test_half_turns_keep_their_axis_though_their_antisymmetric_part_is_zero():
    for axis in ([0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.6, 0.8, 0.0]):
        half_turn = torch.tensor(2 * np.outer(axis, axis) - np.eye(3))
        found, degrees = axis_angle(half_turn)
        np.testing.assert_allclose(found, axis, atol=1e-12)
        assert degrees == pytest.approx(180)


def test_no_turn_at_all_has_the_angle_zero():
    assert "0.00° about" in in_words(np.eye(3))


def test_a_mirror_is_told_from_a_rotation():
    said = in_words(np.diag([1.0, 1.0, -1.0]))
    assert "determinant −1" in said
    assert "mirror across the plane perpendicular to this axis" in said
    assert "(0.000, 0.000, 1.000)" in said


def test_scaling_and_shearing_are_told_apart():
    assert "lengths (2.000, 1.000, 1.000)" in in_words(np.diag([2.0, 1.0, 1.0]))
    assert "shears" in in_words([[1, 0.6, 0], [0, 0.8, 0], [0, 0, 1]])


def test_three_typed_decimals_are_enough():
    assert "90.00° about" not in in_words([[0.866, -0.5, 0], [0.5, 0.866, 0], [0, 0, 1]])
    assert "30.00° about" in in_words([[0.866, -0.5, 0], [0.5, 0.866, 0], [0, 0, 1]])


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="3 × 3"):
        in_words(np.eye(2))
