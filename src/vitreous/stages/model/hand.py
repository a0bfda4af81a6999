"""Does the map have the hand of its model? The model is held against its own mirror image in the same map.

Instead of the map the atoms are mirrored: through the planes and the point that leave their gross shape in place, and through
those of the box, as a program that stores maps the other way round would have done. The likeliest are fitted as rigid bodies. In
a map of the right hand the model then agrees better than any mirror image, in one of the wrong hand the other way round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.at_points import values_at
from vitreous.stages.model.closeup import closeup
from vitreous.stages.model.fit import rigid_fit, smoothed_in_turn

#: Å: coarser maps do not tell hands apart by a helix, shells coarser than the second are the same for both, and those finer than the
#: third are not needed for it.
COARSEST_TOLD, COARSEST_USED, FINEST_USED = 7.0, 12.0, 4.0
#: Mirror images that are fitted.
TRIED = 3
#: Standard deviations, and least difference of mean correlations, by which one hand must win.
SIGNIFICANT, LEAST = 4.0, 0.02
FLIPS = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1], [-1, -1, -1]])


@dataclass(frozen=True)
class HandAgainstModel:
    """Agreement of both hands.

    Parameters
    ----------
    own, mirrored
        Mean shell correlation from 12 to 4 Å or the resolution, weighted by the shells' sizes, of the model and its mirror image.
    error
        Standard deviation of the difference by chance.
    verdict
        "right", "wrong", or "not told" if neither wins.
    """

    own: float
    mirrored: float
    error: float
    verdict: str


def mirror_images(positions: NDArray, volume: Volume) -> list[NDArray[np.float64]]:
    """Eight mirror images ``(n, 3)`` of atoms: about their own principal axes, and about the box."""
    centre = positions.mean(0)
    axes = np.linalg.svd(positions - centre, full_matrices=False)[2]
    own = [((positions - centre) @ axes.T * flip) @ axes + centre for flip in FLIPS]
    middle = np.array(volume.corner) + volume.voxel_size * (np.array(volume.shape[::-1]) // 2)
    return own + [(positions - middle) * flip + middle for flip in FLIPS]


def hand_against_model(
    volume: Volume, model: AtomicModel, resolution: float, *, maps: list[NDArray[np.float32]] | None = None
) -> HandAgainstModel:
    """Compare hands.

    Parameters
    ----------
    volume, model
        Map and heavy atoms, in place.
    resolution
        Å.
    maps
        What :func:`~vitreous.stages.model.fit.smoothed_in_turn` gives for the map; made here without it.
    """
    if resolution > COARSEST_TOLD:
        return HandAgainstModel(math.nan, math.nan, math.nan, "not told")
    maps = maps or smoothed_in_turn(volume, resolution)
    images = sorted(mirror_images(model.positions, volume), key=lambda p: -_density(maps[0], volume, p))[:TRIED]
    fitted = [replace(model, positions=rigid_fit(volume, image, resolution, maps=maps).positions) for image in images]
    own, error = agreement(volume, model, resolution)
    mirrored = max(agreement(volume, image, resolution)[0] for image in fitted)
    error *= math.sqrt(2)
    won = own - mirrored
    decided = abs(won) > max(SIGNIFICANT * error, LEAST)
    return HandAgainstModel(own, mirrored, error, ("right" if won > 0 else "wrong") if decided else "not told")


def _density(values: NDArray, volume: Volume, positions: NDArray) -> float:
    return float(values_at(values, (positions - np.array(volume.corner)) / volume.voxel_size).mean())


def agreement(volume: Volume, model: AtomicModel, resolution: float) -> tuple[float, float]:
    """Mean shell correlation from 12 to 4 Å or the resolution, weighted by the shells' sizes, and its standard deviation by chance."""
    near = closeup(volume, model.positions, max(resolution, FINEST_USED))
    first = max(1, math.ceil(near.size * near.voxel_size / COARSEST_USED))
    curve, count = near.correlation(near.model(model))[first:], near.counts()[first:]
    return float((curve * count).sum() / count.sum()), float(count.sum()) ** -0.5
