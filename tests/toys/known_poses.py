"""Particles in their true places, in memory: of a cloud of scatterers whose amplitudes are level, or of any specimen."""

from __future__ import annotations

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.inference.load import Band, images_at_hand
from vitreous.inference.pose_refine import refine_poses
from vitreous.numerics.slices import half_ball
from vitreous.numerics.symmetry import symmetry
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset
from vitreous.simulate.snr import PixelSnr
from vitreous.simulate.specimens import Specimen
from vitreous.stages.controls.placed import Placed, placed


def level_cloud(seed: int = 1) -> Specimen:
    """400 equal points without an edge, 12 Å wide: the mean power of their transform is the same in every shell (Wilson 1942)."""
    places = np.random.default_rng(seed).normal(size=(400, 3)) * 12.0
    return Specimen(name="cloud", positions=places, weights=np.ones(400), sigma=np.full(400, 0.6), region=np.zeros(400, np.int64))


def in_place(what: Specimen, count: int, *, snr: float, b_factor: float, size: int, pixel: float, seed: int = 1) -> tuple[Placed, Dataset]:
    """``count`` particles with their true poses, and the truth."""
    settings = DatasetSettings(particles=count, size=size, optics=Optics(pixel_size=pixel), snr=PixelSnr(snr), b_factor=b_factor, seed=seed,
                               shift=2.0, micrographs=10)  # fmt: skip
    truth = draw_dataset(what, settings)
    images = images_at_hand(torch.cat(list(truth.images())).numpy(), truth.particles, Band(size=size))
    poses = torch.from_numpy(truth.particles.rotation), torch.from_numpy(truth.particles.shift) / pixel
    diameter = min(what.diameter, 0.8 * size * pixel)
    return placed(images, torch.arange(count) % 2, *poses, diameter=diameter, symmetry=symmetry("C1")), truth


def overfitted(task: Placed, rounds: int) -> Placed:
    """The particles refined with one unfiltered map for both half-sets, up to Nyquist: each round fits more of its noise."""
    radius, everything = task.images.disc.radius, torch.arange(len(task))
    for _ in range(rounds):
        ball = half_ball(task.solved(task.sums(everything)) * task.mask, radius, scale=task.images.pixel_size)
        found = refine_poses(task.images, task.noise, ball, task.rotation, task.shift, radius=radius)
        task = task.at(found.rotation, found.shift)
    return task
