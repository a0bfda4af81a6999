"""A map and a model's density near the model alone, sampled no finer than a resolution asks: small enough to try placements on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.fourier import good_size, rfftn
from vitreous.numerics.resample import fourier_resize
from vitreous.numerics.shells import shell_average, shell_correlation, shell_count, spread
from vitreous.physics.model_map import model_spectrum
from vitreous.stages.model.mask import EDGE, EXTENSION, soft_mask, solvent_level

#: Voxels a resolution: Nyquist lies at two thirds of it.
SAMPLES = 3.0


@dataclass(frozen=True, eq=False)
class Closeup:
    """The map about a model, soft-masked around its atoms.

    Parameters
    ----------
    target
        Transform of the masked map, complex64 half grid.
    size, voxel_size, corner
        Of the small cube: voxels, Å, Å.
    resolution
        Å, of the finest shell to use.
    share
        Mean of the squared mask: noise power under the mask is this share of the map's.
    """

    target: Tensor
    size: int
    voxel_size: float
    corner: tuple[float, float, float]
    resolution: float
    share: float

    @property
    def shells(self) -> int:
        """How many shells are not finer than the resolution, zero included."""
        return min(self.size // 2, math.floor(self.size * self.voxel_size / self.resolution)) + 1

    def model(self, model: AtomicModel) -> Tensor:
        """Transform of a model's density on the small cube."""
        return model_spectrum(model, self.size, self.voxel_size, self.corner)

    def correlation(self, model: Tensor) -> Tensor:
        """Shell correlations with a model's transform, up to the resolution, float64 ``(shells,)``."""
        return shell_correlation(self.target, model, (self.size,) * 3)[: self.shells]

    def counts(self) -> Tensor:
        """Independent real numbers of those shells, about."""
        return shell_count((self.size,) * 3)[: self.shells] * self.share

    def scaled(self, model: Tensor) -> Tensor:
        """The model's transform with the scale of each shell that brings it closest to the map: B-factors and filters fall out."""
        shape = (self.size,) * 3
        cross = shell_average((self.target * model.conj()).real, shape)
        power = shell_average(model.abs() ** 2, shape).clamp_min(1e-30)
        return model * spread(cross / power, shape)


def closeup(volume: Volume, positions: NDArray, resolution: float) -> Closeup:
    """Cut out the cube about atoms at ``positions`` (Å, ``(n, 3)``), mask it, and sample it as ``resolution`` (Å) asks."""
    middle = 0.5 * (positions.min(0) + positions.max(0))
    reach = float(np.ptp(positions, axis=0).max()) + 2 * (EXTENSION + EDGE)
    side = good_size(math.ceil(reach / volume.voxel_size))
    start = np.round((middle - np.array(volume.corner)) / volume.voxel_size).astype(int) - side // 2
    corner = tuple(float(c) for c in np.array(volume.corner) + start * volume.voxel_size)
    cut = _cut(volume.values, start[::-1], side)
    size = min(side, good_size(math.ceil(side * volume.voxel_size * SAMPLES / resolution)))
    if size < side:
        cut = fourier_resize(cut, (size,) * 3)
    small = Volume(cut, volume.voxel_size * side / size, corner)
    mask = soft_mask(small, positions)
    masked = (small.values - solvent_level(volume)) * mask
    return Closeup(rfftn(masked), size, small.voxel_size, corner, resolution, float((mask**2).mean()))


def _cut(values: Tensor, start: NDArray, side: int) -> Tensor:
    """A cube from voxel ``start`` (z, y, x), which may lie outside: zeros there."""
    out = torch.zeros((side,) * 3)
    source = [slice(max(0, int(s)), max(0, min(n, int(s) + side))) for s, n in zip(start, values.shape)]
    target = [slice(part.start - int(s), part.stop - int(s)) for part, s in zip(source, start)]
    if all(part.stop > part.start for part in source):
        out[tuple(target)] = values[tuple(source)].float()
    return out
