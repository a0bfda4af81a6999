"""Whether a movie's file is whole: it opens, and promises no more bytes than there are. No pixel is read."""

from __future__ import annotations

from pathlib import Path

from vitreous.errors import FormatError, VitreousError
from vitreous.io.movies import open_movie
from vitreous.io.tiff import is_tiff
from vitreous.io.tiff_directories import read_directories

#: Tags of where the pieces of a page lie and how many bytes each has: strips, tiles.
STRIPS, TILES = (273, 279), (324, 325)


def why_not_whole(path: str | Path) -> str:
    """Say why a movie is not whole, or cannot be one; "" if it is.

    A reader may make do with the frames that are there. Whoever waits for a file to be written has to know that some are missing.
    """
    path = Path(path)
    try:
        open_movie(path)
        if is_tiff(path):
            _check_pages(path)
    except (VitreousError, OSError) as problem:
        return str(problem)
    return ""


def _check_pages(path: Path) -> None:
    size = path.stat().st_size
    for number, tags in enumerate(read_directories(path, (*STRIPS, *TILES)), 1):
        pieces = [pair for at, count in (STRIPS, TILES) for pair in zip(tags.get(at, ()), tags.get(count, ()))]
        end = max((at + count for at, count in pieces), default=0)
        if end > size:
            raise FormatError(path, f"the frame ends at byte {end}; got {size} bytes. The file was cut off.", f"frame {number}")
