"""Write movies as TIFF, one page a frame, LZW-compressed: what counting cameras give."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vitreous.errors import require
from vitreous.runtime.files import replacing


def write_movie_tiff(path: str | Path, frames: Iterable[np.ndarray], *, pixel_size: float) -> int:
    """Write frames one at a time; the file appears whole or not at all.

    Parameters
    ----------
    path
        The file.
    frames
        ``(y, x)`` each, of one shape and type; row 0 is stored last, as TIFF draws pictures from the top
        (see :mod:`vitreous.io.tiff`).
    pixel_size
        Å, kept in the resolution tags.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    InputError
        If there are no frames or the pixel size is not positive.
    """
    import tifffile

    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    per_centimetre = 1e8 / pixel_size
    written = 0
    with replacing(path) as aside, tifffile.TiffWriter(aside) as file:
        for frame in frames:
            file.write(np.asarray(frame)[::-1], photometric="minisblack", compression="lzw", contiguous=False,
                       resolution=(per_centimetre, per_centimetre), resolutionunit="CENTIMETER", software="vitreous",
                       metadata=None, rowsperstrip=min(64, len(frame)))  # fmt: skip
            written += 1
        require(written > 0, "frames", 0, "at least one")
    return written
