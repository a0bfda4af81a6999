"""Maps of a small built protein with noise, for the tests of models."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from atoms_at_random import bundle

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.physics.model_map import model_map

SIZE, VOXEL = 48, 1.25


@lru_cache(maxsize=2)
def protein(b_factor: float = 40.0) -> AtomicModel:
    """Three packed helices in the middle of the box."""
    model = bundle(b_factor=b_factor)
    return replace(model, positions=model.positions + 0.5 * SIZE * VOXEL)


@lru_cache(maxsize=4)
def clean(resolution: float = 3.0) -> Volume:
    return model_map(protein(), SIZE, VOXEL, resolution=resolution)


def noisy(resolution: float = 3.0, *, ratio: float = 0.5, seed: int = 0) -> Volume:
    """With white noise of ``ratio`` times the map's standard deviation."""
    volume = clean(resolution)
    noise = torch.randn(volume.shape, generator=torch.Generator().manual_seed(seed))
    return replace(volume, values=volume.values + ratio * float(volume.values.std()) * noise)


def mirrored(model: AtomicModel) -> AtomicModel:
    return replace(model, positions=model.positions * np.array([1, 1, -1]) + np.array([0, 0, SIZE * VOXEL]))
