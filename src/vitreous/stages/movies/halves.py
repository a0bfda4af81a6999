"""Two sums of one movie that share no noise: of its odd and of its even frames, aligned alike, for programs that learn to denoise.

Both are counted double, so that their mean is the plain sum of all frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.stages.movies.exposure import WeightBasis
from vitreous.stages.movies.sums import combine


def half_rows(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights ``(2, n)`` of frames ``numbers`` (from 0) in the sums of the odd (first, third …) and the even ones.

    Raises
    ------
    InputError
        If there are only odd or only even frames.
    """
    even = np.asarray(numbers) % 2 == 1
    require(bool(even.any() and not even.all()), "frames for halves", (np.asarray(numbers) + 1).tolist(), "of odd and of even number")
    return 2.0 * np.stack([~even, even])


def half_images(
    sums: NDArray[np.float32], used: NDArray[np.int64], pixel_size: float, factor: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The odd and the even image, float32 ``(y, x)``, from the sums made with :func:`half_rows`.

    Parameters
    ----------
    sums
        ``(2, y, x)``.
    used
        How often each filter was used; see :func:`vitreous.stages.movies.sums.combine`.
    pixel_size
        Å per pixel of ``sums``.
    factor
        By which the images are Fourier-cropped.
    """
    alone = WeightBasis(mixing=np.ones((1, 1)), k=np.linspace(0, 1, 2), curves=np.ones((1, 2)), plain=np.ones(1))
    odd, even = (combine(one[None], used, alone, pixel_size, factor, plainly=True, weighted=False)[0] for one in sums)
    return odd, even  # type: ignore[return-value]
