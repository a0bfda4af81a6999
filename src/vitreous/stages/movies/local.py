"""The local motion: patches measured and a field fitted to them, in turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.data.motion import LOCAL_TERMS, local_basis
from vitreous.stages.movies.drift import Drift
from vitreous.stages.movies.field import NODES, node_places
from vitreous.stages.movies.patches import Grid, Patches, aligned_frames, cut_patches, lay_out, measure
from vitreous.stages.movies.smooth import Field, Measurements, Prior, fit_field

#: Å; detail finer than this is damped in the first rounds.
SOFTENING = (60.0, 30.0)
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
        ``(frames, 2)``: what all patches share.
    measured
        ``(patches, frames, 2)``: the shift of each patch, ``common`` included.
    precision
        ``(patches, 2)``.
    field
        The field fitted to what is left.
    """

    grid: Grid
    common: NDArray[np.float64]
    measured: NDArray[np.float64]
    precision: NDArray[np.float64]
    field: Field

    def places(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """Fractions of each axis to fractions of the longer side."""
        return scaled(np.stack([x, y], axis=-1), self.grid.shape)

    def nodes(self) -> NDArray[np.float64]:
        """The local field without ``common`` at the nodes of the frame: ``(frames, NODES, NODES, 2)``, 0 in the first frame."""
        values = self.field.at(self.places(*node_places()))
        values = values - values[:, :1]
        return values.transpose(1, 0, 2).reshape(-1, NODES, NODES, 2)

    def deviation(self) -> float:
        """Expected error of the field, root mean square over the picture and the frames, along x or y."""
        return float(np.sqrt((self.field.deviation(self.places(*node_places())) ** 2).mean()))

    def residual(self) -> float:
        """Root mean square difference of measured shifts and field, along x or y."""
        places = scaled(self.grid.centres, self.grid.shape)
        seen = self.field.at(places, seen_by=self.field.data.blur)
        left = self.measured - self.common - seen
        return float(np.sqrt(((left - left.mean(axis=1, keepdims=True)) ** 2).mean()))


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
        Half transforms of the shrunk frames.
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
    patches = cut_patches(aligned_frames(spectra, drift.shifts, shape), grid, drift.snr, pixel_size / coarsest)
    return climb(patches, grid, pixel_size, iterations, told)


def climb(patches: Patches, grid: Grid, pixel_size: float, iterations: int, told: Callable[[int], None]) -> LocalMotion:
    """Measure from the current field, fit the field to what was measured, and again."""
    places = scaled(grid.centres, grid.shape)
    blur = grid.blur * np.array([grid.shape[1], grid.shape[0]]) / max(grid.shape)
    shifts = np.zeros((*patches.spectra.shape[:2], 2))
    prior = Prior()
    for turn in range(iterations):
        soften = SOFTENING[turn] / pixel_size if turn < len(SOFTENING) else 0.0
        measured, precision = measure(patches, shifts, soften)
        common = (precision[:, None] * measured).sum(axis=0) / precision.sum(axis=0)
        data = Measurements(places, blur, measured - common, precision)
        field = fit_field(data, prior, learn=turn in (len(SOFTENING), iterations - 1))
        prior = field.prior
        shifts = common + field.at(places, seen_by=blur)
        told(turn + 1)
    return LocalMotion(grid, common - common[0], measured, precision, field)


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
