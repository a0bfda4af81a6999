"""A map and the density of its model on one cube, as transforms and as sums over fine shells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.fourier import frequency_squared, good_size, rfftn
from vitreous.numerics.shells import friedel_weight
from vitreous.physics.model_map import model_spectrum

#: Share of the heavy atoms that may lie outside the map: a flexible end, not a model of something else.
MOST_OUTSIDE = 0.1
#: Å²: larger B-factors say nothing (exp(−B k²/4) is 1e-5 at 4 Å), and smaller than 0 means nothing.
LARGEST_B = 800.0
#: Bins of the fine shells a shell.
FINE = 4


def heavy_atoms(model: AtomicModel) -> AtomicModel:
    """The model without its hydrogens.

    Raises
    ------
    InputError
        If nothing is left.
    """
    rows = ~np.isin(model.elements, ["H", "D"])
    require(bool(rows.any()), "a model", f"{len(model)} hydrogens", "one with atoms other than hydrogen")
    return model.take(rows)


def outside(model: AtomicModel, volume: Volume) -> np.ndarray:
    """Which atoms lie outside the map's box, bool ``(n,)``."""
    places = (model.positions - np.array(volume.corner)) / volume.voxel_size
    return ((places < 0) | (places > np.array(volume.shape[::-1]) - 1)).any(1)


def check_inside(model: AtomicModel, volume: Volume) -> None:
    """Refuse a model that does not lie in the map.

    Raises
    ------
    InputError
        If more than a tenth of its atoms lie outside, or a coordinate is not finite.
    """
    require(bool(np.isfinite(model.positions).all()), "coordinates of a model", "NaN or infinity", "finite, in Å")
    share = float(outside(model, volume).mean())
    low, high = model.positions.min(0).round(1).tolist(), model.positions.max(0).round(1).tolist()
    far = (np.array(volume.corner) + volume.voxel_size * (np.array(volume.shape[::-1]) - 1)).round(1).tolist()
    require(share <= MOST_OUTSIDE, "a model", f"{100 * share:.0f} % of its atoms outside: they reach from {low} to {high} Å, the map from "
            f"{np.round(volume.corner, 1).tolist()} to {far} Å", "inside the map",
            instead="fit the model into the map first, or correct the origin and the pixel size in the map's header")  # fmt: skip


def credible_b_factors(model: AtomicModel) -> str:
    """Why the B-factors of a model cannot be used, or "" if they can."""
    b = model.b_factors
    if not np.isfinite(b).all() or b.min() < 0 or b.max() > LARGEST_B:
        return f"they reach from {np.nanmin(b):g} to {np.nanmax(b):g} Å², and must lie between 0 and {LARGEST_B:g} Å²"
    if len(b) > 1 and np.ptp(b) == 0:
        return f"all are {b[0]:g} Å²"
    return ""


@dataclass(frozen=True, eq=False)
class Pair:
    """A map and its model's density.

    Parameters
    ----------
    volume
        The map on a cube, its voxel (0, 0, 0) where it was.
    target, model
        Transforms of the map and of the model's density, complex64 half grids.
    b_factors
        Those the density was made with, Å², ``(n,)``.
    """

    volume: Volume
    target: Tensor
    model: Tensor
    b_factors: np.ndarray

    @property
    def size(self) -> int:
        """Voxels a side."""
        return self.volume.shape[0]

    @property
    def length(self) -> float:
        """Å a side."""
        return self.size * self.volume.voxel_size


def cubed(volume: Volume) -> Volume:
    """The map in a cube, of an even side that transforms fast, padded with zeros beyond its far faces."""
    side = good_size(max(volume.shape))
    pad = [extra for n in reversed(volume.shape) for extra in (0, side - n)]
    return Volume(torch.nn.functional.pad(volume.values.float(), pad), volume.voxel_size, volume.corner)


def pair(volume: Volume, model: AtomicModel) -> Pair:
    """Bring map and model together.

    Parameters
    ----------
    volume
        Density bright, finite.
    model
        Heavy atoms; B-factors that cannot be right are left out, see :func:`credible_b_factors`.

    Raises
    ------
    InputError
        If the model lies outside, an element is unknown, or the map is constant or not finite.
    """
    require(bool(torch.isfinite(volume.values).all()), "a map", "NaN or infinity", "finite everywhere")
    require(float(volume.values.std()) > 0, "a map", "one value everywhere", "a density that varies")
    check_inside(model, volume)
    cube = cubed(volume)
    widths = np.zeros(len(model)) if credible_b_factors(model) else model.b_factors
    spectrum = model_spectrum(model, cube.shape[0], cube.voxel_size, cube.corner, b_factors=widths)
    return Pair(cube, rfftn(cube.values), spectrum, widths)


@dataclass(frozen=True, eq=False)
class FineShells:
    """Sums over shells a quarter of a shell thick, float64 ``(s,)``, the zero frequency left out.

    Parameters
    ----------
    k
        Å⁻¹, upper edges.
    cross, model, target
        Re Σ T M*, Σ |M|², Σ |T|².
    """

    k: Tensor
    cross: Tensor
    model: Tensor
    target: Tensor


def fine_shells(target: Tensor, model: Tensor, length: float) -> FineShells:
    """Sum a map and a model over fine shells up to the corner of the transform."""
    size = target.shape[0]
    weight = friedel_weight((size,) * 3).float()
    index = (frequency_squared((size,) * 3).sqrt() * (size * FINE)).long().flatten()
    count = int(index.max()) + 1

    def total(values: Tensor) -> Tensor:
        return torch.zeros(count, dtype=torch.float64).index_add_(0, index, (values * weight).flatten().double())

    def power(a: Tensor, b: Tensor) -> Tensor:
        return a.real * b.real + a.imag * b.imag

    sums = (total(power(a, b))[1:] for a, b in ((target, model), (model, model), (target, target)))
    return FineShells((torch.arange(1, count) + 1) / (FINE * length), *sums)
