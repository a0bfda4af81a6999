"""All that two half-maps say of their agreement by direction."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.anisotropy import Anisotropy, Occupancy, anisotropy, anisotropy_by_shell, occupancy
from vitreous.numerics.direction_bins import BinnedCorrelation, bin_by_direction, bin_centres, paint
from vitreous.numerics.directional import NSIDE, DirectionalFsc, conical_fsc, half_sphere

#: Shells compared beyond the one where the mean curve falls below 1/7: a share of it, and a number.
MARGIN, MORE = 1.4, 4
#: Correlations of the shells tested together: below, nothing is left to differ; above, a mask and the grid differ more than views do.
TESTED = (1 / 7, 0.95)


@dataclass(frozen=True, eq=False)
class Directions:
    """Agreement by direction.

    Parameters
    ----------
    binned
        Sums by direction and shell.
    cones
        Correlation in 96 cones, to some shells beyond the resolution.
    occupied
        FSO.
    test
        Evenness of the shells in ``TESTED`` together.
    by_shell
        Evenness of each shell.
    """

    binned: BinnedCorrelation
    cones: DirectionalFsc
    occupied: Occupancy
    test: Anisotropy
    by_shell: list[Anisotropy]

    @property
    def last(self) -> int:
        """The last shell before the mean curve falls below 1/7."""
        return last_shell(self.binned.average)

    def volume(self, size: int) -> Tensor:
        """The 3DFSC: each frequency's correlation in the cone about it, float32 ``(size, size, size)``, zero frequency at n // 2."""
        return paint(conical_fsc(self.binned, bin_centres()).curves, size)


def last_shell(average: Tensor) -> int:
    """The last shell before ``average`` first falls below 1/7; 0 if the first one is below."""
    below = torch.nonzero(average[1:] < 1 / 7).flatten()
    return int(below[0]) if len(below) else len(average) - 1


def compare_directions(first: Tensor, second: Tensor, voxel_size: float) -> Directions:
    """Compare two masked half-maps by direction.

    Parameters
    ----------
    first, second
        ``(n, n, n)``, masked.
    voxel_size
        Å.

    Raises
    ------
    InputError
        If the maps are not cubes of one size, or hold numbers that are not finite.
    """
    for name, values in (("half-map 1", first), ("half-map 2", second)):
        require(bool(torch.isfinite(values.aminmax().min + values.aminmax().max)), name, "NaN or infinity in it", "finite everywhere")
    binned = bin_by_direction(first, second, voxel_size)
    average, last = binned.average, last_shell(binned.average)
    binned = _cut(binned, min(len(average), round(MARGIN * last) + MORE + 1))
    shells = torch.nonzero((average[: last + 1] >= TESTED[0]) & (average[: last + 1] <= TESTED[1])).flatten()
    low, high = (int(shells[0]), int(shells[-1])) if len(shells) else (0, 0)
    return Directions(binned, conical_fsc(binned, half_sphere(NSIDE)), occupancy(binned), anisotropy(binned, low, high),
                      anisotropy_by_shell(binned))  # fmt: skip


def _cut(binned: BinnedCorrelation, shells: int) -> BinnedCorrelation:
    tables = (each[:, :shells] for each in (binned.cross, binned.first, binned.second, binned.count))
    return BinnedCorrelation(*tables, length=binned.length)
