"""Going from coarse to fine: each place stops at the first level at which it fails.

Levels end a little before Nyquist's frequency. Half of the places of a map that is sampled too coarsely still hold there; they are not
alike, and the excess they have left says in which order they would fail.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import require

#: Finest level in voxels: beyond it the corners of Fourier space only are filled.
FINEST = 2.1
#: Å: the coarsest level is this, or five times the finest if that is more, or what still lets five waves fit into the box.
COARSEST, TIMES, FIT = 20.0, 5.0, 5.0
#: From each level to the next: a step of 0.2 Å at 4 Å, and what lies between is interpolated.
STEP = 1.05

#: Share of places for whose sake no further level is tried. Of noise 5 to 10 % pass a level by chance, half of these the next.
FEW = 1e-3


def levels_between(volume: Volume, finest: float | None = None, coarsest: float | None = None) -> Tensor:
    """Resolutions to be asked for, Å, coarsest first, evenly apart in the logarithm, float64.

    Parameters
    ----------
    volume
        The map.
    finest, coarsest
        Å; found from the sampling and the box without them.

    Raises
    ------
    InputError
        If the finest is not above 2 voxels or the coarsest not above the finest.
    """
    fine = FINEST * volume.voxel_size if finest is None else finest
    room = min(volume.shape) * volume.voxel_size / FIT
    coarse = min(max(COARSEST, TIMES * fine), room) if coarsest is None else coarsest
    require(fine > 2 * volume.voxel_size, "finest", fine, f"coarser than two voxels, {2 * volume.voxel_size:g} Å")
    require(coarse > STEP * fine, "coarsest", coarse, f"in Å, and coarser than the finest, {fine:g} Å",
            instead="a larger box, or finer sampling")  # fmt: skip
    count = 1 + math.ceil(math.log(coarse / fine) / math.log(STEP))
    return torch.logspace(math.log10(coarse), math.log10(fine), count, dtype=torch.float64)


def nyquist(volume: Volume, finest: float | None) -> float | None:
    """Å to which places may be said to be resolved beyond the last level: two voxels, unless the levels' end was chosen."""
    return 2 * volume.voxel_size if finest is None else None


def check_maps(first: Volume, second: Volume | None, mask: Tensor) -> Tensor:
    """Refuse what cannot be compared; the mask as bool, true above one half.

    Raises
    ------
    InputError
        If the shapes or voxel sizes differ, a value is not finite, or the mask is empty.
    """
    require(tuple(mask.shape) == first.shape, "mask", tuple(mask.shape), f"of the map's shape, {first.shape} voxels (z, y, x)")
    for name, each in (("half1", first), ("half2", second or first)):
        require(each.shape == first.shape, name, each.shape, f"of the shape of half1, {first.shape} voxels (z, y, x)")
        require(abs(each.voxel_size - first.voxel_size) <= 1e-3 * first.voxel_size, name, f"{each.voxel_size:g} Å",
                f"sampled as half1 is, {first.voxel_size:g} Å")  # fmt: skip
        require(bool(torch.isfinite(each.values).all()), name, "NaN or infinity", "finite everywhere")
    inside = mask > 0.5
    require(bool(inside.any()), "mask", "nothing above 0.5", "1 where the particle is", instead="leave it out to have one made")
    return inside


class Descent:
    """Where each place of a mask fails first; the last few stop with the others.

    Parameters
    ----------
    inside
        The mask, bool ``(z, y, x)``.
    levels
        Å, coarsest first, as they will be tried.
    limit
        Å, the finest that a place can be said to reach: two voxels where the levels end by themselves; the last level without it.
    """

    def __init__(self, inside: Tensor, levels: Tensor, limit: float | None = None) -> None:
        self.inside, self.levels, self.limit = inside, levels, limit
        places = int(inside.sum())
        self.holds = torch.ones(places, dtype=torch.bool)
        self.found = torch.full((places,), 1 / float(levels[-1]))
        self.before = self.earlier = torch.zeros(places)
        self.tried = 0

    def step(self, excess: Tensor) -> bool:
        """Try the next level; whether places enough still hold to go on.

        ``excess`` is of each place of the mask, as ``inside.nonzero()`` lists them, and positive where the level is reached. A place
        that fails is put where a straight line between the excess at the level before and at this one passes 0.
        """
        fails = self.holds & (excess < 0)
        here = 1 / float(self.levels[self.tried])
        stopped = torch.tensor(here)
        if self.tried > 0:
            earlier = 1 / float(self.levels[self.tried - 1])
            stopped = earlier + (here - earlier) * self.before / (self.before - excess)
        self.found = torch.where(self.holds, torch.where(fails, stopped, here), self.found)
        self.holds &= ~fails
        self.earlier, self.before, self.tried = self.before, excess, self.tried + 1
        return float(self.holds.double().mean()) > FEW

    def result(self, method: str) -> LocalResolution:
        """Å where each place of the mask stopped; where it never failed, the last level tried, or where it would have failed."""
        if self.limit is not None and self.tried == len(self.levels) > 1:
            self.found = torch.where(self.holds, self._beyond(self.limit), self.found)
        values = torch.full(self.inside.shape, torch.nan)
        values[self.inside] = 1 / self.found
        return LocalResolution(values, self.inside, method, self.levels.flip(0))

    def _beyond(self, limit: float) -> Tensor:
        """1 / Å at which the straight line through the last two levels passes 0, up to the limit."""
        earlier, last = (1 / float(level) for level in self.levels[-2:])
        fall = (self.earlier - self.before) / (last - earlier)
        return torch.where(fall > 0, last + self.before / fall.clamp_min(1e-6), torch.inf).clamp(last, 1 / limit)
