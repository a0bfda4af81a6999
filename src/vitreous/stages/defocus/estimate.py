"""From a micrograph to its CTF: spectrum, search, fit, curves, verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.background import sectors
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.curves import CtfCurves, curves, fit_resolution, ring_correlation
from vitreous.stages.defocus.envelope import ring_fading
from vitreous.stages.defocus.fit import CtfFit, RingPicture
from vitreous.stages.defocus.flags import Limits, Measures, flags
from vitreous.stages.defocus.inclined import fit_inclined, fit_known
from vitreous.stages.defocus.likelihood import Likelihood, Prior, Smooth
from vitreous.stages.defocus.looks import IceRing, ice_rings, power_direction, ring_direction, specimen_power, strongest_ice
from vitreous.stages.defocus.params import CtfParams
from vitreous.stages.defocus.reduced import reduced
from vitreous.stages.defocus.refine import Solution, refine, to_defocus
from vitreous.stages.defocus.search import Candidate, search
from vitreous.stages.defocus.second_opinion import SecondOpinion, second_opinion
from vitreous.stages.defocus.spectrum import PowerSpectrum, Tiles, checked_image, tiled
from vitreous.stages.defocus.tilt import Tilt

PIXELS_PER_PERIOD = 2.1  # of the finest frequency used: just inside Nyquist
TILTED_TILE = 500.0  # Å, of tilted specimens: defocus changes by no more than 400 Å across it at 40 degrees
SECOND_REACH = 2.5  # first zeros that the second method sees at least
TILE_SHARE = 0.4  # of the shorter side, so that a small image has several tiles too
LEAST_TILE = 512.0  # Å
SHIFT_WIDTH = 60.0  # degrees, standard deviation of the prior of a phase shift that is fitted
BEFORE_ZERO, AFTER_ZERO = 0.85, 1.2  # the fit starts just before the first zero, the first ring peaks after it


def estimate_ctf(image: np.ndarray | Tensor, optics: Optics, params: CtfParams | None = None, limits: Limits | None = None) -> CtfFit:
    """Fit defocus and astigmatism to the Thon rings of a micrograph.

    Parameters
    ----------
    image
        Real, ``(y, x)``, at the pixel size of ``optics``; any scale and offset.
    optics
        Pixel size, voltage, Cs, amplitude contrast.
    params
        Ranges; the defaults suit single particles in ice.
    limits
        Where flags are raised.

    Returns
    -------
    CtfFit

    Raises
    ------
    InputError
        If the image is not two-dimensional, is too small, constant, or has pixels that are not finite; or if its pixels
        are too coarse for the range of resolution.

    Notes
    -----
    Whittle's likelihood, see :mod:`vitreous.stages.defocus.likelihood`. The defocus is the mean over all that scatters, each
    part counted by the strength of its rings; of a tilted specimen, that of the micrograph's middle.
    """
    params = params or CtfParams()
    tiles = prepared(image, optics, params)
    spectrum = tiles.mean()
    bins = Bins.of(spectrum)
    start = search(sectors(bins.between(1 / params.coarsest, math.inf)), optics, params, spectrum.information)
    make = partial(_likelihood, optics, params)
    if params.tilt != "no":
        small = prepared(image, optics, replace(params, tile=min(params.tile, TILTED_TILE)))
        found = (fit_known(small, start, params.slope, optics, make) if params.tilt == "known"
                 else fit_inclined(small, start, optics, make))  # fmt: skip
        if not found.level:
            return _report(found.spectrum, found.likelihood, found.solution, start, params, limits, found.tilt, level=False)
        tilt = found.tilt
    likelihood = make(bins, start)
    return _report(spectrum, likelihood, refine(likelihood), start, params, limits, None if params.tilt == "no" else tilt)


def prepared(image: np.ndarray | Tensor, optics: Optics, params: CtfParams) -> Tiles:
    """Check an image, make its pixels as large as the fit allows, and transform its tiles."""
    finest = max(params.finest, PIXELS_PER_PERIOD * optics.pixel_size)
    require(2 * finest <= params.coarsest, "pixel_size", optics.pixel_size,
            f"below {params.coarsest / 2 / PIXELS_PER_PERIOD:.2f} Å to see rings between {params.coarsest:g} Å and Nyquist",
            instead="the image before binning")  # fmt: skip
    checked = checked_image(image, optics.pixel_size)
    least = min(params.tile, LEAST_TILE)
    tile = min(params.tile, max(least, TILE_SHARE * min(checked.shape) * optics.pixel_size))
    return tiled(*reduced(checked, optics.pixel_size, finest), tile=tile, finest=finest)


def first_zero(mean_defocus: float, optics: Optics, phase_shift_deg: float) -> float:
    """Å⁻¹ of the first zero of the CTF, Cs neglected: πλ z k² = π − φ − asin Q."""
    left = 1 - (math.radians(phase_shift_deg) + math.asin(optics.amplitude_contrast)) / math.pi % 1
    return math.sqrt(left / (wavelength(optics.voltage) * mean_defocus))


def _likelihood(optics: Optics, params: CtfParams, bins: Bins, start: Candidate) -> Likelihood:
    """The likelihood in the range that ``start`` makes useful: particles below the first zero are not rings."""
    zero = first_zero(start.mean, optics, start.shift)
    used = bins.between(max(1 / params.coarsest, min(BEFORE_ZERO * zero, 0.5 * float(bins.k.max()))), math.inf)
    prior = Prior(start.mean, start.half_cos, start.half_sin, 0.1 * start.mean, max(100.0, 0.5 * params.astigmatism_most),
                  start.shift, None if params.phase_shift_range is None else SHIFT_WIDTH)  # fmt: skip
    return Likelihood(used, optics, Smooth.of(used, float(used.k.min()), float(used.k.max())), prior)


def _report(spectrum: PowerSpectrum, likelihood: Likelihood, solution: Solution, start: Candidate, params: CtfParams,
            limits: Limits | None, tilt: Tilt | None, *, level: bool = True) -> CtfFit:  # fmt: skip
    optics = likelihood.optics
    defocus, uncertainty = to_defocus(likelihood, solution)
    curve = curves(likelihood, solution.values)
    zero = first_zero(defocus.mean, optics, defocus.phase_shift_deg)
    resolution, finer, coarser = fit_resolution(curve, AFTER_ZERO * zero)
    seen = likelihood.bins.between(0.0, max(1 / resolution, SECOND_REACH * zero))
    second = second_opinion(seen, optics, start, defocus, fit_shift=likelihood.fits_shift)
    ice = ice_rings(likelihood, solution.values, solution.covariance)
    measures = _measures(Bins.of(spectrum), likelihood, solution, start, curve, resolution, ice, second, params)
    return CtfFit(
        defocus=defocus,
        uncertainty=uncertainty,
        score=measures.score,
        resolution=resolution,
        resolution_interval=(finer, coarser),
        fading=ring_fading(likelihood, solution, resolution),
        ice=ice,
        second=second,
        tilt=tilt,
        level=level,
        flags=flags(measures, defocus, limits, tilt),
        measures=measures,
        curves=curve,
        picture=_picture(spectrum, likelihood, solution, resolution),
        optics=optics,
        tiles_kept=spectrum.tiles_kept,
    )


def _measures(bins: Bins, likelihood: Likelihood, solution: Solution, start: Candidate, curve: CtfCurves, resolution: float,
              ice: tuple[IceRing, ...], second: SecondOpinion, params: CtfParams) -> Measures:  # fmt: skip
    power_ratio, power_axis = power_direction(bins)
    ring_ratio, ring_sigma, ring_axis = ring_direction(likelihood, solution.values, solution.covariance)
    ice_excess, ice_sigma = strongest_ice(ice)
    edge = 0.01 * (params.defocus_most - params.defocus_least)
    inside = params.defocus_least + edge < float(solution.values[0]) < params.defocus_most - edge
    return Measures(
        significance=start.score, score=ring_correlation(curve, resolution), resolution=resolution, power_ratio=power_ratio,
        ring_ratio=ring_ratio, ring_ratio_sigma=ring_sigma, drift_axis_deg=power_axis if power_ratio > ring_ratio else ring_axis,
        ice_excess=ice_excess, ice_sigma=ice_sigma, specimen_power=specimen_power(bins),
        agreement=second.agreement, converged=solution.converged,
        at_edge=not inside,
    )  # fmt: skip


def _picture(spectrum: PowerSpectrum, likelihood: Likelihood, solution: Solution, resolution: float) -> RingPicture:
    """Cut the spectrum out to a quarter beyond the resolution of the fit (but at least 8 Å), and make it flat."""
    step = float(spectrum.kx[1])
    reach = min(len(spectrum.kx) - 1, math.ceil(max(1.25 / resolution, 1 / 8) / step))
    middle = len(spectrum.kx) - 1
    rows = slice(middle - reach, middle + reach + 1)
    bins = Bins.whole(spectrum, rows, reach + 1)
    used = likelihood.bins.k
    view = replace(likelihood, bins=bins, smooth=Smooth.of(bins, float(used.min()), float(used.max())))
    log_m, depth, phase = view.parts(solution.values)
    outside = (bins.k < used.min()) | (bins.k > used.max())
    flat = [x.masked_fill(outside, 0.0).float().view(2 * reach + 1, reach + 1).numpy()
            for x in (bins.power * torch.exp(-log_m) - 1, -depth * torch.cos(2 * phase))]  # fmt: skip
    return RingPicture(flat[0], flat[1], reach * step)
