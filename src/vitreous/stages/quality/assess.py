"""From a micrograph to its verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.stages.quality.areas import LUMP, apart, carbon, contamination, spread_out
from vitreous.stages.quality.level import autocorrelation, histogram, homogeneity, small_copy
from vitreous.stages.quality.pattern import fixed_pattern, pixel_values
from vitreous.stages.quality.probability import probability, unusual
from vitreous.stages.quality.rules import judge
from vitreous.stages.quality.tiles import (
    COARSE,
    FEW,
    LARGEST,
    RINGS,
    Tiles,
    bragg_spots,
    direction,
    ice_line,
    strongest_sixth,
    tile_spectra,
)
from vitreous.stages.quality.twin import twin
from vitreous.stages.quality.verdict import Reason, Regions, Verdict, worst

MOST = {"good": 1.0, "doubtful": 0.6, "bad": 0.1}
"""What the probability of being usable is at most, whatever the descriptors say together: rules know single faults better."""
LEAST_SIDE = 128
"""Pixels: a smaller picture has no tiles to compare."""


def assess(
    image: np.ndarray | Tensor, optics: Optics, *, fit: Mapping[str, Any] | None = None,
    motion: Mapping[str, Any] | None = None, lump: float = LUMP,
) -> Verdict:  # fmt: skip
    """Judge a micrograph: good, doubtful or bad, and why.

    Parameters
    ----------
    image
        Real ``(y, x)``, at the pixel size of ``optics``; any scale and offset, counts are best.
    optics
        Pixel size.
    fit
        What a fit of the CTF says: ``defocus`` (u, v in Å), ``resolution_angstrom``, ``score``, ``measures`` and ``reasons``, as in the
        files of estimate-ctf; those it lacks are not judged.
    motion
        ``motion_total_angstrom``, ``motion_early_angstrom``, ``motion_late_angstrom`` and ``motion_step_angstrom``, as far as known.
    lump
        Å: darker things wider than this are contamination; 1.5 times the particle, if that is larger than 130 Å.

    Returns
    -------
    Verdict
        A picture that is the same everywhere is bad, with score 0, and nothing more is measured.

    Raises
    ------
    InputError
        If the image is not two-dimensional, real and finite, or is smaller than 128 pixels a side.

    References
    ----------
    Vargas et al. 2016, J. Struct. Biol. 195:93 (histogram, homogeneity and autocorrelation of the ice).
    """
    picture = _checked(image)
    values = pixel_values(picture)
    if values["range"] <= 1e-6 * abs(values["mean"]):
        reason = Reason("no signal", f"every pixel is {values['mean']:g}: beam off, or a dead camera", "bad")
        return Verdict(verdict="bad", score=0.0, reasons=(reason,), descriptors=values)
    tiles = tile_spectra(picture, optics.pixel_size)
    small, pixel = small_copy(picture, optics.pixel_size)
    on_carbon, carbon_step = carbon(tiles)
    regions = Regions(*apart(contamination(small, pixel, lump), spread_out(on_carbon, tuple(small.shape))), pixel=pixel)
    large = _large_tiles(tiles, picture, optics.pixel_size)
    descriptors = {
        **values, **fixed_pattern(picture), **histogram(small), **homogeneity(small, pixel), **autocorrelation(small, pixel),
        **_of_spectra(tiles), "ice_line": ice_line(large), "carbon_step": carbon_step, "carbon": float(regions.carbon.mean()),
        "contamination": float(regions.contamination.mean()), **of_fit(fit or {}), **of_motion(motion or {}),
    }  # fmt: skip
    return concluded(descriptors, (fit or {}).get("reasons", ()), regions)


def concluded(descriptors: Mapping[str, float], flags: Sequence[str] = (), regions: Regions | None = None) -> Verdict:
    """The verdict that descriptors lead to: rules first, then the probability.

    Parameters
    ----------
    descriptors
        By name; those not measured are not judged.
    flags
        What a fit of the CTF says against the micrograph: "name: sentence".
    regions
        Kept as they are.
    """
    score = probability(descriptors)
    reasons = judge(descriptors, flags) or unusual(descriptors, score)
    grade = worst(reasons)
    return Verdict(verdict=grade, score=min(score, MOST[grade]), reasons=reasons, descriptors=descriptors, regions=regions)


def _checked(image: np.ndarray | Tensor) -> Tensor:
    require(image.ndim == 2, "a micrograph", tuple(image.shape), "two-dimensional (y, x)")
    complex_kind = image.is_complex() if isinstance(image, Tensor) else np.iscomplexobj(image)
    require(not complex_kind, "a micrograph", str(image.dtype), "real")
    require(min(image.shape) >= LEAST_SIDE, "a micrograph's side", min(image.shape), f"at least {LEAST_SIDE} pixels")
    picture = image.detach().cpu().float() if isinstance(image, Tensor) else torch.from_numpy(np.ascontiguousarray(image, np.float32))
    require(math.isfinite(float(picture.sum())), "a micrograph", "NaN or infinite values", "finite in every pixel")
    return picture


def _large_tiles(tiles: Tiles, picture: Tensor, pixel_size: float) -> Tiles:
    """The same tiles if they are as large as any, larger ones of a small picture otherwise."""
    return tiles if tiles.power.shape[-2] == LARGEST else tile_spectra(picture, pixel_size, FEW)


def _of_spectra(tiles: Tiles) -> dict[str, float]:
    turned = direction(tiles)
    spots, peak = bragg_spots(tiles)
    again, apart_by = twin(tiles)
    coarse, rings = tiles.ratio(*COARSE), tiles.ratio(*RINGS)
    return {
        "coarse_power": float(coarse.median()), "coarse_peak": strongest_sixth(coarse), "ring_power": float(rings.median()),
        "directional_loss": turned.loss,
        "smear": turned.smear, "loss_axis_deg": turned.axis_deg, "twin": again, "twin_distance": apart_by,
        "bragg_share": spots / rings.numel(), "bragg_peak": peak,
    }  # fmt: skip


def of_fit(fit: Mapping[str, Any]) -> dict[str, float]:
    """Descriptors that a fit of the CTF gives."""
    measures, defocus = fit.get("measures") or {}, fit.get("defocus")
    told = {name: measures.get(name) for name in ("significance", "power_ratio", "ice_excess", "specimen_power")}
    told |= {"fit_resolution": fit.get("resolution_angstrom"), "fit_score": fit.get("score")}
    if defocus:
        told |= {"defocus": 0.5 * (defocus["u"] + defocus["v"]), "astigmatism": defocus["u"] - defocus["v"]}
    return {name: float(value) for name, value in told.items() if value is not None}


def of_motion(motion: Mapping[str, Any]) -> dict[str, float]:
    """Descriptors that the alignment of a movie gives, Å."""
    names = ("motion_total", "motion_early", "motion_late", "motion_step")
    return {name: float(motion[f"{name}_angstrom"]) for name in names if motion.get(f"{name}_angstrom") is not None}
