"""Search, threshold and noise, each made better by the others until the number of particles settles.

The noise's spectrum can only be measured where there are no particles, and particles are only told from noise by that
spectrum. In a crowded micrograph the first spectrum is mostly particles, so the first threshold is too high; it falls as
they are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.areas import tilted_plane
from vitreous.runtime.chance import torch_generator
from vitreous.stages.picking.badareas import good_areas
from vitreous.stages.picking.noise import decoy, gain, power_spectrum, whiten
from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.picks import Picks
from vitreous.stages.picking.search import Found, Search
from vitreous.stages.picking.threshold import noise_threshold
from vitreous.stages.picking.working import ACROSS, Working, flatten, working_image

PASSES = 5
DECOY_SIDE = 15 * ACROSS
LIKELY = 0.3
"""Share of false ones among the peaks kept out of the noise's spectrum: more of them cost only a little area."""


@dataclass(frozen=True)
class Prepared:
    """A micrograph ready for searching: scaled, its good pixels, and flattened."""

    working: Working
    good: Tensor
    flat: Tensor
    pixel_size: float


def prepare(image: Tensor | np.ndarray, pixel_size: float, diameter: float, params: PickParams) -> Prepared:
    """Scale and flatten a micrograph and leave out its bad areas; the arguments are those of the pickers.

    Raises
    ------
    InputError
        If the particle does not fit into the micrograph, or this has no contrast or values that are not finite.
    """
    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    require(diameter > 0, "diameter", diameter, "positive, in Å")
    sign = -1.0 if params.contrast == "dark" else 1.0
    working = working_image(torch.as_tensor(image), diameter / pixel_size, sign=sign)
    level = working.image - tilted_plane(working.image)
    good = good_areas(level, ACROSS)
    return Prepared(working, good, flatten(level, good), pixel_size)


@dataclass(frozen=True)
class Judged:
    """Peaks, the score from which they are particles, and the pixels (1) that neither they nor bad areas cover."""

    found: Found
    threshold: float
    free: Tensor


def judge(ready: Prepared, free: Tensor, search: Search, params: PickParams) -> Judged:
    """One search, the noise measured on the pixels ``free``, and the threshold from a decoy with that noise."""
    shape = tuple(ready.flat.shape)
    curve = gain(power_spectrum(ready.flat, free))
    white = whiten(ready.flat, curve)
    found = search(white, ready.good, curve, shape)
    decoys = _decoy_scores(white, free, curve, ready.good, search, params.seed)
    likely = found.points[found.score >= noise_threshold(found.score, *decoys, LIKELY)]
    threshold = noise_threshold(found.score, *decoys, params.false_fraction)
    return Judged(found, threshold, ready.good * _outside(likely, shape, 0.5 * ACROSS))


def settle(ready: Prepared, search: Search, params: PickParams) -> Judged:
    """Judge, measure the noise again without what was found, and repeat until no more is found."""
    free, before = ready.good, 0.0
    for _ in range(PASSES):
        judged = judge(ready, free, search, params)
        free, covered = judged.free, float(ready.good.sum() - judged.free.sum())
        if covered <= 1.05 * before or covered > 0.9 * ready.good.sum():
            break
        before = covered
    return judged


def _decoy_scores(
    white: Tensor, free: Tensor, curve: Tensor, good: Tensor, search: Search, seed: int
) -> tuple[np.ndarray, float]:
    """Scores of peaks in a picture of noise, and how many times larger the micrograph's good area is."""
    shape = tuple(white.shape)
    side = tuple(min(n, DECOY_SIDE) for n in shape)
    picture = decoy(power_spectrum(white, free), shape, side, torch_generator(seed, "decoys"))
    found = search(picture, torch.ones(side), curve, shape)
    return found.score, float(good.sum()) / (side[0] * side[1])


def _outside(points: np.ndarray, shape: tuple[int, int], reach: float) -> Tensor:
    """1 farther than ``reach`` from every point, else 0."""
    from scipy.ndimage import distance_transform_edt

    free = np.ones(shape, dtype=bool)
    x, y = np.round(points).astype(np.int64).T if len(points) else np.zeros((2, 0), dtype=np.int64)
    free[y.clip(0, shape[0] - 1), x.clip(0, shape[1] - 1)] = False
    return torch.as_tensor(distance_transform_edt(free) > reach, dtype=torch.float32) if len(points) else torch.ones(shape)


def picks(ready: Prepared, judged: Judged, params: PickParams) -> Picks:
    """The peaks above the threshold that the edge does not cut, in pixels of the micrograph."""
    working, found = ready.working, judged.found
    place = working.to_micrograph(found.points)
    margin = params.edge * working.across
    inside = ((place >= margin) & (place <= np.array(working.size) - 1 - margin)).all(1)
    keep = (found.score >= judged.threshold) & inside
    return Picks(
        coordinate=place[keep],
        score=found.score[keep],
        threshold=judged.threshold,
        template=found.template.numpy().reshape(-1, *found.template.shape[-2:]),
        working_pixel=ready.pixel_size * working.across / ACROSS,
        bad_fraction=1.0 - float(ready.good.mean()),
    )
