"""Normalisation: what the background looks like afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.numerics.filters import radius
from vitreous.stages.particles.normalisation import background, fitted_plane, normalise, replace_outliers


def ramp_and_disc(size: int, generator: torch.Generator, count: int = 3) -> torch.Tensor:
    at = torch.arange(size, dtype=torch.float64)
    disc = (radius((size, size)) <= 0.3 * size).double()
    noise = torch.randn(count, size, size, generator=generator, dtype=torch.float64)
    return 500 + 0.7 * at - 0.4 * at[:, None] + 5 * noise + 20 * disc


@settings(deadline=None, max_examples=8)
@given(size=st.integers(16, 41), seed=st.integers(0, 100))
def test_a_ramp_is_gone_and_the_background_is_standard(size: int, seed: int) -> None:
    images = normalise(ramp_and_disc(size, torch.Generator().manual_seed(seed)), 0.35 * size, "ramp")
    outside = background(size, 0.35 * size)
    # The fit is linear: a second plane must be nothing but rounding, 2e-16 times a few hundred pixels.
    assert fitted_plane(images, outside).abs().max() < 1e-10
    assert images[:, outside].mean(-1).abs().max() < 1e-10
    torch.testing.assert_close(images[:, outside].std(-1, correction=0), torch.ones(3, dtype=torch.float64))


def test_the_disc_keeps_its_height_in_noise_units(generator: torch.Generator) -> None:
    images = normalise(ramp_and_disc(96, generator), 0.35 * 96, "ramp")
    inside = radius((96, 96)) <= 0.28 * 96
    # 20 / 5 = 4 standard deviations; the mean over 2270 pixels and the fitted plane are good to about 3/√2270.
    assert images[:, inside].mean(-1).sub(4).abs().max() < 0.15


def test_background_leaves_the_ramp_and_old_uses_all_pixels(generator: torch.Generator) -> None:
    images = ramp_and_disc(48, generator)
    level = normalise(images, 17.0, "background")
    outside = background(48, 17.0)
    assert level[:, outside].mean(-1).abs().max() < 1e-12
    assert fitted_plane(level, outside).abs().max() > 0.5
    old = normalise(images, 17.0, "old")
    assert old.mean((1, 2)).abs().max() < 1e-12
    torch.testing.assert_close(old.std((1, 2), correction=0), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("method", ["old", "background", "ramp"])
def test_gain_and_offset_do_not_matter_and_batches_do_not_either(method: str, generator: torch.Generator) -> None:
    images = ramp_and_disc(32, generator)
    whole = normalise(images, 12.0, method)
    torch.testing.assert_close(normalise(3 * images - 70, 12.0, method), whole)
    torch.testing.assert_close(torch.cat([normalise(images[i : i + 1], 12.0, method) for i in range(3)]), whole)


def test_a_hot_pixel_becomes_noise_and_nothing_else_changes(generator: torch.Generator) -> None:
    images = torch.randn(4, 40, 40, generator=generator)
    images[1, 20, 20], images[3, 2, 5] = 900.0, -800.0
    outside = background(40, 15.0)
    cleaned = replace_outliers(images, outside, np.random.default_rng(0))
    changed = cleaned != images
    assert changed.nonzero().tolist() == [[1, 20, 20], [3, 2, 5]]
    assert cleaned[changed].abs().max() < 5
    again = np.random.default_rng(0)
    parts = [replace_outliers(images[i : i + 1], outside, again) for i in range(4)]
    assert torch.equal(torch.cat(parts), cleaned)


def test_a_constant_image_and_a_circle_that_fills_the_box_are_refused() -> None:
    with pytest.raises(InputError, match="a particle image must be not constant; got '1 of 2"):
        normalise(torch.stack([torch.randn(16, 16, generator=torch.Generator().manual_seed(0)), torch.full((16, 16), 7.0)]), 6.0)
    with pytest.raises(InputError, match=r"particle diameter must be small enough .* Try: a larger box"):
        normalise(torch.zeros(1, 16, 16), 11.0)
    with pytest.raises(InputError, match="normalisation must be one of old, background, ramp; got 'xmipp'"):
        normalise(torch.zeros(1, 16, 16), 6.0, "xmipp")
