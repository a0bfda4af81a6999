"""Overviews of large maps against means taken by a loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import FormatError, InputError
from vitreous.io.mrc import write_volume
from vitreous.io.overview import read_overview


def written(folder: Path, values: np.ndarray) -> Path:
    """The values as a map of 1.5 Å a voxel."""
    write_volume(folder / "map.mrc", Volume(torch.from_numpy(values.astype(np.float32)), 1.5, (3.0, -6.0, 9.0)))
    return folder / "map.mrc"


def test_blocks_are_means_and_keep_their_place(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((13, 12, 10))
    found = read_overview(written(tmp_path, values), 5)
    # 13 voxels on at most 5 values: blocks of 3, of which 4, 4 and 3 are whole.
    assert found.block == 3
    assert found.values.shape == (4, 4, 3)
    for z, y, x in np.ndindex(4, 4, 3):
        block = values[3 * z : 3 * z + 3, 3 * y : 3 * y + 3, 3 * x : 3 * x + 3]
        assert found.values[z, y, x] == pytest.approx(block.mean(), abs=1e-6)
    assert found.voxel_size == 4.5
    assert found.first == 1.5
    assert found.corner == (3.0, -6.0, 9.0)
    inside = values[:12, :12, :9]
    assert (found.mean, found.sigma) == (pytest.approx(inside.mean(), abs=1e-6), pytest.approx(inside.std(), rel=1e-6))


def test_small_map_is_given_as_it_is(tmp_path: Path) -> None:
    values = np.random.default_rng(1).standard_normal((4, 5, 6)).astype(np.float32)
    found = read_overview(written(tmp_path, values), 6)
    assert (found.block, found.first, found.voxel_size, found.shape) == (1, 0.0, 1.5, (4, 5, 6))
    assert np.array_equal(found.values, values)


def test_zeros_of_a_sparse_map_do_not_count(tmp_path: Path) -> None:
    values = np.zeros((4, 4, 4))
    values[0, 0, 0], values[1, 1, 1] = 4.0, 6.0
    path = written(tmp_path, values)
    assert read_overview(path, 2, sparse=True).values[0, 0, 0] == 5.0
    assert read_overview(path, 2, sparse=True).values[1, 1, 1] == 0.0
    # Without that the mean is over all eight.
    assert read_overview(path, 2).values[0, 0, 0] == 1.25


def test_what_is_no_map_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, np.ones((2, 40, 40)))
    with pytest.raises(InputError, match=r"at least 4 voxels along every axis"):
        read_overview(path, 10)
    with pytest.raises(InputError, match="most must be positive"):
        read_overview(path, 0)
    broken = written(tmp_path, np.ones((8, 8, 8)))
    data = bytearray(broken.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    broken.write_bytes(data)
    with pytest.raises(FormatError, match="section 7 is not"):
        read_overview(broken, 4)
    broken.write_bytes(data[:-100])
    with pytest.raises(FormatError, match=r"cut off|promises"):
        read_overview(broken, 4)
