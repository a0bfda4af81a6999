from __future__ import annotations

import numpy as np
import pytest

from vitreous.runtime.arrays import LARGE, touched


@pytest.mark.parametrize("shape", [(3, 5), (2, LARGE // 4), (0, 7)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "complex64"])
def test_arrays_are_zeros_of_their_own_that_can_be_written(shape: tuple[int, ...], dtype: str):
    first, second = touched(shape, dtype), touched(shape, dtype)
    assert first.shape == shape
    assert first.dtype == np.dtype(dtype)
    assert not first.any()
    first[...] = 1
    assert not second.any()
    assert first.flags.writeable
    assert first.flags.c_contiguous
