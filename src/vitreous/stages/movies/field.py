"""The shifts that the sum is made with: a value for every frame and place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Nodes along each axis between which the field is interpolated.
NODES = 17


def spline_matrix(at: NDArray, nodes: int) -> NDArray[np.float64]:
    """Rows that turn values at ``nodes`` evenly spaced nodes on [0, 1] into a cubic spline's values at ``at``.

    Outside [0, 1] the nearest end holds. With fewer than four nodes the spline has a lower degree.
    """
    from scipy.interpolate import make_interp_spline

    if nodes == 1:
        return np.ones((len(at), 1))
    spline = make_interp_spline(np.linspace(0, 1, nodes), np.eye(nodes), k=min(3, nodes - 1))
    return spline(np.clip(at, 0.0, 1.0))


@dataclass(frozen=True)
class ShiftField:
    """Shifts in pixels of the unbinned frame, added to a place in a frame to find it in the sum; 0 in the first frame.

    Parameters
    ----------
    shape
        (y, x) of a frame.
    nodes
        ``(frames, rows, columns, 2)`` as (x, y): values at nodes spread evenly from the first edge of the frame to the last.
    """

    shape: tuple[int, int]
    nodes: NDArray[np.float64]

    def on_lattice(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """Shifts at all crossings of columns ``x`` and rows ``y`` (pixels): ``(frames, len(y), len(x), 2)``."""
        down = spline_matrix((np.asarray(y) + 0.5) / self.shape[0], self.nodes.shape[1])
        across = spline_matrix((np.asarray(x) + 0.5) / self.shape[1], self.nodes.shape[2])
        return np.einsum("yr,frcd,xc->fyxd", down, self.nodes, across, optimize=True)

    def at(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Shifts at places ``x``, ``y`` (pixels, ``(m,)``) in all frames: ``(m, frames, 2)``."""
        down = spline_matrix((np.atleast_1d(np.asarray(y, dtype=float)) + 0.5) / self.shape[0], self.nodes.shape[1])
        across = spline_matrix((np.atleast_1d(np.asarray(x, dtype=float)) + 0.5) / self.shape[1], self.nodes.shape[2])
        return np.einsum("mr,frcd,mc->mfd", down, self.nodes, across, optimize=True)


def node_places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of the nodes, fractions of the frame from its first edge, rows slowest: ``(NODES²,)`` each."""
    y, x = np.meshgrid(np.linspace(0, 1, NODES), np.linspace(0, 1, NODES), indexing="ij")
    return x.ravel(), y.ravel()
