"""What two half-maps and a mask must be before anything is measured on them."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import InputError, require

#: Relative difference of two voxel sizes that rounding in a header does not explain.
VOXEL_TOLERANCE = 1e-3
#: Smallest side of a map that has enough shells to say anything.
SMALLEST = 16
#: Maps whose correlation differs from 1 by less are one map, perhaps times a constant.
#: Rounding to 16 bits leaves 1e-8; the halves of any experiment differ by more than 1e-4.
ONE_MAP = 1e-6
#: Part of a voxel by which two maps may lie apart: origins are rounded to that when they are written.
CORNER_TOLERANCE = 0.1


def check_halves(first: Volume, second: Volume) -> None:
    """Refuse half-maps that cannot be compared.

    Raises
    ------
    InputError
        If their shapes, voxel sizes or places differ, they are not cubes of 16 voxels or more, a value is not finite, one is
        constant, or both are the same map, perhaps times a constant or rounded.
    """
    require(first.shape == second.shape, "half2", second.shape, f"of the shape of half1, {first.shape} voxels (z, y, x)",
            instead="two half-maps of one refinement")  # fmt: skip
    require(len(set(first.shape)) == 1 and first.shape[0] >= SMALLEST, "half-maps", first.shape,
            f"cubes of {SMALLEST} voxels or more")  # fmt: skip
    apart = abs(first.voxel_size - second.voxel_size)
    if apart > VOXEL_TOLERANCE * first.voxel_size:
        raise InputError(f"half2 must have the voxel size of half1, {first.voxel_size:g} Å; got {second.voxel_size:g} Å. "
                         "Try: --pixel-size, if one header is wrong.")  # fmt: skip
    lag = _lag(first, second)
    if lag > CORNER_TOLERANCE:
        raise InputError(f"half2 must lie where half1 does, its first voxel at {_place(first)} Å; got {_place(second)} Å, {lag:.3g} voxels "
                         "off. Try: the two half-maps of one refinement, or mend the header's origin if it is wrong.")  # fmt: skip
    for name, half in (("half1", first), ("half2", second)):
        finite = torch.isfinite(half.values)
        require(bool(finite.all()), name, f"{int((~finite).sum())} voxels that are not", "finite everywhere")
        require(bool(half.values.std() > 0), name, "the same value in every voxel", "a map with contrast")
    if 1 - abs(_correlation(first.values, second.values)) < ONE_MAP:
        raise InputError("half1 and half2 must be independent; got the same map twice. Try: the two unfiltered half-maps of a "
                         "refinement.")  # fmt: skip


def check_mask(mask: Volume, like: Volume) -> None:
    """Refuse a mask that does not fit the half-maps or is empty.

    Raises
    ------
    InputError
        If its shape or voxel size differs from theirs, it lies elsewhere by a header that gives a place, it is empty, or a value is
        not a finite number in [0, 1].
    """
    require(mask.shape == like.shape, "mask", mask.shape, f"of the half-maps' shape, {like.shape} voxels (z, y, x)")
    apart = abs(mask.voxel_size - like.voxel_size)
    require(apart <= VOXEL_TOLERANCE * like.voxel_size, "mask", f"{mask.voxel_size:g} Å",
            f"sampled as the half-maps are, {like.voxel_size:g} Å", instead="--pixel-size, if its header is wrong")  # fmt: skip
    # Many programs write masks without a place, 0: such a mask is taken to lie where the maps do.
    require(not any(mask.corner) or _lag(like, mask) <= CORNER_TOLERANCE, "mask", f"its first voxel at {_place(mask)} Å",
            f"where the half-maps are, {_place(like)} Å", instead="mend the header's origin, if it is wrong")  # fmt: skip
    check_mask_values(mask.values)


def check_mask_values(mask: Tensor) -> None:
    """Refuse an empty mask, or values that are not finite numbers in [0, 1].

    Raises
    ------
    InputError
        If so.
    """
    require(bool(torch.isfinite(mask).all()), "mask", "NaN or infinity", "finite everywhere")
    low, high = float(mask.min()), float(mask.max())
    require(low > -1e-3 and high < 1.001, "mask", (round(low, 4), round(high, 4)), "between 0 (solvent) and 1 (particle)")
    require(high > 0.5, "mask", "nothing above 0.5", "1 where the particle is", instead="leave it out to have one made")


def _lag(one: Volume, other: Volume) -> float:
    """Voxels by which two maps lie apart, along the axis where it is most."""
    return max(abs(a - b) for a, b in zip(one.corner, other.corner)) / one.voxel_size


def _place(volume: Volume) -> str:
    return "(" + ", ".join(f"{at:.6g}" for at in volume.corner) + ")"


def _correlation(a: Tensor, b: Tensor) -> float:
    a, b = a - a.mean(dtype=torch.float64), b - b.mean(dtype=torch.float64)
    cross, one, two = ((p * q).sum(dtype=torch.float64) for p, q in ((a, b), (a, a), (b, b)))
    return float(cross / (one * two).sqrt())
