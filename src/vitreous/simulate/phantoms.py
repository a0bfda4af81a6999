"""Specimens in closed form: a right-handed helix that tells hands apart, and phantoms of any point group."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.simulate.specimens import Specimen, centred


def plain(name: str, positions: np.ndarray, weights: np.ndarray, sigma: float, symmetry: str = "C1") -> Specimen:
    """Gaussians of one width ``sigma`` (Å) as a specimen of one region."""
    rows = len(positions)
    return Specimen(name=name, positions=positions, weights=weights, sigma=np.full(rows, float(sigma)),
                    region=np.zeros(rows, np.int64), symmetry=symmetry, source="closed form")  # fmt: skip


def chiral_phantom(*, radius: float = 20.0, pitch: float = 30.0, turns: float = 2.0, sigma: float = 3.0) -> Specimen:
    """A right-handed helix along +z, thicker towards its top, with one knob: no symmetry, and unlike its mirror image.

    Going up the axis it turns from +x towards +y: r(t) = (a cos t, a sin t, p t / 2π).

    Parameters
    ----------
    radius, pitch
        a and p in Å, positive.
    turns
        Number of turns.
    sigma
        Width of the thread, Å.

    Returns
    -------
    Specimen
        About 24 Gaussians a turn, centred.
    """
    require(radius > 0 and pitch > 0 and turns > 0, "radius, pitch and turns", (radius, pitch, turns), "positive")
    t = np.linspace(0, 2 * math.pi * turns, round(24 * turns) + 1)
    helix = np.stack([radius * np.cos(t), radius * np.sin(t), pitch * t / (2 * math.pi)], 1)
    knob = np.array([[1.8 * radius, 0.0, 0.25 * pitch]])
    weights = np.concatenate([np.linspace(1.0, 2.0, len(t)), [6.0]])
    return centred(plain("right-handed helix", np.concatenate([helix, knob]), weights, sigma))


def mirrored(specimen: Specimen) -> Specimen:
    """The other hand: z → −z."""
    return replace(specimen, name=f"{specimen.name}, mirrored", positions=specimen.positions * np.array([1.0, 1.0, -1.0]))


def symmetric_phantom(
    matrices: NDArray[np.float64], chance: np.random.Generator, *, count: int = 40, radius: float = 50.0, sigma: float = 3.0,
    symmetry: str = "C1",
) -> Specimen:  # fmt: skip
    """Random Gaussians in a ball, repeated by every matrix of a point group.

    Parameters
    ----------
    matrices
        ``(g, 3, 3)``: the group's rotations, the identity among them.
    chance
        Where the asymmetric unit's scatterers fall.
    count
        Scatterers in an asymmetric unit.
    radius
        Of the ball, Å.
    sigma
        Width of each, Å.
    symmetry
        Name of the group, kept with the specimen.

    Returns
    -------
    Specimen
        ``g * count`` scatterers about the origin, which the group leaves fixed.
    """
    require(np.ndim(matrices) == 3 and np.shape(matrices)[1:] == (3, 3), "matrices", np.shape(matrices), "of shape (g, 3, 3)")
    direction = chance.normal(size=(count, 3))
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True) * radius * np.cbrt(chance.uniform(0.05, 1, (count, 1)))
    weights = chance.uniform(0.5, 1.5, count)
    positions = np.einsum("gij,nj->gni", np.asarray(matrices), unit).reshape(-1, 3)
    return plain(f"random {symmetry}", positions, np.tile(weights, len(matrices)), sigma, symmetry)
