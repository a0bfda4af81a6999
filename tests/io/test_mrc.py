"""Maps and images in MRC files: round trips, byte orders, modes, axes, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, InputError
from vitreous.io.mrc import read_header, read_image, read_volume, write_image, write_volume
from vitreous.io.mrc_header import IMOD_STAMP

KINDS = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": lambda raw: zstandard.ZstdCompressor().compress(raw)}


def mrc_bytes(
    values: np.ndarray, mode: int, order: str = "<", *, cell=(0.0, 0.0, 0.0), axes=(1, 2, 3), start=(0, 0, 0), intervals=None,
    origin=(0.0, 0.0, 0.0), extended=0, stamp=True, map_word=b"MAP ", angles=(90.0, 90.0, 90.0), imod=None,
    statistics=(0.0, 0.0, 0.0),
) -> bytes:  # fmt: skip
    """An MRC file written from the format's description alone, by other code than the reader's."""
    sections, rows, columns = values.shape
    words = bytearray(1024)
    struct.pack_into(order + "4i", words, 0, columns, rows, sections, mode)
    struct.pack_into(order + "3i", words, 16, *start)
    struct.pack_into(order + "3i", words, 28, *(intervals or (columns, rows, sections)))
    struct.pack_into(order + "6f", words, 40, *cell, *angles)
    struct.pack_into(order + "3i", words, 64, *axes)
    struct.pack_into(order + "3f", words, 76, *statistics)
    struct.pack_into(order + "i", words, 92, extended)
    if imod is not None:
        struct.pack_into(order + "2i", words, 152, IMOD_STAMP, imod)
    struct.pack_into(order + "3f", words, 196, *origin)
    words[208:212] = map_word
    if stamp:
        words[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    return bytes(words) + bytes(extended) + values.astype(order + KINDS[mode]).tobytes()


def numbers(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Small whole numbers, which every mode holds exactly."""
    return np.random.default_rng(seed).integers(0, 100, shape)


shapes = st.tuples(*[st.integers(1, 7)] * 3)


@settings(deadline=None, max_examples=40)
@given(shape=shapes, mode=st.sampled_from(sorted(KINDS)), order=st.sampled_from("<>"), extended=st.sampled_from([0, 80, 4096]),
       stamp=st.booleans(), map_word=st.sampled_from([b"MAP ", b"\0\0\0\0"]), packer=st.sampled_from(["", *PACKERS]))  # fmt: skip
def test_every_mode_and_byte_order(tmp_path_factory, shape, mode, order, extended, stamp, map_word, packer):
    values = numbers(shape)
    cell = tuple(1.5 * n for n in shape[::-1])
    raw = mrc_bytes(values, mode, order, cell=cell, extended=extended, stamp=stamp, map_word=map_word)
    path = tmp_path_factory.mktemp("mrc") / "a.mrc"
    path.write_bytes(PACKERS[packer](raw) if packer else raw)
    volume = read_volume(path)
    assert volume.voxel_size == pytest.approx(1.5)
    assert volume.values.dtype == torch.float32
    np.testing.assert_array_equal(volume.values.numpy(), values)


@settings(deadline=None, max_examples=20)
@given(shape=shapes, seed=st.integers(0, 9), corner=st.tuples(*[st.floats(-500, 500, width=32)] * 3), voxel=st.floats(0.3, 12))
def test_a_written_map_comes_back(tmp_path_factory, shape, seed, corner, voxel):
    values = torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))
    path = tmp_path_factory.mktemp("mrc") / "a.mrc"
    write_volume(path, Volume(values, voxel, corner))
    back = read_volume(path)
    assert torch.equal(back.values, values)
    assert back.corner == pytest.approx(corner)
    assert back.voxel_size == pytest.approx(voxel, rel=1e-6)  # the cell is float32: 24 bits


@pytest.mark.parametrize("axes", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_permuted_axes_are_put_in_order(tmp_path: Path, axes):
    """The same map, stored with any axis fastest, reads the same; so does where it starts."""
    values = numbers((3, 4, 5))
    by_axis = {1: 2, 2: 1, 3: 0}  # x, y, z to the place in (z, y, x)
    stored = values.transpose([by_axis[axis] for axis in axes[::-1]])
    starts = {1: 10, 2: -20, 3: 30}
    raw = mrc_bytes(stored, 2, cell=(10.0, 8.0, 6.0), intervals=(5, 4, 3), axes=axes, start=[starts[axis] for axis in axes])
    (tmp_path / "a.map").write_bytes(raw)
    volume = read_volume(tmp_path / "a.map")
    np.testing.assert_array_equal(volume.values.numpy(), values)
    assert volume.corner == (20.0, -40.0, 60.0)


def test_origin_wins_over_start(tmp_path: Path):
    raw = mrc_bytes(numbers((2, 2, 2)), 2, cell=(4.0, 4.0, 4.0), start=(5, 6, 7), origin=(1.5, -2.5, 3.5))
    (tmp_path / "a.mrc").write_bytes(raw)
    assert read_volume(tmp_path / "a.mrc").corner == (1.5, -2.5, 3.5)


@pytest.mark.parametrize(("imod", "statistics", "want"), [
    (None, (-128.0, 127.0, 0.0), -56), (1, (0.0, 255.0, 0.0), -56), (0, (0.0, 255.0, 0.0), 200), (None, (0.0, 255.0, 9.0), 200),
    (None, (0.0, 0.0, 0.0), -56),
])  # fmt: skip
def test_bytes_are_signed_unless_the_header_says_otherwise(tmp_path: Path, imod, statistics, want):
    raw = mrc_bytes(np.full((1, 2, 2), -56), 0, imod=imod, statistics=statistics)
    (tmp_path / "a.mrc").write_bytes(raw)
    assert read_image(tmp_path / "a.mrc")[0][0, 0] == want


def test_four_bit_pixels(tmp_path: Path):
    header = bytearray(mrc_bytes(np.zeros((1, 2, 5)), 0)[:1024])
    struct.pack_into("<i", header, 12, 101)
    (tmp_path / "a.mrc").write_bytes(bytes(header) + bytes([0x21, 0x43, 0x05, 0x76, 0x98, 0x0A]))
    assert read_image(tmp_path / "a.mrc")[0].tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]


