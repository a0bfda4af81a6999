"""Small particles at their true poses, and ways to break them; truth comes from Gaussians, not from slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coarse_search import coarsen
from lobed_particles import particle

from vitreous.data.optics import Optics
from vitreous.inference.transfer import transfer_functions
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles
from vitreous.numerics.rotations import random_rotations
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import PixelSnr
from vitreous.stages.particle_checks import Posed, fit_images, pose_particles, shell_sums
from vitreous.stages.particle_checks.alignability import noise_twins

SIZE, PIXEL, COUNT, MICROGRAPHS = 40, 4.0, 240, 12


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    coarsen(monkeypatch, 40)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with truth.star, particles.mrcs and map.mrc: 240 images of 40 px with a signal to noise √P of about 30."""
    folder = tmp_path_factory.mktemp("particles")
    settings = DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=PixelSnr(2.0), micrographs=MICROGRAPHS,
                               seed=11)  # fmt: skip
    write_dataset(folder, draw_dataset(particle(0), settings))
    return folder


@pytest.fixture(scope="session")
def posed(dataset: Path) -> Posed:
    return pose_particles(read_particles(dataset / "truth.star"), [read_volume(dataset / "map.mrc")], finest=8.0)


def _wrong_poses(posed: Posed, share: float, generator: torch.Generator) -> tuple[Posed, torch.Tensor]:
    bad = torch.randperm(len(posed), generator=generator)[: round(share * len(posed))]
    rotation = posed.rotation.clone()
    rotation[bad] = random_rotations(len(bad), generator)
    return posed.at(rotation, posed.shift), bad


def _wrong_defocus(posed: Posed, share: float, generator: torch.Generator, error: float = 5500.0) -> tuple[Posed, torch.Tensor]:
    """The table says ``error`` Å less than the truth on some micrographs."""
    bad = torch.randperm(MICROGRAPHS, generator=generator)[: round(share * MICROGRAPHS)]
    defocus = posed.particles.defocus.copy()
    defocus[np.isin(posed.particles.micrograph_index, bad.numpy()), :2] -= error
    particles = posed.particles.with_(defocus=defocus)
    transfer = transfer_functions(particles, np.arange(len(posed)), posed.disc, posed.pixel_size)
    return replace(posed, particles=particles, images=replace(posed.images, transfer=transfer)), bad


def _junk(posed: Posed, share: float, generator: torch.Generator) -> tuple[Posed, torch.Tensor]:
    bad = torch.randperm(len(posed), generator=generator)[: round(share * len(posed))]
    values = posed.images.values.clone()
    values[bad] = noise_twins(posed.images, fit_images(shell_sums(posed), posed.images.group), generator).values[bad]
    return replace(posed, images=replace(posed.images, values=values)), bad


Break = Callable[[Posed, float, torch.Generator], tuple[Posed, torch.Tensor]]


@pytest.fixture(scope="session")
def breaks() -> dict[str, Break]:
    """Ways to break a set: each gives the set and who was broken."""
    return {"poses": _wrong_poses, "defocus": _wrong_defocus, "junk": _junk}
