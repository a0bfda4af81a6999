"""Whatever an independent writer stores is what is read: TIFF by tifffile and by hand, MRC by mrcfile and by hand, packed wholes."""

from __future__ import annotations

import bz2
import gzip
import struct
import warnings
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiff_files import CODECS, write_four_bits

from vitreous.io.movies import open_movie

ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 70))
ORDERS = st.sampled_from("<>")
WHOLES = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "zst": lambda raw: zstandard.ZstdCompressor().compress(raw)}


def numbers(kind: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Values over the whole range of a type, with long runs of one value in half of them, as in counted frames."""
    chance = np.random.default_rng(seed)
    if np.dtype(kind).kind == "f":
        values = chance.normal(0, 100, shape).astype(kind)
    else:
        limits = np.iinfo(kind)
        values = chance.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    return np.where(chance.random(shape) < 0.9, values.flat[0], values) if seed % 2 else values


def same(path: Path, frames: np.ndarray) -> None:
    movie = open_movie(path)
    assert (len(movie), movie.shape, movie.dtype) == (len(frames), frames.shape[1:], frames.dtype)
    np.testing.assert_array_equal(np.stack(list(movie.frames())), frames)
    np.testing.assert_array_equal(movie.frame(len(frames) - 1), frames[-1])


@ANY
@given(
    shape=SHAPES, kind=st.sampled_from(["u1", "i1", "u2", "i2", "u4", "f4"]),
    compression=st.sampled_from([None, "lzw", "zlib", "packbits"]),
    layout=st.sampled_from([{"rowsperstrip": 1}, {"rowsperstrip": 7}, {"rowsperstrip": 64}, {"tile": (16, 32)}]), order=ORDERS,
    big=st.booleans(), predictor=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_tiff_of_tifffile(tmp_path: Path, shape, kind, compression, layout, order, big, predictor, seed):
    frames = numbers(kind, shape, seed)
    predicted = predictor and compression in ("lzw", "zlib") and kind[0] != "f"
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=order, bigtiff=big) as writer:
        for frame in frames:
            writer.write(frame[::-1], contiguous=False, metadata=None, compression=compression, predictor=predicted,
                         photometric="minisblack", **layout)  # fmt: skip
    same(tmp_path / "a.tif", frames)


@ANY
@given(
    shape=SHAPES, compression=st.sampled_from(list(CODECS)), rows=st.integers(1, 50), tile=st.sampled_from([0, 0, 16, 48]), order=ORDERS,
    big=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_tiff_of_four_bits(tmp_path: Path, shape, compression, rows, tile, order, big, seed):
    """The standard puts the left of two pixels into the high half of a byte, unlike MRC mode 101."""
    frames = numbers("u1", shape, seed) & 15
    same(write_four_bits(tmp_path / "a.tif", frames, compression=compression, rows_a_strip=rows, tile=tile, order=order, big=big), frames)


@ANY
@given(shape=SHAPES, kind=st.sampled_from(["i1", "i2", "f4", "u2", "f2"]), whole=st.sampled_from(list(WHOLES)), seed=st.integers(0, 9))
def test_mrc_of_mrcfile(tmp_path: Path, shape, kind, whole, seed):
    """Modes 0, 1, 2, 6 and 12."""
    frames = numbers(kind, shape, seed)
    with warnings.catch_warnings():
        # mrcfile sums float16 in float16 for its header
        warnings.simplefilter("ignore")
        with mrcfile.new(tmp_path / "a.mrc", overwrite=True) as file:
            file.set_data(frames)
            file.set_image_stack()
    path = tmp_path / f"a.mrcs.{whole}"
    path.write_bytes(WHOLES[whole]((tmp_path / "a.mrc").read_bytes()))
    same(path, frames)


@ANY
@given(shape=SHAPES, order=ORDERS, extended=st.sampled_from([0, 128]), seed=st.integers(0, 9))
def test_mrc_of_four_bits(tmp_path: Path, shape, order, extended, seed):
    """Mode 101: the left of two pixels in the low half of a byte, rows in whole bytes, of SerialEM's files of odd width too."""
    frames = numbers("u1", shape, seed) & 15
    wide = np.pad(frames, ((0, 0), (0, 0), (0, shape[2] % 2)))
    header = bytearray(1024)
    struct.pack_into(order + "10i6f3i", header, 0, shape[2], shape[1], shape[0], 101, 0, 0, 0, 0, 0, 0, *[0.0] * 3, *[90.0] * 3, 1, 2, 3)
    struct.pack_into(order + "i", header, 92, extended)
    header[208:212], header[212:214] = b"MAP ", b"\x44\x44" if order == "<" else b"\x11\x11"
    packed = (wide[..., 0::2] | wide[..., 1::2] << 4).astype(np.uint8)
    (tmp_path / "a.mrc").write_bytes(bytes(header) + bytes(extended) + packed.tobytes())
    same(tmp_path / "a.mrc", frames)


@pytest.mark.parametrize("kind", ["i2", "u2", "f4", "f2"])
def test_big_endian_mrc(tmp_path: Path, kind: str):
    frames = numbers(kind, (2, 5, 6), 0)
    mode = {"i2": 1, "u2": 6, "f4": 2, "f2": 12}[kind]
    header = bytearray(1024)
    struct.pack_into(">4i", header, 0, 6, 5, 2, mode)
    header[208:214] = b"MAP \x11\x11"
    (tmp_path / "a.mrc").write_bytes(bytes(header) + frames.astype(f">{kind}").tobytes())
    same(tmp_path / "a.mrc", frames)
