"""A movie cut off anywhere is not whole, whatever a reader makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.io.mrc import write_stack
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.io.whole import why_not_whole

FRAMES = np.random.default_rng(0).poisson(5, (4, 64, 48)).astype(np.uint8)


@pytest.fixture(params=["movie.tif", "movie.mrcs"])
def movie(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    write_movie_tiff(path, FRAMES, pixel_size=1.0) if path.suffix == ".tif" else write_stack(path, FRAMES, 1.0)
    return path


def test_a_whole_movie_is_whole_and_one_cut_off_is_not(movie: Path):
    assert why_not_whole(movie) == ""
    content = movie.read_bytes()
    for length in (0, 3, 7, 8, 100, *range(1000, len(content), 997), len(content) - 1):
        movie.write_bytes(content[:length])
        assert why_not_whole(movie), length


def test_pixels_that_were_not_written_yet_are_missed(tmp_path: Path):
    # directories first, pixels after them: all of the header is there
    path = tmp_path / "movie.tif"
    write_movie_tiff(path, FRAMES, pixel_size=1.0)
    import tifffile

    with tifffile.TiffFile(path) as file:
        end = max(offset + count for page in file.pages for offset, count in zip(page.dataoffsets, page.databytecounts))
        before = [page.dataoffsets[0] for page in file.pages]
    content = path.read_bytes()
    assert end <= len(content)
    moved = content.replace(before[-1].to_bytes(4, "little"), (len(content) - 10).to_bytes(4, "little"))
    path.write_bytes(moved)
    assert "the frame ends at byte" in why_not_whole(path)


@pytest.mark.parametrize("content", [b"", b"no movie", b"II*\0" + b"\xff" * 50, bytes(2000)])
def test_what_is_no_movie_is_not_whole(tmp_path: Path, content: bytes):
    (tmp_path / "a.tif").write_bytes(content)
    assert why_not_whole(tmp_path / "a.tif")
    assert "exists" in why_not_whole(tmp_path / "absent.tif")
