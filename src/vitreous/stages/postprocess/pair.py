"""Any two maps compared: two half-maps, or a map and another that need not hold noise of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Generator, Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.correlation_statistics import interval, variance_against_truth
from vitreous.numerics.fourier import rfftn
from vitreous.stages.postprocess.check import check_halves, check_mask
from vitreous.stages.postprocess.fsc import FscCurves, fsc_curves
from vitreous.stages.postprocess.phase_residual import phase_residual
from vitreous.stages.postprocess.thresholds import Threshold, threshold_table

#: "halves": equal signal, independent noise in both. "full": a map of all data against a model's map or another truth.
Kind = Literal["halves", "full"]


@dataclass(frozen=True, eq=False)
class Compared:
    """Two maps compared.

    Parameters
    ----------
    curves
        Correlations; their band is that of the kind of maps.
    thresholds
        What each criterion gives.
    residual
        Differential phase residual by shell, radians.
    """

    curves: FscCurves
    thresholds: tuple[Threshold, ...]
    residual: Tensor


def compare_maps(
    first: Volume, second: Volume, generator: Generator, *, mask: Volume | None = None, kind: Kind = "halves", symmetry_order: int = 1
) -> Compared:
    """Correlation, thresholds and phase residual of two maps.

    Parameters
    ----------
    first, second
        Cubes of one size, scale and place.
    generator
        Of the random phases.
    mask
        In [0, 1]; the whole box without it.
    kind
        Which noise the band is for: "halves" both maps', "full" the first's alone.
    symmetry_order
        Rotations of the point group imposed on the maps.

    Returns
    -------
    Compared
        Curves, thresholds, residual.

    Raises
    ------
    InputError
        If the maps or the mask cannot be used, or ``kind`` is neither.
    """
    require(kind in get_args(Kind), "kind", kind, f"one of {', '.join(get_args(Kind))}")
    check_halves(first, second)
    if mask is not None:
        check_mask(mask, first)
    weights = torch.ones(first.shape) if mask is None else mask.values.clamp(0, 1)
    curves = fsc_curves(first, second, weights, generator, symmetry_order=symmetry_order)
    if kind == "full":
        low, high = interval(curves.corrected, variance_against_truth(curves.corrected, curves.samples), curves.samples)
        curves = replace(curves, low=low, high=high)
    weights = weights.to(first.values)
    residual = phase_residual(rfftn(first.values.float() * weights), rfftn(second.values.float() * weights), first.shape)
    return Compared(curves, threshold_table(curves), residual.cpu())
