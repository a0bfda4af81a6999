"""Resolution of one map without halves: its spectrum inside balls of growing size against that of its own solvent.

After Yang et al. 2018, J. Chem. Inf. Model. 58:1303, who follow the spectral signal-to-noise ratio through masks of many sizes and
look for the size at which the resolution jumps. Here noise is measured, in the solvent of the same map, so that each size gives a
number by itself. It rests on solvent that holds noise like the particle's: masked or denoised maps have none, and none is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.filters import radius, raised_cosine, soft_disc
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_average
from vitreous.stages.postprocess.resolution import first_crossing

#: Parts of the box's side: radii of the balls, where solvent begins, and the width of soft edges.
RADII = (0.1, 0.14, 0.18, 0.22, 0.26, 0.3, 0.34, 0.38)
SOLVENT, EDGE = 0.42, 0.05
#: Signal as strong as noise: where halves correlate to 1/3.
EQUAL = 1.0
#: Share of the solvent's voxels that may be of one value.
BLANK = 0.5


@dataclass(frozen=True, eq=False)
class SizedMask:
    """One ball.

    Parameters
    ----------
    radius
        Å.
    ssnr
        Signal over noise by shell, float64; may be below 0 by chance.
    resolution
        Å where it first falls below 1; None if it is so from the start.
    """

    radius: float
    ssnr: Tensor
    resolution: float | None


@dataclass(frozen=True)
class SingleMap:
    """What one map says of itself.

    Parameters
    ----------
    sizes
        By growing radius.
    cliff
        Å, radius after which the resolution falls most for the growth in volume; None if two sizes have none.
    resolution
        Å at the cliff.
    """

    sizes: tuple[SizedMask, ...]
    cliff: float | None
    resolution: float | None


def single_map_resolution(volume: Volume) -> SingleMap:
    """Resolution by size of the mask, from one unmasked map centred on its particle.

    Parameters
    ----------
    volume
        A cube with solvent around the particle: beyond 0.42 of the side from the centre nothing else may be.

    Raises
    ------
    InputError
        If it is not a cube of 16 voxels or more, or its solvent is blank.
    """
    size = volume.shape[0]
    require(len(set(volume.shape)) == 1 and size >= 16, "map", volume.shape, "a cube of 16 voxels or more")
    values = volume.values.float()
    distance = radius(volume.shape).to(values.device) / size
    rim = (distance > SOLVENT) & (distance < 0.5)
    same = float((values[rim] == values[rim].median()).float().mean())
    require(same < BLANK, "the map's solvent", f"{100 * same:.0f} % of one value", "noise as it came from the reconstruction",
            instead="the map before it was masked")  # fmt: skip
    values = values - values[rim].mean()
    outside = raised_cosine(-distance, -SOLVENT, EDGE)
    noise = shell_average(rfftn(values * outside).abs() ** 2, volume.shape) / outside.double().square().sum()
    sizes = tuple(_sized(values, part, noise, volume) for part in RADII)
    cliff = _cliff(sizes)
    return SingleMap(sizes, cliff.radius if cliff else None, cliff.resolution if cliff else None)


def _sized(values: Tensor, part: float, noise: Tensor, volume: Volume) -> SizedMask:
    size = volume.shape[0]
    ball = soft_disc(volume.shape, part * size - EDGE * size / 2, EDGE * size).to(values.device)
    power = shell_average(rfftn(values * ball).abs() ** 2, volume.shape) / ball.double().square().sum()
    ssnr = (power / noise.clamp_min(torch.finfo(torch.float32).tiny)).cpu() - 1
    at = first_crossing(ssnr, EQUAL)
    at = len(ssnr) - 1 if at is None else at
    length = size * volume.voxel_size
    return SizedMask(part * length, ssnr, length / at if at >= 1 else None)


def _cliff(sizes: tuple[SizedMask, ...]) -> SizedMask | None:
    """The size after which frequency is lost fastest per step; the smallest if it is lost nowhere."""
    known = [each for each in sizes if each.resolution is not None]
    if len(known) < 2:
        return None
    lost = [1 / one.resolution - 1 / two.resolution for one, two in pairwise(known)]  # type: ignore[operator]
    return known[max(range(len(lost)), key=lost.__getitem__)]
