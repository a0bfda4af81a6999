"""Maps and half-maps whose signal, noise and fall-off are known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from vitreous.data.volume import Volume
from vitreous.numerics.filters import radius
from vitreous.physics.splat import volume_of_gaussians
from vitreous.simulate.specimens import density_map, specimen


@lru_cache(maxsize=4)
def ribosome(size: int, voxel_size: float, b_factor: float) -> Volume:
    return density_map(specimen("ribosome head"), size, voxel_size, b_factor=b_factor)


@lru_cache(maxsize=4)
def scattered_atoms(size: int, voxel_size: float, b_factor: float) -> Volume:
    """Atoms at random in a cloud without an edge: their mean amplitude is level (Wilson statistics), its fall the planted B."""
    places = np.random.default_rng(3).normal(0, 0.13 * size * voxel_size, (20000, 3))
    width = np.full(len(places), np.sqrt(b_factor / (8 * np.pi**2)))
    return Volume(volume_of_gaussians(places, np.ones(len(places)), width, size=size, voxel_size=voxel_size), voxel_size)


def hollow_shell(size: int, voxel_size: float, inner: float, outer: float) -> Volume:
    distance = radius((size,) * 3) * voxel_size
    return Volume(((distance > inner) & (distance < outer)).float(), voxel_size)


def noisy(signal: Volume, ratio: float, generator: torch.Generator) -> tuple[Volume, Volume]:
    """Two halves of ``signal`` with white noise of ``ratio`` times its standard deviation."""
    scale = ratio * float(signal.values.std())
    one, two = (signal.values + scale * torch.randn(signal.shape, generator=generator) for _ in range(2))
    return Volume(one, signal.voxel_size), Volume(two, signal.voxel_size)
