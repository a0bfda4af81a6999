"""Picking with templates: local correlation with class averages in all rotations, the noise whitened.

The noise is measured where a search for discs finds nothing; the threshold comes from a decoy, as without templates.

References: Roseman 2003, Ultramicroscopy 94:225; Sigworth 2004, J. Struct. Biol. 145:111.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Contrast
from vitreous.errors import require
from vitreous.numerics.filters import radius
from vitreous.numerics.fourier import centred_irfft2, centred_rfft2
from vitreous.numerics.resample import resize_spectrum
from vitreous.stages.picking.correlation import LocalCorrelation
from vitreous.stages.picking.noise import whiten_template
from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.peaks import find_peaks
from vitreous.stages.picking.picks import Picks
from vitreous.stages.picking.search import PROFILE_WINDOW, SIZE, Found, disc_search, window
from vitreous.stages.picking.settle import judge, picks, prepare, settle
from vitreous.stages.picking.working import ACROSS

ROTATIONS = 36
"""In-plane rotations: the nearest is within 5 degrees, one working pixel at a particle's rim."""
ROUND = 0.98
"""Share of a template's variance in its rotational average from which it is not turned."""


def pick_templates(
    image: Tensor | np.ndarray, templates: Tensor | np.ndarray, pixel_size: float, diameter: float,
    params: PickParams | None = None, *, template_pixel: float | None = None, template_contrast: Contrast = "bright",
) -> Picks:  # fmt: skip
    """Find particles that look like one of some pictures, in any in-plane rotation.

    Parameters
    ----------
    image
        Micrograph, ``(y, x)``.
    templates
        Class averages or projections, ``(k, m, m)`` or ``(m, m)``, centred on pixel m // 2.
    pixel_size
        Å per pixel of the micrograph.
    diameter
        Longest diameter of the particle, Å: the pixels that are compared, and the spacing.
    params
        Contrast of the micrograph, tolerated share of noise, spacing.
    template_pixel
        Å per pixel of the templates; that of the micrograph if not given.
    template_contrast
        "bright" where protein is bright in the templates.

    Returns
    -------
    Picks
        Best first.

    Raises
    ------
    InputError
        If a template is constant, not square or smaller than the particle, or as for a picker without templates.
    """
    params = params or PickParams()
    ready = prepare(image, pixel_size, diameter, params)
    turn = 1.0 if template_contrast == "bright" else -1.0
    step = diameter / ACROSS / (template_pixel or pixel_size)
    bank = template_bank(turn * torch.as_tensor(templates, dtype=torch.float32), step)
    look = partial(search_bank, bank=bank, spacing=params.spacing * ACROSS)
    free = settle(ready, disc_search(params), params).free
    return picks(ready, judge(ready, free, look, params), params)


def template_bank(templates: Tensor, step: float) -> Tensor:
    """Scale templates to working pixels and turn them.

    Parameters
    ----------
    templates
        ``(k, m, m)`` or ``(m, m)``, particle bright.
    step
        Pixels of the templates per working pixel.

    Returns
    -------
    Tensor
        float32 ``(r, SIZE, SIZE)``; one picture for a round template, 36 for another.
    """
    templates = templates[None] if templates.ndim == 2 else templates
    shape = tuple(templates.shape)
    require(templates.ndim == 3 and shape[1] == shape[2], "templates", shape, "square pictures (k, m, m)")
    require(shape[1] >= ACROSS * step, "templates", f"{shape[1]} pixels a side",
            f"at least as wide as the particle, {ACROSS * step:.0f} of their pixels", instead="check template_pixel")  # fmt: skip
    require(bool((templates.std((1, 2)) > 0).all()), "templates", "a constant one", "pictures with contrast")
    bank = []
    for template in templates:
        upright = _sampled(template, step, np.zeros(1))[0]
        bank.append(upright[None] if _roundness(upright) > ROUND else _sampled(template, step, _angles()))
    return torch.cat(bank)


def _angles() -> np.ndarray:
    return 2 * np.pi * np.arange(ROTATIONS) / ROTATIONS


def _sampled(template: Tensor, step: float, angles: np.ndarray) -> Tensor:
    """Values on the working grid turned by angles; what the working grid cannot hold is removed first."""
    from scipy.ndimage import map_coordinates

    m = template.shape[-1]
    coarse = min(m, max(8, round(m / step)))
    fine = 2 * max(coarse, m // 2)
    spectrum = resize_spectrum(resize_spectrum(centred_rfft2(template), (coarse, coarse)), (fine, fine))
    smooth = centred_irfft2(spectrum, (fine, fine)).numpy()
    at = (np.arange(SIZE) - SIZE // 2) * step * fine / m
    y, x = np.meshgrid(at, at, indexing="ij")
    c, s = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    places = np.stack([c * y - s * x, c * x + s * y]) + fine // 2
    return torch.as_tensor(map_coordinates(smooth, places, order=3, mode="nearest"), dtype=torch.float32)


def _roundness(template: Tensor) -> float:
    """Share of the variance inside the window that rings of equal radius explain."""
    ring = radius(template.shape).round().long().flatten()
    weight = window(PROFILE_WINDOW).flatten()
    values = template.flatten()
    values = values - (weight * values).sum() / weight.sum()
    total = torch.zeros(int(ring.max()) + 1).index_add_(0, ring, weight * values)
    count = torch.zeros_like(total).index_add_(0, ring, weight)
    between = (total**2 / count.clamp_min(1e-6)).sum()
    return float(between / (weight * values**2).sum().clamp_min(1e-12))


def search_bank(
    white: Tensor, good: Tensor, curve: Tensor, curve_shape: tuple[int, int], *, bank: Tensor, spacing: float
) -> Found:
    """Best correlation over a bank of templates at every pixel, and its peaks."""
    matcher = LocalCorrelation(white, good, window(PROFILE_WINDOW))
    best = torch.full(white.shape, -1.0)
    for template in bank:
        best = torch.maximum(best, matcher(whiten_template(template, curve, curve_shape)))
    return Found(*find_peaks(best, spacing), bank)
