"""The local motion: patches measured and a field fitted to them, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.data.motion import LOCAL_TERMS, local_basis
from vitreous.stages.movies.drift import Drift
from vitreous.stages.movies.field import NODES, node_places
from vitreous.stages.movies.patches import Grid, Patches, cut_patches, into_aligned_frames, lay_out, measure
from vitreous.stages.movies.smooth import Field, Measurements, Prior, fit_field

#: Å; detail finer than this is damped in the first rounds.
SOFTENING = (60.0, 30.0)
#: Precision (1 / pixels²) of the belief that all patches share no shift beyond that of the whole frame.
STEADINESS = 1.0
#: Frames are summed in groups so that no more than this many take part; most movies have fewer.
MOST_GROUPS = 40
#: Fewest patches from which a field is made.
FEWEST = 4


@dataclass(frozen=True)
class LocalMotion:
    """Motion left after the drift of whole frames, in shrunk pixels.

    Parameters
    ----------
    grid
        The patches.
    common
        ``(frames, 2)``: what all patches share, 0 in the first frame.
    measured
        ``(patches, groups, 2)``: the shift of each patch without what all share; its mean over the groups is 0.
    field
        The field fitted to ``measured``.
    """

    grid: Grid
    common: NDArray[np.float64]
    measured: NDArray[np.float64]
    field: Field

    def places(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """Fractions of each axis to fractions of the longer side."""
        return scaled(np.stack([x, y], axis=-1), self.grid.shape)

    def nodes(self) -> NDArray[np.float64]:
        """The local field without ``common`` at the nodes of the frame: ``(frames, NODES, NODES, 2)``, 0 in the first frame."""
        values = self.field.at(self.places(*node_places()), np.arange(len(self.common)))
        values = values - values[:, :1]
        return values.transpose(1, 0, 2).reshape(-1, NODES, NODES, 2)

    @property
    def times(self) -> NDArray[np.float64]:
        """Middle of each group of frames, counted from 0."""
        return self.field.data.times

    def deviation(self) -> float:
        """Expected error of the field, root mean square over the picture and the frames, along x or y."""
        return float(np.sqrt((self.field.deviation(self.places(*node_places())) ** 2).mean()))

    def residual(self) -> float:
        """Root mean square difference of measured shifts and field, along x or y."""
        seen = self.field.at(scaled(self.grid.centres, self.grid.shape), seen_by=self.field.data.blur)
        return float(np.sqrt(((self.measured - seen) ** 2).mean()))


def scaled(fractions: NDArray, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Fractions of (x, y) sides as fractions of the longer one."""
    return fractions * np.array([shape[1], shape[0]]) / max(shape)


def find_local_motion(
    spectra: torch.Tensor,
    drift: Drift,
    shape: tuple[int, int],
    pixel_size: float,
    coarsest: float,
    asked: tuple[int, int] | None,
    iterations: int,
    told: Callable[[int], None],
) -> LocalMotion | None:
    """Fit a smooth field to the patches; None where there are too few of them.

    Parameters
    ----------
    spectra
        Half transforms of the shrunk frames, contiguous; their memory is used up.
    drift
        Of whole frames.
    shape, pixel_size
        (y, x) of and Å per pixel of a shrunk frame.
    coarsest
        Å.
    asked
        Patches along (x, y), or None.
    iterations
        Rounds.
    told
        Called with the number of rounds done.
    """
    grid = lay_out(shape, pixel_size, asked)
    if len(grid.corners) < FEWEST:
        return None
    frames = into_aligned_frames(spectra, drift.shifts, shape)
    edges = np.round(np.linspace(0, len(frames), min(len(frames), MOST_GROUPS) + 1)).astype(int)
    snr = drift.snr
    if len(edges) - 1 < len(frames):
        frames = torch.stack([frames[a:b].sum(dim=0) for a, b in pairwise(edges)])
        snr = snr.of_sums(len(spectra) / len(frames))
    patches = cut_patches(frames, grid, snr, pixel_size / coarsest)
    del frames
    times = (edges[1:] + edges[:-1] - 1) / 2
    common, measured, field = climb(patches, times, pixel_size, iterations, told)
    every = np.stack([np.interp(np.arange(len(spectra)), times, axis) for axis in common.T], axis=1)
    return LocalMotion(grid, every - every[0], measured, field)


def climb(
    patches: Patches, times: NDArray[np.float64], pixel_size: float, iterations: int, told: Callable[[int], None]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Field]:
    """Measure from the current field, fit the field to what was measured, and again.

    Returns
    -------
    common, measured, field
        ``(groups, 2)`` shared by all patches, ``(patches, groups, 2)`` measured without it, and what was fitted to that.
    """
    grid = patches.grid
    places = scaled(grid.centres, grid.shape)
    blur = scaled(grid.blur, grid.shape)
    shifts = np.zeros((*patches.spectra.shape[:2], 2))
    prior = Prior()
    for turn in range(iterations):
        soften = SOFTENING[turn] / pixel_size if turn < len(SOFTENING) else 0.0
        found, precision = measure(patches, shifts, soften)
        common = (precision[:, None] * found).sum(axis=0) / (precision.sum(axis=0) + STEADINESS)
        measured = found - common
        measured -= measured.mean(axis=1, keepdims=True)
        data = Measurements(places, blur, times, measured, precision)
        field = fit_field(data, prior, learn=turn in (len(SOFTENING), iterations - 1))
        prior = field.prior
        shifts = common + field.at(places, seen_by=blur)
        told(turn + 1)
    return common, measured, field


def polynomial_of(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients ``(2, 18)`` of the polynomial nearest to a field of ``nodes``, least squares over nodes and frames.

    Parameters
    ----------
    nodes
        ``(frames, rows, columns, 2)``, 0 in the first frame, any unit.
    """
    frames, rows, columns, _ = nodes.shape
    t, y, x = np.meshgrid(np.arange(frames), np.linspace(-0.5, 0.5, rows), np.linspace(-0.5, 0.5, columns), indexing="ij")
    basis = local_basis(x.ravel(), y.ravel(), t.ravel() / max(1, frames - 1))
    found = np.linalg.lstsq(basis, nodes.reshape(-1, 2), rcond=1e-10)[0].T
    return found / np.tile(float(max(1, frames - 1)) ** np.arange(1, 4), LOCAL_TERMS // 3)


def polynomial_nodes(local: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """The polynomial with coefficients ``local`` at the nodes: ``(frames, NODES, NODES, 2)``."""
    x, y = node_places()
    values = local_basis(x - 0.5, y - 0.5, np.arange(frames)[:, None]) @ local.T
    return values.reshape(frames, NODES, NODES, 2)
