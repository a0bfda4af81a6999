"""Refined poses against the true ones, in the frame of the true map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from vitreous.jobs.micrograph_list import stem

if TYPE_CHECKING:
    from vitreous.data.particles import Particles
    from vitreous.jobs.report.truth import TrueSession
    from vitreous.jobs.report.truth_map import MapMatch


@dataclass(frozen=True)
class PoseErrors:
    """Errors of the poses of refined particles that are particles.

    Parameters
    ----------
    angle_deg, shift
        Degrees and Å, ``(n,)``.
    false
        Refined images that are no particle.
    """

    angle_deg: np.ndarray
    shift: np.ndarray
    false: int


def pose_errors(particles: Particles, placed: MapMatch, truth: TrueSession) -> PoseErrors:
    """Compare the poses of refined particles with the true ones.

    With T(r) = V(M (g r + c)) (see :class:`~vitreous.jobs.report.truth_map.MapMatch`), a pose R of the map is the pose R g of the
    truth, or Z R M g for a mirror image, where Z turns z over: a projection does not change by that. The truth's origin lies at
    M c in the map. Where a micrograph as a whole is displaced against the movie's first frame is no error of a pose: the median
    over its particles is taken away.
    """
    from vitreous.numerics.symmetry import symmetry

    here, there = paired(particles, truth)
    rotation = torch.from_numpy(np.asarray(particles.rotation, np.float64)[here])
    mirror, g = placed.mirror, placed.rotation
    turned = rotation @ mirror @ g
    if placed.mirrored:
        turned = torch.diag(torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)) @ turned
    true = torch.from_numpy(np.asarray(truth.particles.rotation, np.float64)[there])
    angle = symmetry(truth.symmetry).distance_deg(turned, true).numpy()
    origin = (rotation @ (mirror @ placed.offset))[:, :2].numpy()
    place = _place(particles)[here] + origin
    apart = place - np.asarray(truth.particles.coordinate)[there] * truth.pixel_size
    owner = np.asarray(truth.particles.micrograph_index)[there]
    for each in np.unique(owner):
        apart[owner == each] -= np.median(apart[owner == each], axis=0)
    return PoseErrors(angle, np.linalg.norm(apart, axis=1), len(particles) - len(here))


def paired(particles: Particles, truth: TrueSession) -> tuple[np.ndarray, np.ndarray]:
    """Rows of refined and of true particles that belong together: nearest within half a diameter, on one micrograph."""
    from vitreous.stages.picking.metrics import match_picks

    here, there = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    true_names = {stem(Path(name)): index for index, name in enumerate(truth.particles.micrograph)}
    place = _place(particles)
    true = np.asarray(truth.particles.coordinate) * truth.pixel_size
    for index, name in enumerate(particles.micrograph):
        if stem(Path(name)) in true_names:
            rows = np.flatnonzero(particles.micrograph_index == index)
            columns = np.flatnonzero(truth.particles.micrograph_index == true_names[stem(Path(name))])
            pairs = match_picks(place[rows], true[columns], 0.5 * truth.diameter)
            here.append(rows[pairs[:, 0]])
            there.append(columns[pairs[:, 1]])
    return np.concatenate(here), np.concatenate(there)


def _place(particles: Particles) -> np.ndarray:
    """Where particles are in their micrograph, Å; coordinates count the micrograph's pixels."""
    original = particles.optics_extra.get("rlnMicrographOriginalPixelSize")
    sizes = np.array([group.pixel_size for group in particles.optics])
    pixel = sizes if original is None else np.asarray(original, dtype=float)
    shift = np.zeros((len(particles), 2)) if particles.shift is None else np.asarray(particles.shift)
    return np.asarray(particles.coordinate) * pixel[particles.group][:, None] + shift
