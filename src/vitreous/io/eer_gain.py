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


def eer_gain_divides(path: str | Path) -> bool:
    """Whether frames are to be divided by a reference, by custom: only a file named ``.gain`` holds factors (RELION 4 and 5)."""
    return Path(path).suffix.lower() != ".gain"


def read_eer_gain(path: str | Path, shape: tuple[int, int]) -> np.ndarray:
    """The gain reference of an EER movie as stored, float32 ``(y, x)``; see :func:`eer_gain_divides`.

    Parameters
    ----------
    path
        MRC, TIFF or ``.gain``. 0 is a defect. What divides is brought to a mean of 1.
    shape
        (y, x) of the movie's frames. A reference of 2 or 4 times fewer or more pixels a side is repeated or averaged; a
        pixel averaged from any defect is one.

    Raises
    ------
    FormatError
        If it is no gain reference or its size is no such multiple.
    """
    # TIFF images are turned over as they are read; frames of EER are not, and neither is their reference.
    gain = read_gain(path)[::-1] if is_tiff(path) else read_gain(path)
    if eer_gain_divides(path):
        gain = gain / gain[np.isfinite(gain) & (gain > 0)].mean(dtype=np.float64).astype(np.float32)
    have = gain.shape
    for scale in (1, 2, 4):
        if (have[0] * scale, have[1] * scale) == shape:
            return np.ascontiguousarray(gain.repeat(scale, axis=0).repeat(scale, axis=1))
        if (shape[0] * scale, shape[1] * scale) == have:
            blocks = gain.reshape(shape[0], scale, shape[1], scale)
            return np.where((blocks == 0).any((1, 3)), np.float32(0), blocks.mean((1, 3)))
    raise FormatError(path, f"a gain reference must have the frames' size, {shape[1]} x {shape[0]} pixels (x, y), or 2 or 4 times more "
                      f"or fewer; got {have[1]} x {have[0]}.")  # fmt: skip
