"""The picture of classes shows each class, what differs and where particles go."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.views.classes3d import classes3d_figure
from vitreous.views.marks import Note, Picture
from vitreous.views.render import render


def test_the_section_is_where_classes_differ():
    whole = np.random.default_rng(0).normal(size=(16, 16, 16))
    maps = np.stack([whole, whole])
    maps[1, 11, 4:7, 4:7] += 5
    figure = classes3d_figure(maps, whole, [0.7, 0.3], [[0.9, 0.1], [0.2, 0.8]], voxel_size=4.0)
    assert "voxel 11" in figure.caption
    pictures = [mark for panel in figure.panels for mark in panel.marks if isinstance(mark, Picture)]
    np.testing.assert_allclose(pictures[0].values, whole[11], atol=1e-6)
    np.testing.assert_allclose(pictures[-1].values[5, 5], 5, atol=1e-5)
    words = [mark.text for panel in figure.panels for mark in panel.marks if isinstance(mark, Note)]
    assert words == ["90 %", "10 %", "20 %", "80 %"]
    assert "class 1: 70.0 %" in [panel.title for panel in figure.panels]
    assert b"<svg" in render(figure)


def test_maps_of_another_shape_are_refused():
    with pytest.raises(InputError, match="shape of the class maps"):
        classes3d_figure(np.zeros((2, 8, 8, 8)), np.zeros((9, 9, 9)), [0.5, 0.5], np.eye(2), voxel_size=1.0)
