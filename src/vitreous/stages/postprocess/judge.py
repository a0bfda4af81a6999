"""From two half-maps to a sharpened map, a resolution with its interval, and what to beware of."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Generator, Tensor

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.stages.postprocess.check import check_halves, check_mask
from vitreous.stages.postprocess.fsc import FscCurves, fsc_curves
from vitreous.stages.postprocess.halves_verdict import judge_halves
from vitreous.stages.postprocess.mask import SolventMask, solvent_mask
from vitreous.stages.postprocess.mask_verdict import judge_mask
from vitreous.stages.postprocess.resolution import Resolution, plain_resolution, resolution
from vitreous.stages.postprocess.resolution_verdict import judge_resolution
from vitreous.stages.postprocess.sharpen import Guinier, fit_guinier, sharpen

#: Å²: amplitudes that fall faster than this were filtered, more likely than blurred.
LARGEST_USUAL = 500.0


@dataclass(frozen=True, eq=False)
class Postprocessed:
    """All that two half-maps say together.

    Parameters
    ----------
    total
        Their mean, unfiltered.
    sharpened
        The same weighted, sharpened and ended at the resolution; ``total`` itself where the halves do not agree.
    mask
        In [0, 1], ``(n, n, n)``.
    made
        How the mask was made; None for one that was given.
    curves
        Correlations.
    resolution, resolution_half
        Of the corrected curve at 1/7 and at 1/2, None where the halves do not agree.
    resolution_unmasked
        Å at 1/7 without a mask.
    guinier
        Fall of the amplitudes; None where the halves do not agree.
    checks
        Findings on the halves, the mask and the resolution.
    warnings
        Sentences about what may be wrong: the findings that did not pass, and what mask and amplitudes tell.
    """

    total: Volume
    sharpened: Volume
    mask: Tensor
    made: SolventMask | None
    curves: FscCurves
    resolution: Resolution | None
    resolution_half: Resolution | None
    resolution_unmasked: float | None
    guinier: Guinier | None
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]


def postprocess(
    first: Volume, second: Volume, generator: Generator, *, mask: Volume | None = None, symmetry_order: int = 1
) -> Postprocessed:
    """Mask, compare, and sharpen.

    Parameters
    ----------
    first, second
        Unfiltered half-maps of one refinement, particle bright: cubes of one size and scale.
    generator
        Of the random phases.
    mask
        1 on the particle, with a soft edge; one is made without it.
    symmetry_order
        Rotations of the point group that was imposed on the maps.

    Returns
    -------
    Postprocessed
        The maps, the curves, and what to beware of.

    Raises
    ------
    InputError
        If the half-maps or the mask cannot be used.
    """
    check_halves(first, second)
    made = None
    if mask is None:
        made = solvent_mask(first, second, symmetry_order=symmetry_order)
    else:
        check_mask(mask, first)
    weights = made.values if made else mask.values.clamp(0, 1)
    curves = fsc_curves(first, second, weights, generator, symmetry_order=symmetry_order)
    found = resolution(curves, GOLD_STANDARD)
    total = Volume(0.5 * (first.values + second.values), first.voxel_size, first.corner)
    guinier = fit_guinier(total, weights, curves, found.value) if found else None
    raised = guinier.b_factor if guinier and (guinier.b_factor or 0) > 0 else None
    unmasked = plain_resolution(curves.unmasked, curves.unmasked_samples, curves.spacing, GOLD_STANDARD)
    checks = (
        judge_halves(first, second, weights, symmetry_order=symmetry_order), judge_mask(weights, first, second, curves, found),
        judge_resolution(curves, found),
    )  # fmt: skip
    return Postprocessed(
        total=total, sharpened=sharpen(total, curves.corrected, found.value, raised) if found else total, mask=weights, made=made,
        curves=curves, resolution=found, resolution_half=resolution(curves, 0.5), resolution_unmasked=unmasked, guinier=guinier,
        checks=checks, warnings=(*_mask_warnings(made), *_blamed(checks), *_slope_warnings(guinier)),
    )  # fmt: skip


def _mask_warnings(made: SolventMask | None) -> list[str]:
    told = []
    if made and not made.found:
        told.append(f"{made.reason}. Try: --mask.")
    if made and made.inverted:
        told.append("the particle is darker than its surroundings in the half-maps. Try: vitreous convert --invert on both.")
    return told


def _blamed(checks: tuple[Check, ...]) -> list[str]:
    return [f"{check.name}: {check.reason}" for check in checks if check.verdict in ("warn", "fail")]


def _slope_warnings(guinier: Guinier | None) -> list[str]:
    if guinier is None:
        return []
    if guinier.b_factor is None:
        return [f"no B-factor was applied: {guinier.reason}."]
    if guinier.b_factor > LARGEST_USUAL:
        return [f"amplitudes fall unusually fast, by {guinier.b_factor:.0f} Å². Are the half-maps filtered? Try: unfiltered ones."]
    if guinier.b_factor <= 0:
        return [f"no B-factor was applied: amplitudes do not fall ({guinier.b_factor:.0f} Å²). Is the map sharpened already?"]
    return []
