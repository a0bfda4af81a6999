r"""Local motion as optical flow: each frame, or group of frames, against the average of the others, from coarse groups to single frames.

Averages of ever fewer frames are compared with the average of all that has been brought together so far ("iterative averages",
Abrishami et al. 2015, J. Struct. Biol. 189:163). The flow of each is that of Lucas & Kanade (1981, IJCAI 81:674): with R the average
of the others and W the group, moved by the shifts s known so far, the shift that is missing at a place minimises
Σ w (R − W + ∇R · δ)² over a Gaussian window w about it,

    δ = −(Σ w ∇R ∇Rᵀ)⁻¹ Σ w ∇R (R − W).

Unlike the smooth field of :mod:`vitreous.stages.movies.local` it knows neither how strong the signal is at each frequency nor how motion
behaves, so it needs larger windows or more electrons; it is here for comparison. On a movie of 4096² pixels with 30 frames of 1 e a pixel
(benchmarks/movie_alignment.py, seed 1) it leaves 0.49 pixels RMS where drift alone leaves 0.72 and the smooth field 0.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import frequency_squared
from vitreous.runtime.devices import in_threads
from vitreous.stages.movies.drift import Drift
from vitreous.stages.movies.field import NODES
from vitreous.stages.movies.fixed_pattern import block_sums
from vitreous.stages.movies.patches import into_aligned_frames
from vitreous.stages.movies.signal import high_pass

#: Å: detail finer than this does not take part.
DETAIL = 20.0
#: Pixels of the blocks in which products are summed, and the standard deviation, in fractions of the longer side, of the window.
BLOCK, WINDOW = 16, 0.07
#: Flows measured with each grouping of the frames.
TURNS = 2
#: Share of the mean squared gradient that is added to it, so that empty places stay where they are.
RIDGE = 0.05
#: Pixels: no turn moves anything further.
MOST = 2.0


@dataclass(frozen=True)
class FlowMotion:
    """Motion left after the drift of whole frames, in shrunk pixels.

    Parameters
    ----------
    values
        ``(frames, NODES, NODES, 2)``: shifts at the nodes of the frame, 0 in the first frame.
    """

    values: NDArray[np.float64]

    @property
    def common(self) -> NDArray[np.float64]:
        """``(frames, 2)``: what all places share is left in ``values``."""
        return np.zeros((len(self.values), 2))

    def nodes(self) -> NDArray[np.float64]:
        """The values, as :meth:`vitreous.stages.movies.local.LocalMotion.nodes` gives them."""
        return self.values


def find_flow(spectra: Tensor, drift: Drift, shape: tuple[int, int], pixel_size: float, coarsest: float) -> FlowMotion:
    """Local shifts of frames that have been aligned as wholes.

    Parameters
    ----------
    spectra
        Half transforms of the shrunk frames, contiguous; their memory is used up.
    drift
        Of whole frames.
    shape, pixel_size
        (y, x) of and Å per pixel of a shrunk frame.
    coarsest
        Å; coarser detail does not take part.

    """
    k = frequency_squared(shape, pixel_size).sqrt()
    band = torch.exp(-((k * DETAIL / 2) ** 2)) * torch.from_numpy(high_pass(k.numpy(), 1 / coarsest)).float()
    spectra *= band
    frames = into_aligned_frames(spectra, drift.shifts, shape)
    return FlowMotion(at_nodes(flow_of(frames), shape))


def flow_of(frames: Tensor) -> NDArray[np.float64]:
    """Shifts ``(n, blocks y, blocks x, 2)`` of frames ``(n, y, x)``, pixels; their mean over the frames is 0."""
    count, shape = len(frames), tuple(frames.shape[1:])
    steps = tuple(max(1, n // BLOCK) for n in shape)
    shifts = np.zeros((count, *steps, 2))
    for groups in groupings(count):
        edges = np.round(np.linspace(0, count, groups + 1)).astype(int)
        middles = (edges[1:] + edges[:-1] - 1) / 2
        for _ in range(TURNS):
            moved = all_moved(frames, shifts)
            total = moved.sum(axis=0)
            found = np.empty((groups, *steps, 2))

            def one(g: int, moved: NDArray = moved, total: NDArray = total, edges: NDArray = edges, found: NDArray = found) -> None:
                own = moved[edges[g] : edges[g + 1]]
                rest = (total - own.sum(axis=0)) / (count - len(own))
                found[g] = flow(rest, own.mean(axis=0))

            in_threads(one, groups)
            shifts += between_groups(found, middles, count)
            shifts -= shifts.mean(axis=0)
    return shifts


def groupings(count: int) -> list[int]:
    """Numbers of groups: 2, 4, 8 … and at last single frames."""
    return [*(1 << level for level in range(1, count.bit_length()) if 1 << level < count), count]


def between_groups(found: NDArray, middles: NDArray, count: int) -> NDArray[np.float64]:
    """Flows of groups as flows of frames, linear in time between the groups' middles and level beyond."""
    weights = np.array([np.interp(np.arange(count), middles, row) for row in np.eye(len(middles))])
    return np.tensordot(weights.T, found, axes=1)


