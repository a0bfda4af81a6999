"""The map of viewing directions: an equal-area map, and densities where they belong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.numerics.rotations import from_euler, random_rotations
from vitreous.views.marks import Bars, Picture
from vitreous.views.orientations import HIGH, WIDE, counted_figure, coverage, hammer, inverse_hammer, viewing_directions


def test_hammer_and_back():
    rot, tilt = np.meshgrid(np.linspace(-179, 179, 41), np.linspace(1, 179, 31))
    unit = inverse_hammer(*hammer(rot, tilt))
    r, t = np.deg2rad(rot), np.deg2rad(tilt)
    np.testing.assert_allclose(unit, np.stack([np.sin(t) * np.cos(r), np.sin(t) * np.sin(r), np.cos(t)], -1), atol=1e-9)


def test_equal_areas():
    # the cap tilt < 60° is a quarter of the sphere; 800 × 400 pixels resolve its edge to about 0.2 %
    x, y = np.meshgrid(np.linspace(-WIDE, WIDE, 800), np.linspace(-HIGH, HIGH, 400))
    unit = inverse_hammer(x, y)
    inside = np.isfinite(unit).all(-1)
    assert inside.mean() == pytest.approx(math.pi / 4, abs=5e-3)
    assert (unit[inside][:, 2] > 0.5).mean() == pytest.approx(0.25, abs=4e-3)


def test_relions_rot_and_tilt_are_the_direction_of_view():
    angles = torch.tensor([[30.0, 70.0, 111.0]], dtype=torch.float64)
    direction = viewing_directions(from_euler(angles).numpy(), "C1")[0]
    r, t = math.radians(30), math.radians(70)
    np.testing.assert_allclose(direction, [math.sin(t) * math.cos(r), math.sin(t) * math.sin(r), math.cos(t)], atol=1e-12)
    assert viewing_directions(from_euler(angles).numpy(), "O").shape == (24, 3)


def test_even_views_have_even_density(generator):
    directions = viewing_directions(random_rotations(40000, generator).numpy(), "C1")
    _, density = coverage(directions, 8)
    assert density.mean() == pytest.approx(1)
    # the kernel averages over 4π / κ steradians, which is 4π pixels: 40000 · 4π / 768 ≈ 650 views, σ ≈ 4 %; 5 σ for 768 pixels
    assert np.abs(density - 1).max() < 0.2


def test_a_preferred_view_is_found_where_it_is():
    centres, density = coverage(np.tile([[0.0, 1.0, 0.0]], (100, 1)), 8)
    assert centres[density.argmax()] @ [0, 1, 0] > 0.98
    assert density[centres[:, 1] < 0].max() < 1e-3


def test_counted_views_lie_where_they_were_counted():
    """A density that is high at one rot and tilt alone is bright there on Hammer's map, and the bars are shares of all views."""
    density, tilts = np.zeros((90, 180)), np.zeros(45)
    density[20, 150], tilts[10] = 5.0, 7  # tilt 40° to 42°, rot 120° to 122°
    figure = counted_figure(density, tilts, 7)
    picture = next(mark for mark in figure.panels[0].marks if isinstance(mark, Picture))
    rows, columns = np.nonzero(picture.values > 1)
    high, wide = np.shape(picture.values)
    x, y = WIDE * (2 * columns.mean() / (wide - 1) - 1), HIGH * (2 * rows.mean() / (high - 1) - 1)
    assert (x, y) == pytest.approx([float(each) for each in hammer(121.0, 41.0)], abs=0.03)
    bars = next(mark for mark in figure.panels[1].marks if isinstance(mark, Bars))
    assert (np.argmax(bars.heights), np.max(bars.heights), bars.edges[10]) == (10, 100.0, 40.0)
