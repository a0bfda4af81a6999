"""A ball of atoms so thick for its electrons that the curvature of the Ewald sphere shows in a small box.

At 40 kV (λ = 0.060 Å) and 0.35 Å a pixel, 48 of 64 pixels are to Nyquist what 800 Å are at 300 kV to 2.4 Å: λ t k² is 2.1 at the edge of
the band, and 1.4 at 0.85 Å, where thin-object reconstructions begin to fail.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.numerics.rotations import random_rotations
from vitreous.simulate.curved import curved_images
from vitreous.simulate.specimens import Specimen

OPTICS = Optics(pixel_size=0.35, voltage=40.0, spherical_aberration=0.0)


def cloud(diameter: float, atoms: int, seed: int = 1) -> Specimen:
    """Atoms at random in a ball, as wide as a third of a pixel: power up to Nyquist."""
    chance = np.random.default_rng(seed)
    direction = chance.normal(size=(atoms, 3))
    radius = 0.5 * diameter * chance.uniform(0, 1, (atoms, 1)) ** (1 / 3)
    places = direction / np.linalg.norm(direction, axis=1, keepdims=True) * radius
    return Specimen(name="cloud", positions=places, weights=np.ones(atoms), sigma=np.full(atoms, 0.12), region=np.zeros(atoms, np.int64))


def known(count: int, seed: int = 2) -> Particles:
    """Poses, shifts and defocus of ``count`` images; the defocus spreads over several turns of χ at Nyquist."""
    chance = np.random.default_rng(seed)
    mean = chance.uniform(150, 900, count)
    defocus = np.stack([mean + 20, mean - 20, chance.uniform(0, 180, count), np.zeros(count)], 1)
    rotation = random_rotations(count, torch.Generator().manual_seed(seed)).numpy()
    return Particles(optics=(OPTICS,), group=np.zeros(count, np.int64), defocus=defocus, rotation=rotation,
                     shift=chance.normal(0, 0.7, (count, 2)), contrast="dark")  # fmt: skip


@lru_cache(maxsize=2)
def clean(diameter: float, atoms: int, count: int, size: int, beam: int) -> torch.Tensor:
    """Images of ``cloud(diameter, atoms)`` at the poses of ``known(count)``, curved, without noise."""
    particles = known(count)
    return curved_images(
        cloud(diameter, atoms), particles.rotation, particles.shift, particles.defocus, OPTICS, size=size, beam=beam
    )  # fmt: skip


def with_noise(images: torch.Tensor, ratio: float, seed: int = 3) -> torch.Tensor:
    """White noise of ``ratio`` times their standard deviation added."""
    return images + ratio * float(images.std()) * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
