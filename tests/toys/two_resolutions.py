"""Half-maps whose resolution at each place is known: one half of a ball of atoms holds detail to 4 Å, the other to 8 Å.

Atoms fall on voxels at random, so the power of their transform is level (Wilson statistics) and a place's signal-to-noise ratio at
frequency k is R g(k)², with g the gain of its half-space and R the ratio before it. Both halves of the data hold the same white noise
everywhere, solvent included. FSC = 1/7 is a ratio of 1/6 in one half-map, so a map that is like this everywhere crosses 1/7 where

    R g(1/d)² = 1/6:   "sharp", g a low-pass that passes this value at 1/d;   "gradual", g = exp(-B k² / 4) with B = 2 d² ln 6R.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.filters import apply, radius, raised_cosine
from vitreous.numerics.fourier import frequency_squared

#: Heavy atoms in a cubic Å of protein.
ATOMS = 0.05
#: Signal over noise power of a half-map before the gains. Were it higher under a sharp low-pass, any band's tail would show it.
RATIO = {"sharp": 10.0, "gradual": 50.0}
#: The ball's radius as part of the side; the share of the cut-off over which a sharp low-pass falls.
BALL, FALL = 0.4, 0.2
#: Å: width of the seam; distance from its middle and from the ball's surface up to which a window mixes two things.
SEAM, MIXED = 6.0, 20.0


class TwoResolutions(NamedTuple):
    """Maps and their truth.

    ``truth`` is in Å, NaN outside the ball and within 20 Å of the seam; ``mask`` is the ball; ``core`` is where the truth is known
    and the surface more than 20 Å away. The half-space of small x is the fine one.
    """

    first: Volume
    second: Volume
    truth: Tensor
    mask: Tensor
    core: Tensor

    @property
    def total(self) -> Volume:
        """The single map: the mean of the halves."""
        return Volume(0.5 * (self.first.values + self.second.values), self.first.voxel_size)


def phantom(
    size: int = 96, voxel: float = 1.6, *, fine: float = 4.0, coarse: float = 8.0, kind: str = "sharp", seed: int = 0
) -> TwoResolutions:
    """Make the halves; ``kind`` is "sharp" or "gradual", the resolutions are in Å."""
    chance = torch.Generator().manual_seed(seed)
    inside = radius((size,) * 3) < BALL * size
    density = ATOMS * voxel**3
    atoms = torch.poisson(density * inside.float(), generator=chance)
    k = frequency_squared(atoms.shape, voxel, like=atoms).sqrt()
    left, right = (apply(atoms, gain(k, d, kind), axes=3) for d in (fine, coarse))
    x = (torch.arange(size) - size // 2) * voxel
    signal = right + (left - right) * raised_cosine(x, 0.0, SEAM)
    noise = math.sqrt(density / RATIO[kind])
    first, second = (Volume(signal + noise * torch.randn(atoms.shape, generator=chance), voxel) for _ in range(2))
    truth = torch.where(x < 0, fine, coarse).expand_as(atoms).masked_fill(~inside | (x.abs() < MIXED), torch.nan)
    deep = radius((size,) * 3) * voxel < BALL * size * voxel - MIXED
    return TwoResolutions(first, second, truth, inside, deep & ~truth.isnan())


def gain(k: Tensor, resolution: float, kind: str) -> Tensor:
    """What is left of the signal at ``k`` (Å⁻¹); its square is 1 / 6R at 1 / ``resolution``."""
    if kind == "gradual":
        return torch.exp(-0.5 * (resolution * k) ** 2 * math.log(6 * RATIO[kind]))
    width = FALL / resolution
    at = float(np.arccos(2 / math.sqrt(6 * RATIO[kind]) - 1)) / math.pi
    return raised_cosine(k, 1 / resolution - width * (at - 0.5), width)
