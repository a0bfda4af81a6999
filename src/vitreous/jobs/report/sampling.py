"""How evenly the views fill Fourier space.

A view along d measures all detail across it. The sampling c(u) is the share of views across a direction u over that of even
views; 1 / ⟨1 / c⟩ is 1 for even views and falls as gaps open (Baldwin & Lyumkis 2020, Prog. Biophys. Mol. Biol. 150:160).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Half-width of the belt of directions that a view measures, degrees.
BELT = 5.0
#: Views that are looked at, at most: more tell nothing new.
MOST = 20000


@dataclass(frozen=True)
class Sampling:
    """Evenness, 0 to 1, and the sampling of the direction that has least, relative to even views."""

    evenness: float
    least: float


def sampling(directions: NDArray) -> Sampling:
    """Judge viewing directions, unit vectors ``(n, 3)`` with all symmetric copies."""
    from vitreous.numerics.so3_grid import healpix

    chosen = directions[:: max(1, len(directions) // MOST)]
    phi, theta = np.deg2rad(np.asarray(healpix(8))).T
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)
    belt = np.sin(np.deg2rad(BELT))
    share = np.zeros(len(points))
    for start in range(0, len(points), 64):
        share[start : start + 64] = (np.abs(points[start : start + 64] @ chosen.T) < belt).mean(1) / belt
    floor = 0.5 / max(1, len(chosen)) / belt
    return Sampling(float(1 / np.mean(1 / np.maximum(share, floor))), float(share.min()))
