"""Flat pictures standing in space, seen from aside: slices of Fourier space through its origin, films behind a particle."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.views.surface import RADIAL, halved

#: Least part of a plane's width that is seen when it stands on edge.
EDGE_ON = 0.03
#: Width of the rim, as a share of the plane's half width.
RIM = 0.025


def planes_image(
    pictures: ArrayLike, rotations: ArrayLike, camera: ArrayLike, *, offset: float = 0.0, round_: bool = True, size: int = 260,
    reach: float = 1.2,
) -> NDArray[np.uint8]:  # fmt: skip
    """Picture of planes that hide one another where they cross.

    Parameters
    ----------
    pictures
        What is on each plane, ``(m, n, n)`` within 0 (dark) … 1 (bright), zero in the middle (pixel n // 2).
    rotations
        ``(m, 3, 3)``: plane i is spanned by the first two rows of R, the points Rᵀ (a, b, 0) of the object's space.
    camera
        ``(3, 3)``: turns the object's space into what is seen, x right, y up, +z towards the eye.
    offset
        How far each plane is moved along the third row of its R, in half widths.
    round_
        Whether planes are discs; squares otherwise.
    size
        Pixels a side; twice as many are computed.
    reach
        Half widths of a plane from the middle of the picture to its edge.

    Returns
    -------
    ndarray
        uint8 RGBA ``(size, size, 4)``, transparent where no plane is; row 0 at the bottom.

    Raises
    ------
    InputError
        If there is not one rotation a picture.
    """
    drawn, turns = np.asarray(pictures, np.float32), np.asarray(rotations, np.float32)
    require(drawn.ndim == 3 and turns.shape == (len(drawn), 3, 3), "rotations", turns.shape, f"one a picture, ({len(drawn)}, 3, 3)")
    line = ((np.arange(2 * size, dtype=np.float32) + 0.5) / size - 1) * reach
    v, u = np.meshgrid(line, line, indexing="ij")
    nearest = np.full(u.shape, -np.inf, np.float32)
    bright, rim = np.zeros_like(u), np.zeros(u.shape, bool)
    for picture, turn in zip(drawn, turns @ np.asarray(camera, np.float32).T):
        a, b, depth = _seen(turn, u, v, offset)
        distance = np.hypot(a, b) if round_ else np.maximum(np.abs(a), np.abs(b))
        front = (distance <= 1) & (depth > nearest)
        nearest[front], rim[front] = depth[front], distance[front] > 1 - RIM
        bright[front] = _at(picture, a[front], b[front])
    return halved(_coloured(bright, rim), np.isfinite(nearest).astype(np.float32))


def _seen(turn: NDArray, u: NDArray, v: NDArray, offset: float) -> tuple[NDArray, NDArray, NDArray]:
    """Where rays at (u, v) meet a plane: (a, b) on it, and how near the eye."""
    normal = turn[2]
    slant = normal[2] if abs(normal[2]) > EDGE_ON else np.copysign(EDGE_ON, normal[2])
    depth = (offset - normal[0] * u - normal[1] * v) / slant
    a, b = (row[0] * u + row[1] * v + row[2] * depth for row in turn[:2])
    return a, b, depth


def _at(picture: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """Picture at (a, b) in half widths, linear between its pixels."""
    n = picture.shape[-1]
    x, y = ((0.5 * each * n + n // 2).clip(0, n - 1.001) for each in (a, b))
    i, j = x.astype(int), y.astype(int)
    p, q = x - i, y - j
    low = picture[j, i] * (1 - p) + picture[j, i + 1] * p
    return low * (1 - q) + (picture[j + 1, i] * (1 - p) + picture[j + 1, i + 1] * p) * q


def _coloured(bright: NDArray, rim: NDArray) -> NDArray:
    """Dark blue to cream, within 0 … 1; rims light, so that they show on any paper beside dark planes."""
    knots = np.linspace(0, 1, len(RADIAL))
    dark = np.array(RADIAL, float) * [[0.35], [0.8], [1], [1], [1]]
    colour = np.stack([np.interp(bright, knots, dark[:, channel]) for channel in range(3)], -1) / 255
    colour[rim] = (0.55, 0.62, 0.70)
    return colour