def all_moved(frames: Tensor, shifts: NDArray) -> NDArray[np.float32]:
    """Each frame with its shifts applied, ``(n, y, x)``."""
    from scipy.ndimage import map_coordinates

    out = np.empty(tuple(frames.shape), dtype=np.float32)
    y, x = np.indices(frames.shape[1:], dtype=np.float32)

    def one(i: int) -> None:
        dx, dy = (over_pixels(shifts[i, ..., axis], frames.shape[1:]) for axis in (0, 1))
        map_coordinates(frames[i].numpy(), [y - dy, x - dx], order=1, mode="mirror", output=out[i])

    in_threads(one, len(frames))
    return out


def over_pixels(values: NDArray, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Values at the middles of blocks at every pixel, linear between them and level beyond."""
    rows, columns = (hat(np.arange(n) + 0.5, n, m) for n, m in zip(shape, values.shape))
    return (rows @ values.astype(np.float32)) @ columns.T


def hat(at: NDArray, size: int, blocks: int) -> NDArray[np.float32]:
    """Rows of weights of linear interpolation from the middles of ``blocks`` along ``size`` pixels to the places ``at``."""
    edges = np.append(np.arange(blocks) * BLOCK, size)
    middles = np.array([(a + b) / 2 for a, b in pairwise(edges)])
    return np.array([np.interp(at, middles, row) for row in np.eye(blocks)], dtype=np.float32).T


def flow(reference: NDArray, image: NDArray) -> NDArray[np.float64]:
    """δ that brings ``image`` to ``reference``, ``(blocks y, blocks x, 2)`` as (x, y) in pixels."""
    from scipy.ndimage import gaussian_filter

    gy, gx = np.gradient(reference)
    wide = WINDOW * max(reference.shape) / BLOCK
    xx, xy, yy, xd, yd = (gaussian_filter(block_sums(a * b, BLOCK), wide, mode="nearest")
                          for a, b in ((gx, gx), (gx, gy), (gy, gy), (gx, reference - image), (gy, reference - image)))  # fmt: skip
    steady = RIDGE * float((xx + yy).mean()) / 2 + 1e-30
    xx, yy = xx + steady, yy + steady
    found = -np.stack([yy * xd - xy * yd, xx * yd - xy * xd], axis=-1) / (xx * yy - xy * xy)[..., None]
    return np.clip(found, -MOST, MOST)


def at_nodes(shifts: NDArray, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Shifts of blocks at the nodes of the frame, without those of the first frame."""
    rows, columns = (hat(np.linspace(0, n, NODES), n, m) for n, m in zip(shape, shifts.shape[1:3]))
    nodes = np.einsum("ry,fyxd,cx->frcd", rows, shifts, columns, optimize=True)
    return nodes - nodes[:1]
