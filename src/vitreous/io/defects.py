"""Maps and lists of a detector's bad pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, InputError
from vitreous.io.gain import read_one_image
from vitreous.io.tiff_write import write_movie_tiff

#: Ends of the names of lists; everything else is a picture.
LISTS = (".txt",)


def read_defects(path: str | Path, shape: tuple[int, int]) -> np.ndarray:
    """Read which pixels of a detector cannot be used.

    Parameters
    ----------
    path
        A picture (MRC, TIFF) that is not 0 at defects, or a list (.txt) of rectangles, ``x y w h`` a line: the column and row of
        the first pixel, counted from 0, width and height. "#" begins a comment. Rows count as in :func:`open_movie`:
        from the first stored row of an MRC file, from the last one of a TIFF file. RELION reads both alike.
    shape
        (y, x) of the frames.

    Returns
    -------
    ndarray
        bool ``(y, x)``, True at defects.

    Raises
    ------
    FormatError
        If the file is damaged, or a line is no rectangle within the frame.
    InputError
        If a picture has another size than the frames.
    """
    path = Path(path)
    if path.suffix.lower() in LISTS:
        return _listed(path, shape)
    image = read_one_image(path, "a defect map")
    if image.shape != tuple(shape):
        raise InputError(f"defects must have the frames' size, {shape[1]} x {shape[0]} pixels (x, y); got {image.shape[1]} x "
                         f"{image.shape[0]} in {path}. Try: the map of this detector, turned as its movies are.")  # fmt: skip
    return image != 0


def _listed(path: Path, shape: tuple[int, int]) -> np.ndarray:
    bad = np.zeros(shape, bool)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as problem:
        raise FormatError(path, "a list of defects must be text. Try: a name that ends in .mrc or .tif for a picture.") from problem
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if words:
            x, y, width, height = _rectangle(words, shape, path, number)
            bad[y : y + height, x : x + width] = True
    return bad


def _rectangle(words: list[str], shape: tuple[int, int], path: Path, number: int) -> tuple[int, ...]:
    where = f"line {number}"
    if len(words) != 4 or not all(word.isdecimal() for word in words):
        raise FormatError(path, f"a defect must be four whole numbers, x y w h; got {' '.join(words)!r}. SerialEM's own lists become "
                          "a picture by IMOD's clip defect.", where)  # fmt: skip
    x, y, width, height = (int(word) for word in words)
    if min(width, height) < 1 or x + width > shape[1] or y + height > shape[0]:
        raise FormatError(path, f"a defect must lie within the frame of {shape[1]} x {shape[0]} pixels (x, y), 1 or more wide and high; "
                          f"got {' '.join(words)}.", where)  # fmt: skip
    return x, y, width, height


def write_defects(path: str | Path, bad: np.ndarray) -> None:
    """Write a map of defects ``(y, x)`` as an 8-bit TIFF picture, 1 at defects."""
    # A pixel size of 1 says, as in other headers, that none is known.
    write_movie_tiff(path, [np.asarray(bad, np.uint8)], pixel_size=1.0)
