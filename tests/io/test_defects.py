"""Maps and lists of bad pixels: as RELION reads them, and every way to get them wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from vitreous.errors import FormatError, InputError
from vitreous.io.defects import read_defects, write_defects
from vitreous.io.mrc import write_image

SHAPE = (30, 40)


def marked() -> np.ndarray:
    bad = np.zeros(SHAPE, bool)
    bad[20:22, 10:13] = bad[:, 39] = True
    return bad


def test_lists_and_pictures_say_the_same(tmp_path: Path):
    # RELION 3.1.3 mended exactly these pixels of rows 20 and 21 (as stored in MRC, from the bottom in TIFF) for each of the three.
    (tmp_path / "a.txt").write_text("# x y w h\n10 20 3 2\n\n39 0 1 30  # a column\n")
    write_image(tmp_path / "a.mrc", marked().astype(np.float32), None)
    tifffile.imwrite(tmp_path / "a.tif", marked()[::-1].astype(np.uint8))
    for name in ("a.txt", "a.mrc", "a.tif"):
        np.testing.assert_array_equal(read_defects(tmp_path / name, SHAPE), marked())


def test_what_is_written_is_read(tmp_path: Path):
    write_defects(tmp_path / "a.tif", marked())
    np.testing.assert_array_equal(read_defects(tmp_path / "a.tif", SHAPE), marked())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3", r"line 1.*four whole numbers, x y w h; got '1 2 3'"),
        ("0 0 1 1\nBadColumns 7 9\n", r"line 2.*got 'BadColumns 7 9'.*clip defect"),
        ("-1 0 2 2", r"four whole numbers"),
        ("1.5 0 2 2", r"four whole numbers"),
        ("39 0 2 1", r"within the frame of 40 x 30 pixels.*got 39 0 2 1"),
        ("0 0 0 3", r"1 or more wide and high"),
    ],
)
def test_lines_that_are_no_rectangles_are_refused(tmp_path: Path, text: str, words: str):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(FormatError, match=words):
        read_defects(tmp_path / "a.txt", SHAPE)


def test_what_is_no_map_of_this_detector_is_refused(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(FormatError, match="must be text"):
        read_defects(tmp_path / "a.txt", SHAPE)
    write_image(tmp_path / "a.mrc", np.zeros(SHAPE[::-1], np.float32), None)
    with pytest.raises(InputError, match=r"defects must have the frames' size, 40 x 30 pixels \(x, y\); got 30 x 40"):
        read_defects(tmp_path / "a.mrc", SHAPE)
    with pytest.raises(InputError, match=r"none\.mrc"):
        read_defects(tmp_path / "none.mrc", SHAPE)
    with pytest.raises((InputError, FileNotFoundError)):
        read_defects(tmp_path / "none.txt", SHAPE)
