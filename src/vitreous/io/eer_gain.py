"""Gain references of EER movies, which divide where others multiply.

Falcon cameras write the reference of an EER movie as an image of uniform illumination, by which frames are divided, and EPU's
``.gain`` file as factors. A reference is for the detector's pixels; a movie may be finer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitreous.errors import FormatError
from vitreous.io.gain import read_gain
from vitreous.io.tiff import is_tiff


def read_eer_gain(path: str | Path, shape: tuple[int, int]) -> np.ndarray:
    """Factors for the frames of an EER movie, float32 ``(y, x)``.

    Parameters
    ----------
    path
        A file named ``.gain`` holds factors; any other (MRC, TIFF) is divided by, and becomes mean / value. 0 is a defect and stays
        0. This is what RELION 4 and 5 do.
    shape
        (y, x) of the movie's frames. A reference of 2 or 4 times fewer or more pixels a side is repeated or averaged; a
        pixel averaged from any defect is one.

    Raises
    ------
    FormatError
        If it is no gain reference or its size is no such multiple.
    """
    # TIFF images are turned over as they are read; frames of EER are not, and neither is their reference.
    stored = read_gain(path)[::-1] if is_tiff(path) else read_gain(path)
    factors = stored if Path(path).suffix.lower() == ".gain" else _inverse(stored)
    have = factors.shape
    for scale in (1, 2, 4):
        if (have[0] * scale, have[1] * scale) == shape:
            return np.ascontiguousarray(factors.repeat(scale, axis=0).repeat(scale, axis=1))
        if (shape[0] * scale, shape[1] * scale) == have:
            blocks = factors.reshape(shape[0], scale, shape[1], scale)
            return np.where((blocks == 0).any((1, 3)), np.float32(0), blocks.mean((1, 3)))
    raise FormatError(path, f"a gain reference must have the frames' size, {shape[1]} x {shape[0]} pixels (x, y), or 2 or 4 times more "
                      f"or fewer; got {have[1]} x {have[0]}.")  # fmt: skip


def _inverse(flat: np.ndarray) -> np.ndarray:
    """Mean of the sound pixels over each; 0 where there is no sound pixel."""
    sound = np.isfinite(flat) & (flat > 0)
    return np.where(sound, flat[sound].mean(dtype=np.float64) / np.where(sound, flat, 1), 0).astype(np.float32)
