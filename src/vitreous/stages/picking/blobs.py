"""Picking without a template: the particle's diameter is all that is given.

1. Scale the micrograph so that a particle is 24 pixels wide; leave out ice and carbon; flatten.
2. Whiten the noise; correlate locally with discs; average the best peaks into a round template; correlate with that; twice.
3. Do the same with decoys, pictures of Gaussian noise that have the spectrum of the micrograph's noise. Accept peaks
   down to the score at which decoys say that a twentieth of them are noise.
4. Measure the noise again without the accepted particles and repeat from 2 until their number settles. In a crowded
   micrograph the first spectrum is mostly particles, so the first threshold is too high; it falls as they are taken out.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.runtime.chance import torch_generator
from vitreous.stages.picking.badareas import good_areas
from vitreous.stages.picking.noise import decoy, gain, power_spectrum, whiten
from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.picks import Picks
from vitreous.stages.picking.search import Found, search
from vitreous.stages.picking.threshold import noise_threshold
from vitreous.stages.picking.working import ACROSS, Working, flatten, working_image

PASSES = 5
DECOYS = 1
DECOY_SIDE = 15 * ACROSS
LIKELY = 0.3
"""Share of false ones among the peaks kept out of the noise's spectrum: more of them cost only a little area."""


def pick_blobs(image: Tensor | np.ndarray, pixel_size: float, diameter: float, params: PickParams | None = None) -> Picks:
    """Find globular particles of one diameter.

    Parameters
    ----------
    image
        Micrograph, ``(y, x)``.
    pixel_size
        Å per pixel, positive.
    diameter
        Longest diameter of the particle, Å; a fifth too much or too little does little harm.
    params
        Contrast, tolerated share of noise, spacing.

    Returns
    -------
    Picks
        Best first; none where nothing stands out from noise.

    Raises
    ------
    InputError
        If the particle does not fit into the micrograph, or this has no contrast or values that are not finite.
    """
    params = params or PickParams()
    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    require(diameter > 0, "diameter", diameter, "positive, in Å")
    sign = -1.0 if params.contrast == "dark" else 1.0
    working = working_image(torch.as_tensor(image), diameter / pixel_size, sign=sign)
    good = good_areas(working.image, ACROSS)
    flat = flatten(working.image, good)
    found, threshold = _settle(flat, good, params)
    return _accepted(found, threshold, working, good, params, tuple(image.shape), diameter / pixel_size, pixel_size)


def _settle(flat: Tensor, good: Tensor, params: PickParams) -> tuple[Found, float]:
    free, before = good, -1
    for _ in range(PASSES):
        curve = gain(power_spectrum(flat, free))
        white = whiten(flat, curve)
        found = search(white, good, curve, tuple(flat.shape), params.spacing * ACROSS)
        decoys = _decoy_scores(white, free, curve, good, params)
        threshold = noise_threshold(found.score, *decoys, params.false_fraction)
        likely = found.points[found.score >= noise_threshold(found.score, *decoys, LIKELY)]
        if len(likely) <= 1.05 * before:
            break
        before = len(likely)
        free = good * _outside(likely, tuple(flat.shape), 0.5 * ACROSS)
        if free.sum() < 0.1 * good.sum():
            break
    return found, threshold


def _decoy_scores(white: Tensor, free: Tensor, curve: Tensor, good: Tensor, params: PickParams) -> tuple[np.ndarray, float]:
    """Scores of peaks in pictures of noise, and how many times larger the micrograph's good area is than all of them."""
    shape = tuple(min(n, DECOY_SIDE) for n in white.shape)
    generator = torch_generator(params.seed, "decoys")
    power = power_spectrum(white, free)
    whole = torch.ones(shape)
    scores = [
        search(decoy(power, tuple(white.shape), shape, generator), whole, curve, tuple(white.shape), params.spacing * ACROSS).score
        for _ in range(DECOYS)
    ]
    return np.concatenate(scores), float(good.sum()) / (DECOYS * shape[0] * shape[1])


def _outside(points: np.ndarray, shape: tuple[int, int], reach: float) -> Tensor:
    """1 farther than ``reach`` from every point, else 0."""
    from scipy.ndimage import distance_transform_edt

    free = np.ones(shape, dtype=bool)
    x, y = np.round(points).astype(np.int64).T if len(points) else np.zeros((2, 0), dtype=np.int64)
    free[y.clip(0, shape[0] - 1), x.clip(0, shape[1] - 1)] = False
    return torch.as_tensor(distance_transform_edt(free) > reach, dtype=torch.float32) if len(points) else torch.ones(shape)


def _accepted(
    found: Found, threshold: float, working: Working, good: Tensor, params: PickParams,
    shape: tuple[int, int], across: float, pixel_size: float,
) -> Picks:  # fmt: skip
    place = working.to_micrograph(found.points)
    margin = params.edge * across
    inside = ((place >= margin) & (place <= np.array(shape[::-1]) - 1 - margin)).all(1)
    keep = (found.score >= threshold) & inside
    return Picks(
        coordinate=place[keep],
        score=found.score[keep],
        threshold=threshold,
        template=found.template.numpy()[None].astype(np.float32),
        working_pixel=pixel_size * across / ACROSS,
        bad_fraction=1.0 - float(good.mean()),
    )
