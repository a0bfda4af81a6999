"""Where particles lie: at random, but never on top of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError

#: Darts thrown for each disc before giving up.
DARTS = 2000


def place_discs(
    count: int, extent: tuple[float, float], apart: float, chance: np.random.Generator, *, margin: float = 0.0,
    obstacles: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Random sequential placement of points no closer than ``apart`` to one another (Poisson discs).

    Parameters
    ----------
    count
        Points wanted.
    extent
        Width and height of the field.
    apart
        Least distance, in the field's unit.
    chance
        The darts.
    margin
        Least distance from the edge.
    obstacles
        ``(m, 3)``: x, y and radius of discs that must not be touched by discs of radius ``apart / 2``.

    Returns
    -------
    ndarray
        ``(count, 2)`` as (x, y).

    Raises
    ------
    InputError
        If they do not fit.
    """
    low, high = np.array([margin, margin]), np.array(extent) - margin
    blocked = np.zeros((0, 3)) if obstacles is None else obstacles
    points = np.empty((0, 2))
    for _ in range(count):
        darts = chance.uniform(low, np.maximum(low, high), (DARTS, 2))
        free = (np.linalg.norm(darts[:, None] - blocked[None, :, :2], axis=-1) >= blocked[:, 2] + apart / 2).all(1)
        free &= (np.linalg.norm(darts[:, None] - points[None], axis=-1) >= apart).all(1)
        hit = np.flatnonzero(free)
        if not len(hit):
            room = f"{extent[0]:.0f} × {extent[1]:.0f} Å at {apart:.0f} Å from one another"
            raise InputError(f"particles must fit into {room}; got {count}, and only {len(points)} fit. Try: fewer particles.")
        points = np.concatenate([points, darts[hit[:1]]])
    return points
