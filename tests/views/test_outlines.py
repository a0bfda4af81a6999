"""Outlines follow the areas, whatever the sizes of the two pictures."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.views.outlines import outlined

AMBER = (255, 166, 43)


def test_only_the_border_of_an_area_is_coloured():
    grey = np.full((60, 90), 100, np.uint8)
    area = np.zeros((20, 30), bool)
    area[5:15, 10:20] = True
    drawn = outlined(grey, {AMBER: area})
    coloured = (drawn == AMBER).all(-1)
    assert coloured[15:45, 30:60].sum() == coloured.sum() == 30 * 30 - 26 * 26  # a border of two pixels inside the scaled area
    assert (drawn[~coloured] == 100).all()


def test_an_area_at_the_edge_has_no_line_along_the_edge_and_none_has_none():
    grey = np.zeros((40, 40), np.uint8)
    area = np.zeros((40, 40), bool)
    area[:, :20] = True
    coloured = (outlined(grey, {AMBER: area}) == AMBER).all(-1)
    assert coloured.sum() == 80
    assert coloured[:, 18:20].all()
    assert not outlined(grey, {AMBER: np.zeros((40, 40), bool)}).any()


def test_only_grey_pictures_are_taken():
    with pytest.raises(InputError, match="grey must be uint8"):
        outlined(np.zeros((4, 4)), {})
