"""Bands of frequency of a map, each on the smallest grid that holds it, and Gaussian means about every place.

A band about the wavelength d needs samples d / 3 apart at most, so the coarse ones of many bands cost next to nothing: their sum is
that of a few full grids. What is found on the small grid is brought to the full one by interpolation, linear along each axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.fourier import axis_frequencies, good_size, irfftn, rfftn
from vitreous.numerics.resample import resize_spectrum

WHOLE = (slice(None),) * 3


@dataclass(frozen=True)
class Band:
    """A cosine bell in the logarithm of frequency.

    Parameters
    ----------
    shape
        Of the map, (z, y, x), any sides.
    voxel_size
        Å.
    wavelength
        Å, at the top of the bell.
    width
        The bell falls to 0 at factors e^±width of the frequency; its full width at half maximum is ``width`` of it.
    """

    shape: tuple[int, int, int]
    voxel_size: float
    wavelength: float
    width: float

    @property
    def grid(self) -> tuple[int, int, int]:
        """Even sides of the smallest grid that holds the band; those of the map, if they are smaller."""
        voxels = self.wavelength / self.voxel_size * math.exp(-self.width)
        return tuple(min(n, good_size(math.ceil(2 * n / voxels) + 2)) for n in self.shape)  # type: ignore[return-value]

    def frequencies(self) -> tuple[Tensor, Tensor, Tensor]:
        """Å⁻¹ along z, y and x of the half transform of the grid, ready to be broadcast."""
        sides = [n * self.voxel_size for n in self.shape]
        z, y, x = (axis_frequencies(g, side / g, half=axis == 2) for axis, (g, side) in enumerate(zip(self.grid, sides)))
        return z[:, None, None], y[:, None], x

    def spectrum(self, whole: Tensor) -> Tensor:
        """The band's part of the map's half transform, on its own grid and in the grey scale of the map."""
        scale = math.prod(g / n for g, n in zip(self.grid, self.shape))
        return resize_spectrum(whole, self.grid) * (self.gain() * scale)

    def gain(self) -> Tensor:
        """The bell on the half grid."""
        z, y, x = self.frequencies()
        octaves = torch.log((x**2 + y**2 + z**2).sqrt().clamp_min(1e-9) * self.wavelength) / self.width
        return 0.5 + 0.5 * torch.cos(math.pi * octaves.clamp(-1.0, 1.0))

    def cut(self, whole: Tensor) -> Tensor:
        """The map's band, real, on the small grid."""
        return irfftn(self.spectrum(whole), self.grid)

    def around(self, values: Tensor, sigma: float) -> Tensor:
        """Gaussian mean about every place of the small grid, of ``sigma`` Å, wrapping at the edges."""
        z, y, x = self.frequencies()
        fall = [torch.exp(-2 * math.pi**2 * sigma**2 * k**2) for k in (z, y, x)]
        return irfftn(rfftn(values) * fall[0] * fall[1] * fall[2], self.grid)

    def shrink(self, values: Tensor) -> Tensor:
        """A smooth map of the full grid, or a mask, on the small one."""
        return resampled(values, self.grid)

    def grow(self, values: Tensor, part: Sequence[slice] = WHOLE) -> Tensor:
        """A map of the small grid on the full one, or on a part of it."""
        return resampled(values, self.shape, part)


def resampled(values: Tensor, shape: Sequence[int], part: Sequence[slice] = WHOLE) -> Tensor:
    """A periodic map on a grid of another ``shape``, or on a part of that, linear along each axis, voxel 0 kept.

    Rows are longest to gather along x, so that is done where there are fewest: before growing, and after shrinking.
    """
    for axis in (0, 1, 2) if values.shape[0] > shape[0] else (2, 1, 0):
        have, size = values.shape[axis], shape[axis]
        at = torch.arange(size, dtype=torch.float64)[part[axis]] * (have / size)
        low = at.floor().long().clamp_max(have - 1)
        share = (at - low).to(values.dtype).reshape([-1 if a == axis else 1 for a in range(3)])
        values = torch.lerp(values.index_select(axis, low), values.index_select(axis, (low + 1) % have), share)
    return values
