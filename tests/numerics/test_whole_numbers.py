"""Whole-number sums: fine enough, never too large, and told when a value is no number."""

from __future__ import annotations

import math

import pytest

from vitreous.errors import InputError
from vitreous.numerics.kernels.whole_numbers import REACH, SPARE, TOP, Scale


def test_sums_never_overflow_and_scales_only_shrink():
    scale, worst, down = Scale(), 0.0, 0
    for rows, largest in [(512, 1.0)] * 5 + [(512, 3e4), (100_000, 3e4), (512, 1e-3), (512, 1e9)]:
        before = scale.exponent
        shift = scale.grow(rows, largest)
        assert before is None or scale.exponent == before - shift
        worst, down = worst + REACH * rows * largest, down + shift
        assert worst * scale.factor < 2.0**TOP
    assert down > 0, "the last values were too large for the first scale"


def test_the_first_scale_resolves_values_finer_than_float32_does():
    scale = Scale()
    scale.grow(512, 7.0)
    assert 7.0 * scale.factor > 2.0**30
    assert 512 * 7.0 * REACH * scale.factor < 2.0 ** (TOP - SPARE + 1)


def test_nothing_but_zeros_has_no_scale():
    scale = Scale()
    assert scale.grow(10, 0.0) == 0
    assert scale.factor == 1.0
    scale.grow(10, 1e-3)
    assert scale.factor > 1e10


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_numbers_are_refused(bad: float):
    with pytest.raises(InputError, match="must be numbers"):
        Scale().grow(1, bad)
