"""Damaged MRC files are an error that names bytes: never a crash, and never memory that the file does not fill."""

from __future__ import annotations

import bz2
import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
import zstandard

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, VitreousError
from vitreous.io.mrc import open_stack, read_header, read_image, read_volume, write_stack, write_volume

SIZE = 1024 + 6 * 7 * 8 * 4
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": lambda raw: zstandard.ZstdCompressor().compress(raw)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.mrc"
    write_volume(path, Volume(torch.from_numpy(np.random.default_rng(0).normal(size=(6, 7, 8)).astype(np.float32)), 1.5))
    raw = path.read_bytes()
    assert len(raw) == SIZE
    return raw


@pytest.mark.parametrize("packer", ["", *PACKERS])
@pytest.mark.parametrize("kept", [0, 1, 500, 1023, 1024, 1025, SIZE - 1])
def test_a_file_cut_off_names_bytes(tmp_path: Path, whole: bytes, kept: int, packer: str):
    path = tmp_path / "a.mrc"
    path.write_bytes(PACKERS[packer](whole[:kept]) if packer else whole[:kept])
    for read in (read_volume, lambda p: open_stack(p).read()):
        with pytest.raises(FormatError, match=f"{kept} bytes"):
            read(path)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_compressed_stream_cut_off(tmp_path: Path, whole: bytes, packer: str):
    packed = PACKERS[packer](whole)
    for kept in (len(packed) // 2, len(packed) - 5):
        (tmp_path / "a.mrc").write_bytes(packed[:kept])
        with pytest.raises(FormatError, match=r"broken or cut off|cut off"):
            read_volume(tmp_path / "a.mrc")


@pytest.mark.parametrize(("word", "value", "match"), [
    (0, 1 << 30, "dimensions"), (1, -5, "dimensions"), (2, 0, "dimensions"), (3, 7, "mode must be one of"),
    (2, 1 << 23, f"promises .* bytes.*got {SIZE} bytes"), (23, -1, "extended header"), (23, 1 << 30, "promises 10737"),
])  # fmt: skip
def test_absurd_headers(tmp_path: Path, whole: bytes, word: int, value: int, match: str):
    raw = bytearray(whole)
    struct.pack_into("<i", raw, 4 * word, value)
    (tmp_path / "a.mrc").write_bytes(raw)
    with pytest.raises(FormatError, match=match):
        read_header(tmp_path / "a.mrc")


@pytest.mark.parametrize("packer", PACKERS)
def test_a_compressed_file_takes_no_more_memory_than_it_fills(tmp_path: Path, whole: bytes, packer: str):
    raw = bytearray(whole)
    struct.pack_into("<3i", raw, 0, 1 << 20, 1 << 20, 1)
    (tmp_path / "a.mrc").write_bytes(PACKERS[packer](bytes(raw)))
    tracemalloc.start()
    with pytest.raises(FormatError, match="promises 4398046512128 bytes"):
        read_volume(tmp_path / "a.mrc")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_mutated_headers_are_read_or_refused(tmp_path: Path, whole: bytes):
    """600 headers with random bytes overwritten: a value or a VitreousError, in bounded memory."""
    rng = np.random.default_rng(7)
    path = tmp_path / "a.mrc"
    outcomes = {"read": 0, "refused": 0}
    tracemalloc.start()
    for _ in range(600):
        raw = bytearray(whole)
        for at in rng.integers(0, 260, rng.integers(1, 9)):
            raw[at] = rng.integers(0, 256)
        path.write_bytes(raw)
        for read in (read_volume, read_image, lambda p: open_stack(p).read()):
            try:
                read(path)
                outcomes["read"] += 1
            except VitreousError:
                outcomes["refused"] += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
    assert min(outcomes.values()) > 100


def test_noise_is_no_map(tmp_path: Path):
    rng = np.random.default_rng(3)
    for _ in range(100):
        (tmp_path / "a.mrc").write_bytes(rng.bytes(3000))
        with pytest.raises(VitreousError):
            read_volume(tmp_path / "a.mrc")


def test_a_stack_that_shrinks_while_open(tmp_path: Path):
    write_stack(tmp_path / "a.mrcs", np.zeros((4, 5, 6), np.float32), 1.0)
    stack = open_stack(tmp_path / "a.mrcs")
    with (tmp_path / "a.mrcs").open("rb+") as handle:
        handle.truncate(1024 + 3 * 120 + 7)
    assert stack.read([0, 2]).shape == (2, 5, 6)
    with pytest.raises(FormatError, match="image 3 must have 120 bytes; got 7"):
        stack.read([3])
