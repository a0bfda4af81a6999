"""Each usual mistake is named; a right answer is right; what is none of them is shown where it differs most."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from vitreous.learning.diagnosis import compare

CHANCE = np.random.default_rng(1)
VECTOR = CHANCE.normal(size=24) + 1j * CHANCE.normal(size=24)
IMAGE = CHANCE.normal(size=(12, 12))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda a: None, "return"),
        (lambda a: "text", "array of numbers"),
        (lambda a: [[1], [1, 2]], "array of numbers"),
        (lambda a: np.append(a, 0), "One too many"),
        (lambda a: a.reshape(4, 6), "arrangement"),
        (lambda a: np.where(np.arange(24) == 3, np.nan, a), "1 of 24 values that are not finite"),
        (lambda a: a.real, "The real part is right"),
        (lambda a: np.abs(a), "magnitude"),
        (lambda a: -a, "sign"),
        (lambda a: a.conj(), "conjugate"),
        (lambda a: 24 * a, "N = 24"),
        (lambda a: a / 24, "1/(N = 24)"),
        (lambda a: a / math.sqrt(24), "√N"),
        (lambda a: 2 * math.pi * a, "2π"),
        (lambda a: 1j * a, "i times"),
        (lambda a: 0.37 * a, "0.37 times"),
        (lambda a: a.conj() / 24, "conjugate of the right one (the sign in the exponent?) and its normalisation"),
        (lambda a: a[::-1], "backwards"),
        (lambda a: np.roll(a, 12), "half the length"),
        (lambda a: np.roll(a, 1), "shifted by one"),
        (lambda a: np.append(a[:-1], 0), "last sample"),
        (lambda a: np.append(0, a[1:]), "first sample"),
        (lambda a: a + 0.1 * (np.arange(24) == 7) + 0.01, "at index 7"),
    ],
)
def test_mistakes_with_a_vector_are_named(spoil: Callable, words: str):
    told = compare(spoil(VECTOR), VECTOR, "the transform")
    assert not told.right
    assert words in told.text, told.text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda a: a.T, "transposed"),
        (lambda a: a[:, ::-1], "mirrored along axis 1"),
        (lambda a: np.roll(a, (6, 6), (0, 1)), "fftshift"),
        (lambda a: np.roll(a, 1, 0), "along axis 0"),
        (lambda a: -a.T, "transposed: rows are y, columns are x and its sign"),
        (lambda a: a[:, :10], "shape"),
    ],
)
def test_mistakes_with_an_image_are_named(spoil: Callable, words: str):
    told = compare(spoil(IMAGE), IMAGE, "the image")
    assert not told.right
    assert words in told.text, told.text


def test_transposed_shapes_are_recognised():
    assert "transposed" in compare(np.ones((3, 5)), np.ones((5, 3)), "the image").text


def test_right_answers_are_right_whatever_holds_them():
    assert compare(VECTOR * (1 + 1e-9), VECTOR, "the transform").right
    assert compare(torch.from_numpy(IMAGE), IMAGE, "the image").right
    assert compare(list(IMAGE.ravel()), IMAGE.ravel(), "the image").right
    assert compare(2, 2.0, "the number").right


def test_tolerance_is_relative_to_the_largest_value():
    near = 1000 * IMAGE + 0.5
    assert not compare(near, 1000 * IMAGE, "the image", tolerance=1e-5).right
    assert compare(near, 1000 * IMAGE, "the image", tolerance=1e-3).right


def test_a_wrong_number_and_zeros_are_shown_with_the_right_one():
    assert "0.25 where 0.5 is right" in compare(0.25, np.array(0.5), "the share").text or "times" in compare(0.25, 0.5, "the share").text
    assert "not right yet" in compare(np.zeros(9), np.arange(9.0), "the ramp").text
