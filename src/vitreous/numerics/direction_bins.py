r"""Two transforms multiplied once and summed by direction and shell, so that any cone of directions is a sum of bins.

A cone holds a tenth of all voxels and hundreds of cones are asked for. Each voxel is therefore visited once: its direction is put
into one of 3 n² bins, and a cone is a row of ones and zeros times the table of bins.

Bins come from the faces of a cube about the origin (Ronchi, Iacono & Paolucci 1996, J. Comput. Phys. 124:93). Let c be the largest
of |x|, |y|, |z| and a, b the other two coordinates over that of c: the pair (atan a, atan b), each from −π/4 to π/4, is cut into n
by n. Opposite directions have the same a and b: bins are double, as Friedel's mates ask.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import rfftn

#: Bins along the side of a face: 3.75° each, a fifth of a cone's half-angle.
FACE = 24
#: Planes of a transform worked on at a time.
PLANES = 8


@dataclass(frozen=True, eq=False)
class BinnedCorrelation:
    """Sums over the full transform by direction and shell, mates counted.

    Parameters
    ----------
    cross, first, second
        Σ Re A B*, Σ|A|², Σ|B|²: float64 ``(3 FACE², s)``, shells 0 … s − 1.
    count
        Voxels, of the same shape.
    length
        Side of the box, Å.
    """

    cross: Tensor
    first: Tensor
    second: Tensor
    count: Tensor
    length: float

    @property
    def average(self) -> Tensor:
        """Correlation of whole shells, float64 ``(s,)``; 1 at zero frequency."""
        curve = correlation(*(each.sum(0) for each in (self.cross, self.first, self.second)))
        curve[0] = 1.0
        return curve

    def summed(self, members: Tensor) -> tuple[Tensor, Tensor]:
        """Correlation and voxels of groups of bins, each float64 ``(g, s)``; ``members`` is ``(g, 3 FACE²)``, ones and zeros."""
        chosen = members.double()
        return correlation(*(chosen @ each for each in (self.cross, self.first, self.second))), chosen @ self.count


def correlation(cross: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """cross / √(first · second); 0 without power."""
    power = first * second
    return torch.where(power > 0, cross / power.clamp_min(torch.finfo(torch.float64).tiny).sqrt(), 0.0)


def bin_by_direction(first: Tensor, second: Tensor, voxel_size: float, *, most: int | None = None) -> BinnedCorrelation:
    """Multiply the transforms of two cubic maps and sum by direction and shell.

    Parameters
    ----------
    first, second
        Half-maps, masked, real ``(n, n, n)``.
    voxel_size
        Å.
    most
        Last shell; Nyquist without it.

    Raises
    ------
    InputError
        If the maps are not cubes of one size.
    """
    shape = tuple(first.shape)
    require(len(set(shape)) == 1 and len(shape) == 3 and shape == tuple(second.shape), "half-maps", (shape, tuple(second.shape)),
            "cubes of one size")  # fmt: skip
    last = shape[0] // 2 if most is None else min(most, shape[0] // 2)
    a, b = rfftn(first), rfftn(second)
    size = 3 * FACE**2 * (last + 1)
    total = torch.zeros(4, size, dtype=torch.float64)
    for slab in _slabs(shape[0], last):
        one, two = (each[slab.planes].flatten()[slab.inside] for each in (a, b))
        rows = ((one * two.conj()).real, one.abs() ** 2, two.abs() ** 2, torch.ones_like(slab.weight))
        for row, values in enumerate(rows):
            total[row] += torch.bincount(slab.cell, values.double() * slab.weight, minlength=size)
    return BinnedCorrelation(*total.reshape(4, 3 * FACE**2, last + 1), length=shape[0] * voxel_size)


def bin_centres() -> Tensor:
    """Unit vectors (x, y, z) of the bins' centres, float64 ``(3 FACE², 3)``: one of each opposite pair."""
    line = torch.tan((torch.arange(FACE, dtype=torch.float64) + 0.5) / FACE * (math.pi / 2) - math.pi / 4)
    a, b = (each.flatten() for each in torch.meshgrid(line, line, indexing="ij"))
    one = torch.ones_like(a)
    centres = torch.cat([torch.stack(face, -1) for face in ((one, a, b), (a, one, b), (a, b, one))])
    return centres / centres.norm(dim=-1, keepdim=True)


def bin_of(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Bin of each direction, int64; the coordinates may have any common shape and length. The origin is put anywhere."""
    along_x, along_y, along_z = x.abs(), y.abs(), z.abs()
    face = torch.where(along_x >= along_y, torch.where(along_x >= along_z, 0, 2), torch.where(along_y >= along_z, 1, 2))
    first, second = torch.where(face == 0, y, x), torch.where(face == 2, y, z)
    main = torch.where(face == 0, x, torch.where(face == 1, y, z))
    main = torch.where(main == 0, 1, main)
    row, column = (((torch.atan(each / main) * (2 / math.pi) + 0.5) * FACE).long().clamp(0, FACE - 1) for each in (first, second))
    return (face * FACE + row) * FACE + column


def paint(table: Tensor, size: int) -> Tensor:
    """Give every frequency of a cube its bin's and shell's number: float32 ``(size, size, size)``, zero frequency at voxel n // 2.

    ``table`` is ``(3 FACE², s)``; beyond shell s − 1 there is 0.
    """
    last = table.shape[1] - 1
    line = (torch.arange(size) - size // 2).float()
    y, x = torch.meshgrid(line, line, indexing="ij")
    painted = torch.zeros(size, size, size)
    for plane, z in enumerate(line):
        shell = (x * x + y * y + z * z).sqrt().round().long()
        values = table[bin_of(x, y, z.expand_as(x)), shell.clamp_max(last)].float()
        painted[plane] = torch.where(shell <= last, values, 0.0)
    return painted


@dataclass(frozen=True, eq=False)
class _Slab:
    """Planes of a half transform: voxels within the last shell, their bin and shell in one number, and how many mates they have."""

    planes: slice
    inside: Tensor
    cell: Tensor
    weight: Tensor


def _slabs(size: int, last: int) -> Iterator[_Slab]:
    line, half = _signed(size), torch.arange(size // 2 + 1).float()
    mates = torch.where((half == 0) | (2 * half == size), 1.0, 2.0).double()
    for start in range(0, size, PLANES):
        z, y, x = (each.flatten() for each in torch.meshgrid(line[start : start + PLANES], line, half, indexing="ij"))
        shell = (x * x + y * y + z * z).sqrt().round().long()
        inside = torch.nonzero(shell <= last).flatten()
        cell = bin_of(x[inside], y[inside], z[inside]) * (last + 1) + shell[inside]
        yield _Slab(slice(start, start + PLANES), inside, cell, mates.repeat(len(x) // len(mates))[inside])


def _signed(size: int) -> Tensor:
    """Frequency indices in the order of a transform: 0, 1, … −1."""
    line = torch.arange(size)
    return torch.where(line < (size + 1) // 2, line, line - size).float()
