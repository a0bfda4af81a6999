"""Simulated stacks with planted optics, and half-maps made with what the table says instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import UNDISTORTED, Optics
from vitreous.data.particles import Particles
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.inference.reference import make_reference
from vitreous.io.particles import read_particles
from vitreous.numerics.filters import soft_disc
from vitreous.reconstruct.fourier import solve
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.snr import PixelSnr
from vitreous.stages.optics.problem import Problem, pose_problem

PIXEL = 1.5
BLOB = symmetric_phantom(np.eye(3)[None], np.random.default_rng(0), count=300, radius=35.0, sigma=1.0)
Make = Callable[..., Particles]


@pytest.fixture
def simulated(tmp_path: Path) -> Make:
    """Particles with their true poses, defocus and optics, half-sets alternating."""

    def make(*, particles: int = 500, size: int = 64, seed: int = 1, **settings: object) -> Particles:
        own = {"optics": Optics(pixel_size=PIXEL), "snr": PixelSnr(0.3), "b_factor": 20.0, "micrographs": 10, "shift": 2.0}
        drawn = draw_dataset(BLOB, DatasetSettings(particles=particles, size=size, seed=seed, **(own | settings)))
        write_dataset(tmp_path, drawn)
        table = read_particles(tmp_path / "truth.star")
        return table.with_(half=(1 + np.arange(particles) % 2).astype(np.int8))

    return make


def without_aberrations(table: Particles) -> Particles:
    """The same as a microscope without aberrations and distortion would have it."""
    plain = {"beam_tilt": (0.0, 0.0), "odd_zernike": (), "even_zernike": (), "magnification": UNDISTORTED}
    return table.with_(optics=tuple(replace(optics, **plain) for optics in table.optics))


def half_maps(table: Particles) -> list[torch.Tensor]:
    """Half-maps as reconstructed with the table's optics."""
    made = []
    for half in (1, 2):
        rows = np.flatnonzero(table.half == half)
        images = load_images(table, Band(size=size_of(table)), rows=rows)
        shift = torch.from_numpy(table.shift[rows]) / images.pixel_size
        radius = images.disc.radius
        sums = insert_images(images, initial_noise(images), torch.from_numpy(table.rotation[rows]), shift, radius=radius)
        made.append(solve(*sums.total(), images.disc.size, ssnr=None, radius=radius, voxel_size=images.pixel_size))
    return made


def size_of(table: Particles) -> int:
    from vitreous.io.stacks import open_stack

    return open_stack(table.stack[0]).shape[-1]


@pytest.fixture
def posed() -> Callable[[Particles], Problem]:
    """Images of a table against half-maps made with that table's own optics: what a user has."""

    def make(table: Particles) -> Problem:
        size = size_of(table)
        mask = soft_disc((size,) * 3, 0.42 * size, 4.0)
        return pose_problem(table, make_reference(*half_maps(table), mask, table.pixel_size))

    return make


@pytest.fixture
def plain() -> Callable[[Particles], Particles]:
    """Takes aberrations and distortion out of a table."""
    return without_aberrations


@pytest.fixture
def halves_of() -> Callable[[Particles], list[torch.Tensor]]:
    """Half-maps of a table."""
    return half_maps