def test_images(tmp_path: Path):
    image = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    write_image(tmp_path / "a.mrc", image, 1.25)
    back, pixel_size = read_image(tmp_path / "a.mrc")
    np.testing.assert_array_equal(back, image)
    assert pixel_size == pytest.approx(1.25)
    write_image(tmp_path / "b.mrc", image, None)
    assert read_image(tmp_path / "b.mrc")[1] is None


def test_the_header_is_a_value(tmp_path: Path):
    write_volume(tmp_path / "a.mrc", Volume(torch.arange(24.0).reshape(2, 3, 4), 2.0))
    header = read_header(tmp_path / "a.mrc")
    assert (header.shape, header.mode, header.pixel_size) == ((2, 3, 4), 2, (2.0, 2.0, 2.0))
    assert header.statistics == pytest.approx((0.0, 23.0, 11.5, np.arange(24).std()))


def refused(tmp_path: Path, match: str, *, read=read_volume, error=FormatError, **header) -> None:
    (tmp_path / "a.mrc").write_bytes(mrc_bytes(header.pop("values", numbers((2, 2, 2))), 2, **header))
    with pytest.raises(error, match=match):
        read(tmp_path / "a.mrc")


def test_what_a_map_must_be(tmp_path: Path):
    refused(tmp_path, r"voxel_size must be positive, in Å.*Try: read_volume\(", error=InputError)
    refused(tmp_path, r"voxels must be cubes; got \(1.0, 1.0, 1.5\)", cell=(2.0, 2.0, 3.0))
    refused(tmp_path, "angles must be 90 degrees", cell=(2.0, 2.0, 2.0), angles=(90.0, 94.3, 90.0))
    refused(tmp_path, r"1, 2 and 3 in some order; got \(1, 1, 3\)", axes=(1, 1, 3))
    holed = np.ones((2, 2, 2))
    holed[1, 0, 1] = np.nan
    refused(tmp_path, r"finite everywhere; got 1 values that are not, the first at \(z, y, x\) = \(1, 0, 1\)", values=holed,
            cell=(2.0, 2.0, 2.0))  # fmt: skip


def test_a_given_voxel_size_overrules_the_header(tmp_path: Path):
    (tmp_path / "a.mrc").write_bytes(mrc_bytes(numbers((2, 2, 2)), 2, cell=(2.0, 2.0, 3.0), start=(1, 2, 3)))
    volume = read_volume(tmp_path / "a.mrc", voxel_size=3.54)
    assert (volume.voxel_size, volume.corner) == (3.54, pytest.approx((3.54, 7.08, 10.62)))


def test_what_an_image_must_be(tmp_path: Path):
    refused(tmp_path, "one image is wanted; got 2 sections", read=read_image)
    refused(tmp_path, "pixels must be square; got 1 Å in x and 2 Å in y", read=read_image, values=numbers((1, 2, 2)),
            cell=(2.0, 4.0, 1.0))  # fmt: skip
    refused(tmp_path, "finite everywhere; got 4 values", read=read_image, values=np.full((1, 2, 2), np.inf))
    with pytest.raises(InputError, match="a file that exists; got nothing there"):
        read_image(tmp_path / "none.mrc")
    with pytest.raises(InputError, match="a file that exists; got a folder"):
        read_volume(tmp_path)
    with pytest.raises(InputError, match="a map to write must be finite everywhere"):
        write_volume(tmp_path / "b.mrc", Volume(torch.full((2, 2, 2), torch.nan), 1.0))
    assert not (tmp_path / "b.mrc").exists()


@pytest.mark.oracle
def test_mrcfile_reads_what_is_written_and_the_reverse(tmp_path: Path):
    mrcfile = pytest.importorskip("mrcfile")
    values = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    write_volume(tmp_path / "a.mrc", Volume(torch.from_numpy(values), 1.7, (1.0, 2.0, 3.0)))
    assert mrcfile.validate(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as file:
        np.testing.assert_array_equal(file.data, values)
        assert file.is_volume()
        assert file.voxel_size.x == pytest.approx(1.7)
        assert file.header.origin.item() == (1.0, 2.0, 3.0)
    for kind in (np.int8, np.int16, np.float32, np.uint16, np.float16):
        stored = numbers((3, 4, 5)).astype(kind)
        with mrcfile.new(tmp_path / "b.mrc", stored, overwrite=True) as file:
            file.voxel_size = 1.7
        np.testing.assert_array_equal(read_volume(tmp_path / "b.mrc").values.numpy(), stored)
