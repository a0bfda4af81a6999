"""How the resolution depends on the mask: one family of masks from tight to wide, judged with and without the correction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Generator, Tensor

from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import raised_cosine
from vitreous.numerics.fourier import good_size
from vitreous.stages.postprocess.check import check_halves, check_mask
from vitreous.stages.postprocess.fsc import fsc_curves
from vitreous.stages.postprocess.mask import within_box
from vitreous.stages.postprocess.resolution import Resolution, first_crossing, resolution

#: Voxels by which the surface of the mask is moved: from inside the particle to far out in the solvent.
OFFSETS = (-3.0, 0.0, 3.0, 7.0, 14.0)
#: Voxels of the soft edge of each.
EDGE = 6.0
#: Maps are made so small that their finest detail is this part of the resolution, but not below the side.
REACH, LEAST_SIDE = 0.85, 64


@dataclass(frozen=True)
class Swept:
    """One mask of the family.

    Parameters
    ----------
    offset
        Å by which its surface lies outside that of the mask given; negative inside.
    fraction
        Share of the box.
    masked
        Å at 1/7 of the masked curve as it is, finest detail if it never falls; None where the halves do not agree.
    corrected
        The same of the curve freed of what the mask adds.
    randomised
        Correlation of randomised phases where the corrected curve crosses.
    """

    offset: float
    fraction: float
    masked: float | None
    corrected: Resolution | None
    randomised: float


def sweep_masks(
    first: Volume, second: Volume, mask: Volume, generator: Generator, *, resolution_hint: float, symmetry_order: int = 1
) -> tuple[Swept, ...]:
    """Resolution under masks that follow one surface at several distances.

    Parameters
    ----------
    first, second
        Unfiltered half-maps.
    mask
        Its surface is where it crosses 1/2.
    generator
        Of the random phases.
    resolution_hint
        Å; maps are cropped in Fourier space to 0.85 times it, which costs nothing that matters and saves the time.
    symmetry_order
        Of the point group imposed on the maps.

    Returns
    -------
    tuple of Swept
        From tight to wide; masks that hold nothing are left out.

    Raises
    ------
    InputError
        If the half-maps or the mask cannot be used.

    Notes
    -----
    A resolution that is the particle's stays the same over a range of masks that all hold it; one that improves with every tighter
    mask is the mask's.
    """
    check_halves(first, second)
    check_mask(mask, first)
    wanted = good_size(int(2 * first.shape[0] * first.voxel_size / (REACH * resolution_hint)))
    side = min(first.shape[0], max(LEAST_SIDE, wanted))
    first, second, mask = (each if side == first.shape[0] else each.resized(side) for each in (first, second, mask))
    distance = _signed_distance(mask.values)
    rows = []
    for offset in OFFSETS:
        weights = within_box(raised_cosine(distance, offset + EDGE / 2, EDGE))
        if float(weights.max()) > 0.5:
            row = _judged(first, second, weights, generator, symmetry_order)
            rows.append(replace(row, offset=offset * first.voxel_size))
    return tuple(rows)


def _judged(first: Volume, second: Volume, weights: Tensor, generator: Generator, symmetry_order: int) -> Swept:
    curves = fsc_curves(first, second, weights, generator, symmetry_order=symmetry_order, repeats=1)
    found = resolution(curves, GOLD_STANDARD)
    masked = first_crossing(curves.masked, GOLD_STANDARD) or len(curves.k) - 1
    at = min(round(1 / (found.value * curves.spacing)), len(curves.k) - 1) if found else 0
    return Swept(
        offset=0.0, fraction=float(weights.mean()), masked=1 / (masked * curves.spacing) if found else None, corrected=found,
        randomised=float(curves.phase_randomised[at]) if at >= curves.randomised_from else 0.0,
    )  # fmt: skip


def _signed_distance(mask: Tensor) -> Tensor:
    """Voxels outside the surface; negative inside."""
    from scipy.ndimage import distance_transform_edt

    inside = mask.cpu().numpy() > 0.5
    outward = distance_transform_edt(~inside) - distance_transform_edt(inside)
    return torch.from_numpy(outward.astype(np.float32)).to(mask.device)
