"""Large arrays whose memory is there at once."""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Bytes from which on it is worth the trouble: numpy asks for huge pages from here on.
LARGE = 1 << 22


def touched(shape: Sequence[int], dtype: DTypeLike) -> NDArray:
    """Give an array of zeros, all of its memory taken from the system in one go.

    A large array of numpy asks for huge pages and gets them one by one as it is written to. Where the memory is in pieces the system has
    to move other pages out of the way for each: half a gigabyte can take two seconds of processor time, this a quarter of one.
    """
    kind = np.dtype(dtype)
    size = kind.itemsize * math.prod(shape)
    if size < LARGE or not hasattr(mmap, "MAP_POPULATE"):
        return np.zeros(shape, kind)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
    return np.frombuffer(memory, kind).reshape(shape)
