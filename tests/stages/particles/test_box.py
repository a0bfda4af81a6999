"""Box advice."""

from __future__ import annotations

import pytest

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.stages.particles import advise_box


def test_sizes_are_even_quick_and_large_enough() -> None:
    for diameter in (97.0, 150.0, 333.0):
        advice = advise_box(diameter, 1.06, optics=Optics(pixel_size=1.06), defocus=15000.0, resolution=3.5)
        assert advice.size % 2 == 0
        assert advice.size * 1.06 >= max(1.5 * diameter, diameter + 2 * advice.delocalisation)
        assert advice.least * 1.06 >= 1.5 * diameter
        rest = advice.size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        assert rest == 1
    assert advise_box(150.0, 1.0).delocalisation == 0.0


def test_detail_finer_than_nyquist_is_not_asked_for() -> None:
    optics = Optics(pixel_size=3.0)
    assert advise_box(150.0, 3.0, optics=optics, defocus=2e4, resolution=2.0) == advise_box(
        150.0, 3.0, optics=optics, defocus=2e4, resolution=6.0
    )


def test_lengths_must_be_positive() -> None:
    with pytest.raises(InputError, match="diameter must be positive, in Å; got -1"):
        advise_box(-1.0, 1.0)
    with pytest.raises(InputError, match="pixel_size must be positive"):
        advise_box(150.0, 0.0)
