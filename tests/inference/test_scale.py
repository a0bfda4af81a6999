"""A reference of unknown grey scale."""

from __future__ import annotations

import pytest
import torch

from vitreous.inference.scale import best_scale


@pytest.mark.parametrize("planted", [0.02, 1.0, 50.0])
def test_a_planted_scale_is_found(planted: float, make_tiny, generator: torch.Generator):
    """Steps of the search are 12 %; 300 images tell the scale to some per cent."""
    p = make_tiny(generator, count=300, signal=0.6)
    images = p.images
    moved = images.values * images.disc.shift_phases(-p.centres)
    centred = type(images)(images.disc, images.pixel_size, moved, images.transfer, images.group)
    assert best_scale(centred, p.noise, p.slices / planted, p.shifts) == pytest.approx(planted, rel=0.13)


def test_a_wrong_reference_explains_nothing(make_tiny, generator: torch.Generator):
    p = make_tiny(generator, count=300, signal=0.6)
    other = make_tiny(torch.Generator().manual_seed(77), signal=0.6).slices
    assert best_scale(p.images, p.noise, other, p.shifts) < 0.5
