from __future__ import annotations

import numpy as np
import pytest

from vitreous.data.motion import LOCAL_TERMS, Motion, local_basis
from vitreous.errors import InputError


def relion_polynomial(c: np.ndarray, x: float, y: float, z: float) -> float:
    """Written out term by term, as RELION's documentation of the model does."""
    return (
        (c[0] * z + c[1] * z**2 + c[2] * z**3)
        + (c[3] * z + c[4] * z**2 + c[5] * z**3) * x
        + (c[6] * z + c[7] * z**2 + c[8] * z**3) * x * x
        + (c[9] * z + c[10] * z**2 + c[11] * z**3) * y
        + (c[12] * z + c[13] * z**2 + c[14] * z**3) * y * y
        + (c[15] * z + c[16] * z**2 + c[17] * z**3) * x * y
    )


def test_local_shift_is_relions_polynomial():
    rng = np.random.default_rng(3)
    local = rng.normal(size=(2, LOCAL_TERMS))
    motion = Motion(shape=(300, 500), pixel_size=0.8, global_shifts=rng.normal(size=(7, 2)), local=local)
    for frame, x, y in [(0, 10.0, 20.0), (3, 499.0, 0.0), (6, 123.4, 256.7)]:
        expected = [relion_polynomial(row, x / 500 - 0.5, y / 300 - 0.5, frame) for row in local]
        np.testing.assert_allclose(motion.local_shift(frame, x, y), expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(motion.shift(frame, x, y), expected + motion.global_shifts[frame], rtol=1e-12)


def test_local_shift_is_zero_in_the_first_frame():
    assert not local_basis(0.3, -0.2, 0.0).any()


def test_positions_and_frames_broadcast():
    motion = Motion(shape=(64, 64), pixel_size=1.0, global_shifts=np.zeros((4, 2)), local=np.ones((2, LOCAL_TERMS)))
    assert motion.shift(np.arange(4)[:, None], np.zeros(5), np.ones(5)).shape == (4, 5, 2)


def test_wrong_shapes_are_refused():
    with pytest.raises(InputError, match=r"global_shifts must be of shape \(frames, 2\); got \(4,\)"):
        Motion(shape=(64, 64), pixel_size=1.0, global_shifts=np.zeros(4))
    with pytest.raises(InputError, match=r"local must be of shape \(2, 18\)"):
        Motion(shape=(64, 64), pixel_size=1.0, global_shifts=np.zeros((4, 2)), local=np.zeros(18))
    with pytest.raises(InputError, match="pixel_size must be positive, in Å"):
        Motion(shape=(64, 64), pixel_size=0.0, global_shifts=np.zeros((4, 2)))
