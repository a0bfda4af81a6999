"""PNG bytes against an independent decoder, and what thumbnails and contact sheets keep."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.errors import InputError
from vitreous.views.png import encode_png, montage, stretch, thumbnail, write_png


def decode(content: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(content)))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 33), st.integers(1, 33), st.sampled_from([(), (3,), (4,)]), st.booleans(), st.integers(0, 9))
def test_another_decoder_reads_the_same_pixels(height, width, channels, smooth, seed):
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, 256, (height, width, *channels), dtype=np.uint8)
    if smooth:
        pixels = np.cumsum(pixels // 64, axis=0, dtype=np.uint8)
    np.testing.assert_array_equal(decode(encode_png(pixels)), pixels)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((3, 3)), "uint8"),
        (np.zeros((3, 3, 2), np.uint8), "shape"),
        (np.zeros((0, 3), np.uint8), "shape"),
        (np.uint8(3), "shape"),
    ],
)
def test_what_is_not_an_image_is_refused(pixels, message):
    with pytest.raises(InputError, match=message):
        encode_png(pixels)


def test_stretch_maps_percentiles_and_survives_what_is_not_finite():
    values = np.arange(1001.0).reshape(7, 143)
    grey = stretch(values, low=10, high=90)
    assert grey.flat[100] == 0
    assert grey.flat[900] == 255
    assert abs(int(grey.flat[500]) - 128) <= 1
    values[0, :3] = np.nan, np.inf, -np.inf
    assert stretch(values)[0, :3].tolist() == [0, 255, 0]
    assert not stretch(np.full((4, 4), np.nan)).any()
    assert np.ptp(stretch(np.full((4, 4), 7.0))) == 0


def test_written_file_is_whole_and_stretched(tmp_path):
    write_png(tmp_path / "sub" / "a.png", np.linspace(-3, 5, 64).reshape(8, 8), low=0, high=100)
    pixels = decode((tmp_path / "sub" / "a.png").read_bytes())
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.png"]


def test_montage_places_images_in_rows():
    images = np.stack([np.eye(4) * (i + 1) for i in range(5)])
    sheet = montage(images, 3, gap=1)
    assert sheet.shape == (9, 14)
    np.testing.assert_array_equal(sheet[:4, 5:9], stretch(np.eye(4)))
    assert (sheet[5:, 10:] == 255).all()  # the empty sixth place
    common = montage(images, 3, gap=0, each=False)
    assert common[0, 0] < common[4, 4]
    assert montage(np.zeros((0, 4, 4)), 3).shape == (1, 1)


@pytest.mark.parametrize("shape", [(96, 64), (95, 61), (64, 96)])
def test_thumbnail_keeps_slow_waves_and_drops_fast_ones(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    slow, fast = np.cos(2 * np.pi * 2 * y / shape[0]), np.cos(2 * np.pi * (shape[1] // 2 - 2) * x / shape[1])
    small = thumbnail(slow + fast, 32)
    assert max(small.shape) == 32
    rows = np.cos(2 * np.pi * 2 * np.arange(small.shape[0]) / small.shape[0])
    np.testing.assert_allclose(small, rows[:, None] * np.ones(small.shape[1]), atol=1e-5)  # float32 transforms of ~1e4 samples


def test_thumbnail_of_a_broken_image_is_finite():
    image = np.random.default_rng(0).normal(size=(80, 80))
    image[3, 4], image[5, 6] = np.nan, 1e6
    small = thumbnail(image, 20)
    assert np.isfinite(small).all()
    assert np.abs(small).max() < 2.5  # the hot pixel, clipped to 8 σ, is shared by 16; noise falls to σ / 4
    assert thumbnail(np.full((5, 5), np.nan), 3).shape == (3, 3)
    np.testing.assert_array_equal(thumbnail(np.ones((5, 5)), 9), np.ones((5, 5)))
    with pytest.raises(InputError, match="two-dimensional"):
        thumbnail(np.zeros(5), 3)
