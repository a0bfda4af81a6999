"""Things to fill a map with: helices, sheets, and pieces of the ribosome; nothing of what the tests use."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vitreous.physics.splat import volume_of_gaussians
from vitreous.simulate.specimens import Specimen, specimen

#: Å and degrees from one atom of a coil to the next, and radii of backbone and side chains: an α-helix of ten atoms a turn.
RISE, TURN, RADII = 0.5, 33.3, (2.0, 2.6, 4.4)
#: Å between strands, between sheets, and from atom to atom along a strand; how far they lie off its axis.
STRANDS, SHEETS, ALONG, PLEAT = 4.8, 10.0, 1.2, 0.9
#: Å³ of protein a helix or a sheet stands for when they are strewn.
CROWDING = 20.0
#: Width of an atom in voxels: it must not alias.
WIDTH = 0.5


def density(blob: Tensor, voxel: float, chance: np.random.Generator) -> Tensor:
    """One kind or a mixture of them, on the grid of ``blob`` and within it; mean 0 and variance 1 in there."""
    kinds = (helices, sheets, ribosome)
    chosen = [kinds[int(chance.integers(3))]] if chance.random() < 0.7 else [helices, sheets]
    size = len(blob)
    parts = [kind(size * voxel, chance) for kind in chosen]
    places, weights = (np.concatenate(column) for column in zip(*parts))
    index = np.rint(places / voxel + size // 2).astype(int)
    inner = ((index >= 0) & (index < size)).all(1)
    x, y, z = index[inner].T
    places, weights = places[inner][held := blob.numpy()[z, y, x]], weights[inner][held]
    values = volume_of_gaussians(places, weights, np.full(len(weights), WIDTH * voxel), size=size, voxel_size=voxel)
    values = (values - values[blob].mean()) / values[blob].std()
    return values * blob


def helices(side: float, chance: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Coils of 10 to 40 Å all over a cube: places (x, y, z) in Å about its middle, and weights."""
    found, length, wanted = [], 0, side**3 / CROWDING
    while length < wanted:
        steps = np.arange(int(chance.integers(20, 80)))
        angle, rise = np.deg2rad(TURN * steps), RISE * (steps - len(steps) / 2)
        radius = chance.choice(RADII, len(steps), p=(0.4, 0.3, 0.3))
        coil = np.stack([radius * np.cos(angle), radius * np.sin(angle), rise], 1)
        found.append(laid(coil, side, chance))
        length += len(steps)
    return np.concatenate(found), np.ones(length)


def sheets(side: float, chance: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Packs of two pleated sheets all over a cube."""
    found, length, wanted = [], 0, side**3 / CROWDING
    while length < wanted:
        strands, atoms = int(chance.integers(3, 8)), int(chance.integers(10, 25))
        sheet, strand, atom = (each.ravel() for each in np.meshgrid(range(2), range(strands), range(atoms), indexing="ij"))
        off = PLEAT * np.cos(math.pi * (atom // 2 + strand))
        pack = np.stack([ALONG * (atom - atoms / 2), STRANDS * (strand - strands / 2), SHEETS * (sheet - 0.5) + off], 1)
        found.append(laid(pack + chance.normal(0, 0.3, pack.shape), side, chance))
        length += len(pack)
    return np.concatenate(found), np.ones(length)


def laid(places: NDArray, side: float, chance: np.random.Generator) -> NDArray:
    """Turned and put down anywhere in a cube."""
    return places @ turn(chance).T + chance.uniform(-side / 2, side / 2, 3)


def turn(chance: np.random.Generator) -> NDArray:
    """A rotation, or one with a mirror, at random."""
    return np.linalg.qr(chance.normal(size=(3, 3)))[0]


def ribosome(side: float, chance: np.random.Generator) -> tuple[NDArray, NDArray]:
    """A cube from somewhere in the ribosome."""
    whole = body()
    places = (whole.positions - whole.positions[chance.integers(len(whole))]) @ turn(chance).T
    near = (np.abs(places) < side / 2).all(1)
    return places[near], whole.weights[near]


@lru_cache(maxsize=1)
def body() -> Specimen:
    """The ribosome without the head of its small subunit, which is the specimen of many tests."""
    return specimen("ribosome").part("large subunit", "small subunit body")
