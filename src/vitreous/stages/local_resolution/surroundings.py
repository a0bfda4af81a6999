"""A mask and as much of the maps about it as a band's filter reaches: what lies beyond is not transformed.

A particle fills a tenth to a fifth of its box. The finer the wavelength, the less around it matters, and the more a transform costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.bands import Band
from vitreous.numerics.filters import raised_cosine
from vitreous.numerics.fourier import good_size, rfftn

#: Wavelengths kept on each side of the mask. A band 16 % wide rings as a Gaussian of 2.3 wavelengths about its wave.
REACH = 3.5
#: The outer part of what is kept over which it falls to 0, so that its ends do not meet in a step.
FADE = 0.3
#: A cut serves wavelengths down to this part of the one it was made for.
SERVES = 0.6


@dataclass(frozen=True, eq=False)
class Cut:
    """A part of the maps.

    Parameters
    ----------
    spectra
        Half transforms of that part of each map.
    inside
        That part of the mask, bool; all of the mask is in it.
    bounds
        The box in it that all of the mask lies in.
    at
        The mask's voxels, in order, as places in that box, flattened.
    voxel_size
        Å.
    """

    spectra: list[Tensor]
    inside: Tensor
    bounds: tuple[slice, ...]
    at: Tensor
    voxel_size: float

    def band(self, wavelength: float, width: float) -> Band:
        """A band of it."""
        return Band(tuple(self.inside.shape), self.voxel_size, wavelength, width)  # type: ignore[arg-type]

    def places(self, band: Band, values: Tensor) -> Tensor:
        """What a band's grid holds at the mask's voxels, in the order of ``inside.nonzero()``."""
        return band.grow(values, self.bounds).flatten()[self.at]


class Surroundings:
    """Cuts about a mask, for wavelengths asked for from coarse to fine.

    Parameters
    ----------
    maps
        ``(z, y, x)``, of one shape.
    inside
        The mask, bool, not empty.
    voxel_size
        Å.
    """

    def __init__(self, maps: Sequence[Tensor], inside: Tensor, voxel_size: float) -> None:
        self._maps, self._inside, self._voxel_size = maps, inside, voxel_size
        self._bounds = _bounds(inside)
        self._cut: Cut | None = None
        self._finest = float("inf")

    def at(self, wavelength: float) -> Cut:
        """The cut for a wavelength, Å."""
        if self._cut is None or wavelength < self._finest:
            self._finest, self._cut = SERVES * wavelength, self._made(REACH * wavelength / self._voxel_size)
        return self._cut

    def _made(self, margin: float) -> Cut:
        spans = [self._span(axis, margin) for axis in range(3)]
        inside = _taken(self._inside, spans)
        spectra = [rfftn(_faded(_taken(each, spans).float(), spans, FADE * margin)) for each in self._maps]
        return _cut(spectra, inside, self._voxel_size)

    def _span(self, axis: int, margin: float) -> tuple[int, int, int]:
        """First voxel, how many, and of how many, of the mask with its margin; 0 and all, where it is nearly all."""
        low, high = self._bounds[axis].start, self._bounds[axis].stop
        side = self._inside.shape[axis]
        count = good_size(round(high - low + 2 * margin))
        return (0, side, side) if count > 0.9 * side else ((low + high - count) // 2, count, side)


def whole_box(maps: Sequence[Tensor], inside: Tensor, voxel_size: float) -> Cut:
    """All of the maps, where their solvent counts."""
    return _cut([rfftn(each.float()) for each in maps], inside, voxel_size)


def _cut(spectra: list[Tensor], inside: Tensor, voxel_size: float) -> Cut:
    bounds = _bounds(inside)
    return Cut(spectra, inside, bounds, inside[bounds].flatten().nonzero()[:, 0], voxel_size)


Span = tuple[int, int, int]


def _bounds(inside: Tensor) -> tuple[slice, ...]:
    """The box that holds all that is true."""
    filled = (inside.any(2).any(1), inside.any(2).any(0), inside.any(1).any(0))
    return tuple(slice(int(line.nonzero()[0]), int(line.nonzero()[-1]) + 1) for line in filled)


def _taken(values: Tensor, spans: list[Span]) -> Tensor:
    """Part of a map, which repeats beyond its ends."""
    for axis, (first, count, side) in enumerate(spans):
        if count < side:
            begin = first % side
            parts = [values.narrow(axis, begin, min(count, side - begin))]
            if begin + count > side:
                parts.append(values.narrow(axis, 0, begin + count - side))
            values = torch.cat(parts, axis)
    return values


def _faded(values: Tensor, spans: list[Span], width: float) -> Tensor:
    """Let a part fall to 0 over ``width`` voxels at each end of the axes that were cut."""
    for axis, (_, count, side) in enumerate(spans):
        if count < side:
            from_middle = (torch.arange(count) - 0.5 * (count - 1)).abs()
            fall = raised_cosine(from_middle, 0.5 * (count - width), width)
            values = values * fall.reshape([-1 if a == axis else 1 for a in range(3)])
    return values
