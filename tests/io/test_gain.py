"""Gain references: faults by number, and the eight orientations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from vitreous.errors import FormatError, InputError
from vitreous.io.gain import gain_faults, orient_gain, read_gain
from vitreous.io.mrc import write_image, write_stack


def test_every_kind_of_file(tmp_path: Path):
    gain = np.random.default_rng(0).uniform(0.5, 1.5, (5, 7)).astype(np.float32)
    write_image(tmp_path / "a.mrc", gain, None)
    tifffile.imwrite(tmp_path / "a.gain", gain[::-1])
    for name in ("a.mrc", "a.gain"):
        np.testing.assert_array_equal(read_gain(tmp_path / name), gain)


def test_faults_are_counted():
    gain = np.array([[1.0, 0.0, 2.0], [-3.0, np.nan, 0.0]], np.float32)
    faults = gain_faults(gain)
    assert (faults.zeros, faults.negatives, faults.not_finite, faults.median) == (2, 1, 1, 1.5)


def test_what_is_no_gain(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(FormatError, match="must have positive pixels; got 16 zeros, 0 negative and 0 that are no numbers, of 16"):
        read_gain(tmp_path / "a.tif")
    write_stack(tmp_path / "a.mrcs", np.ones((2, 4, 4), np.float32), None)
    with pytest.raises(FormatError, match=r"must be one image; got 2\. Is it the movie"):
        read_gain(tmp_path / "a.mrcs")


def test_turns_are_counter_clockwise_with_row_0_on_top():
    gain = np.array([[1, 2, 3], [4, 5, 6]])
    assert orient_gain(gain, 1).tolist() == [[3, 6], [2, 5], [1, 4]]
    assert orient_gain(gain, 2).tolist() == [[6, 5, 4], [3, 2, 1]]
    assert orient_gain(gain, 0, "rows").tolist() == [[4, 5, 6], [1, 2, 3]]
    assert orient_gain(gain, 0, "columns").tolist() == [[3, 2, 1], [6, 5, 4]]
    assert orient_gain(gain, 1, "rows").tolist() == [[1, 4], [2, 5], [3, 6]]


def test_there_are_eight_orientations():
    gain = np.arange(9).reshape(3, 3)
    seen = {orient_gain(gain, turns, flip).tobytes() for turns in range(4) for flip in ("none", "rows", "columns")}
    assert len(seen) == 8
    assert all(orient_gain(gain, turns).flags.c_contiguous for turns in range(4))
    with pytest.raises(InputError, match="flip must be one of"):
        orient_gain(gain, 0, "diagonal")
