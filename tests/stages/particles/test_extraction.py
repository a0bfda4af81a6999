"""Cutting out: the right pixels, the right origin, the right scale."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.numerics.fourier import centred_rfft2
from vitreous.stages.particles import BoxParams, extract, fourier_crop
from vitreous.stages.particles.normalisation import background

RAW = {"invert": False, "normalise": "none", "outlier_limit": 0.0}


def cut(image, places, generator=None, pixel_size=1.0, **options):
    generator = generator or np.random.default_rng(0)
    return extract(image, np.asarray(places, float), BoxParams(**options), pixel_size, generator)


@settings(deadline=None, max_examples=15)
@given(box=st.integers(8, 21), y=st.integers(30, 47), x=st.integers(30, 47), rows=st.integers(64, 71))
def test_the_pixel_of_the_coordinate_is_the_origin(box: int, y: int, x: int, rows: int) -> None:
    image = torch.zeros(rows, 80)
    image[y, x] = 1.0
    got = cut(image, [[x, y]], box=box, diameter=6.0, **RAW)
    assert np.argwhere(got.images[0]).tolist() == [[box // 2, box // 2]]
    assert got.kept.tolist() == [True]
    assert got.centre.tolist() == [[x, y]]


def test_boxes_are_slices_of_the_micrograph_and_the_remainder_is_a_shift() -> None:
    image = np.arange(50 * 60, dtype=np.float32).reshape(50, 60)
    got = cut(image, [[20.3, 24.0], [31.0, 17.75]], box=10, diameter=6.0, pixel_size=1.5, **RAW)
    np.testing.assert_array_equal(got.images[0], image[19:29, 15:25])
    np.testing.assert_array_equal(got.images[1], image[13:23, 26:36])
    # x 20.3 lies 0.3 pixels right of pixel 20; y 17.75 lies 0.25 pixels before pixel 18: times 1.5 Å.
    np.testing.assert_allclose(got.shift, [[0.45, 0.0], [0.0, -0.375]], atol=1e-12)


def test_boxes_that_leave_the_micrograph_are_dropped_and_told() -> None:
    image = np.random.default_rng(0).normal(size=(40, 50))
    got = cut(image, [[8, 8], [7, 8], [42, 32], [43, 32], [25, 33]], box=16, diameter=8.0)
    # Pixels 0..15 and 34..49 x 24..39 are the outermost boxes.
    assert got.kept.tolist() == [True, False, True, False, False]
    assert got.images.shape == (2, 16, 16)


@settings(deadline=None, max_examples=20)
@given(n=st.integers(16, 33), data=st.data())
def test_a_fourier_crop_keeps_low_frequencies_and_the_origin(n: int, data: st.DataObject) -> None:
    m = data.draw(st.integers(8, n))
    image = torch.randn(n, n, generator=torch.Generator().manual_seed(n * 100 + m), dtype=torch.float64)
    small = centred_rfft2(fourier_crop(image, m)) * (n / m) ** 2
    full, low = centred_rfft2(image), (m - 1) // 2
    torch.testing.assert_close(small[: low + 1, : low + 1], full[: low + 1, : low + 1], atol=1e-10, rtol=1e-12)
    if low:
        torch.testing.assert_close(small[-low:, : low + 1], full[-low:, : low + 1], atol=1e-10, rtol=1e-12)
    spot = torch.zeros(n, n, dtype=torch.float64)
    spot[n // 2, n // 2] = 1.0
    assert int(fourier_crop(spot, m).argmax()) == (m // 2) * m + m // 2
    assert float(fourier_crop(image, m).mean()) == pytest.approx(float(image.mean()), abs=1e-12)


def test_a_wave_above_the_new_nyquist_vanishes_where_binning_would_alias_it() -> None:
    n, m, cycles = 64, 32, 20
    x = torch.arange(n, dtype=torch.float64)
    wave = torch.cos(2 * math.pi * cycles * (x - n // 2) / n).expand(n, n)
    assert fourier_crop(wave, m).abs().max() < 1e-12
    binned = wave.reshape(m, 2, m, 2).mean((1, 3))
    aliased = 2 * centred_rfft2(binned)[0].abs().max() / m**2
    # The box filter's response at f cycles a pixel is sin(2πf) / (2 sin πf) = cos πf; the wave folds to 12 cycles.
    assert float(aliased) == pytest.approx(math.cos(math.pi * cycles / n), abs=1e-12)


def test_output_is_scaled_inverted_and_normalised(generator: torch.Generator) -> None:
    rng = np.random.default_rng(int(generator.initial_seed()))
    y, x = np.mgrid[:200, :200]
    image = 1000 + rng.normal(size=(200, 200)) * 10 - 30 * (np.hypot(x - 100, y - 100) < 24)
    got = cut(image, [[100, 100]], box=96, output_size=48, diameter=100.0, pixel_size=2.0)
    assert got.pixel_size == 4.0
    outside = background(48, 12.5).numpy()
    assert abs(got.images[0][outside].mean()) < 1e-5
    assert got.images[0][outside].std() == pytest.approx(1.0, abs=1e-5)
    # Cropping to a quarter of the coefficients leaves noise of 10 / 2, so the disc stands 30 / 5 high, and bright.
    assert got.images[0][np.hypot(*(np.mgrid[:48, :48] - 24)) < 10].mean() == pytest.approx(6.0, abs=0.5)


def test_neighbours_do_not_change_a_particle(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    image = rng.normal(size=(120, 130)).astype(np.float32)
    image[60, 60] = image[30, 90] = 500.0
    places = rng.uniform(20, 100, (25, 2))
    options = {"box": 32, "output_size": 20, "diameter": 16.0}
    whole = cut(image, places, np.random.default_rng(1), **options)
    monkeypatch.setattr(sys.modules["vitreous.stages.particles.extraction"], "CHUNK_PIXELS", 3 * 32**2)
    parts = cut(image, places, np.random.default_rng(1), **options)
    np.testing.assert_allclose(parts.images, whole.images, atol=1e-5)
    assert np.abs(whole.images).max() < 8


@pytest.mark.parametrize(
    ("places", "options", "message"),
    [
        ([[20, 20]], {"box": 16, "diameter": 17.0}, r"diameter must be at most the box, 16 pixels .* = 16 Å; got '17 Å'. Try"),
        ([[20, 20], [55.0, 20]], {"box": 16, "diameter": 8.0}, r"coordinates must be inside the micrograph of 50 x 40 .*\(55"),
        ([[20, 20]], {"box": 48, "diameter": 8.0}, "box must be at most the micrograph's short side, 40 pixels; got 48"),
        ([[20, 20]], {"box": 16, "output_size": 20, "diameter": 8.0}, "output_size must be from 8 .* box's 16; got 20"),
        ([[20, 20]], {"box": 16, "diameter": 8.0, "normalise": "x"}, "normalise must be one of old, background, ramp, none"),
    ],
)
def test_what_cannot_be_done_is_said(places, options, message) -> None:
    with pytest.raises(InputError, match=message):
        cut(np.random.default_rng(0).normal(size=(40, 50)), places, **options)


def test_a_constant_micrograph_is_refused() -> None:
    with pytest.raises(InputError, match="a particle image must be not constant"):
        cut(np.full((40, 50), 3.0), [[20, 20]], box=16, diameter=8.0)


def test_no_coordinates_give_no_images() -> None:
    got = cut(np.random.default_rng(0).normal(size=(40, 50)), np.zeros((0, 2)), box=16, diameter=8.0)
    assert got.images.shape == (0, 16, 16)
