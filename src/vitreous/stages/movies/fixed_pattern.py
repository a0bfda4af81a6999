"""What stays with the detector: the response of its pixels, told from illumination and specimen by how fine it is.

The sum n of many frames is illumination times response, n ≈ λ / g with g the gain that counts are multiplied by. λ changes
slowly over the picture and the specimen is another one in every movie, so n / λ̂ − 1, with λ̂ a smooth version of n, is the
response of the pixels as far as it is fine, and noise of variance 1 / λ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require

#: Pixels of the blocks whose means make the illumination, and the standard deviation, in blocks, by which they are smoothed.
BLOCK, SMOOTHING = 16, 3.0


def block_sums(values: NDArray, block: int) -> NDArray[np.float64]:
    """Sums over squares of ``block`` pixels, ``(y // block, x // block)``; what is left over at the far edges joins the last."""
    starts = [np.arange(0, max(block, n - n % block), block) for n in values.shape]
    return np.add.reduceat(np.add.reduceat(values, starts[0], axis=0, dtype=np.float64), starts[1], axis=1)


def illumination(total: NDArray, sound: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A smooth version of a sum of frames; detail finer than about 300 pixels is not in it.

    Parameters
    ----------
    total
        Sum of frames, ``(y, x)``.
    sound
        Pixels that count.

    Returns
    -------
    ndarray
        float32 ``(y, x)``.

    Notes
    -----
    Means over blocks, to which a plane is fitted about each one with Gaussian weights, so that a slope is followed up to the edges and
    across defects; then interpolated linearly.
    """
    smooth = local_planes(block_sums(np.where(sound, total, 0), BLOCK), block_sums(sound, BLOCK))
    rows, columns = (between_blocks(n, m) for n, m in zip(total.shape, smooth.shape))
    lines = smooth[rows[0]] * (1 - rows[1])[:, None] + smooth[rows[0] + rows[2]] * rows[1][:, None]
    out = lines[:, columns[0]] * (1 - columns[1]) + lines[:, columns[0] + columns[2]] * columns[1]
    return out.astype(np.float32)


def local_planes(counts: NDArray, pixels: NDArray) -> NDArray[np.float64]:
    """Counts a pixel at each block, by the plane through the blocks around it; ``counts`` and ``pixels`` are their sums.

    References: Cleveland & Devlin 1988, J. Am. Stat. Assoc. 83:596 (locally weighted regression).
    """
    from scipy.ndimage import gaussian_filter

    y, x = np.indices(counts.shape) / SMOOTHING
    steps = (np.ones_like(y), y, x)

    def weighted(values: NDArray) -> NDArray:
        return gaussian_filter(values, SMOOTHING, mode="constant")

    normal = np.stack([np.stack([weighted(pixels * a * b) for a in steps], axis=-1) for b in steps], axis=-1)
    right = np.stack([weighted(counts * a) for a in steps], axis=-1)
    normal += 1e-9 * normal[..., :1, :1].max() * np.eye(3)
    plane = np.linalg.solve(normal, right[..., None])[..., 0]
    return plane[..., 0] + plane[..., 1] * y + plane[..., 2] * x


def between_blocks(size: int, blocks: int) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """For each pixel of an axis: the block before it, the way to the next one (0 to 1), and how far on that one is."""
    place = np.clip((np.arange(size) + 0.5) / BLOCK - 0.5, 0, blocks - 1)
    before = np.minimum(place.astype(np.int64), max(0, blocks - 2))
    return before, place - before, min(1, blocks - 1)


def response(total: NDArray, sound: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much more or less each pixel counts than its surroundings.

    Parameters
    ----------
    total
        Sum of frames as recorded, ``(y, x)``.
    sound
        Pixels that are no defects.

    Returns
    -------
    deviation
        n / λ̂ − 1, float32; 0 where ``sound`` is not.
    level
        λ̂, float32.

    Raises
    ------
    InputError
        If the sum is not positive on average: nothing was counted.
    """
    mean = float(total[sound].mean()) if sound.any() else 0.0
    require(mean > 0, "mean count of the frames", mean, "positive", instead="movies taken with the beam on")
    level = np.maximum(illumination(total, sound), np.float32(1e-3 * mean))
    return np.where(sound, total / level - 1, 0).astype(np.float32), level
