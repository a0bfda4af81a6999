"""What was planted is found: poses within what is said of their errors, views, a map from nothing, symmetry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from vitreous.data.particles import Particles
from vitreous.inference.half_maps import split_halves
from vitreous.inference.load import Band, load_images
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles
from vitreous.numerics.map_align import align
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.pipeline.project import Project
from vitreous.simulate.dataset import Dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.specimens import Specimen
from vitreous.stages.refine.iterate import refine
from vitreous.stages.refine.settings import RefineSettings
from vitreous.stages.refine.state import State

Make = Callable[..., tuple[Path, Dataset]]

#: Median length of a vector of three and of two normal numbers.
MEDIAN_3, MEDIAN_2 = 1.5382, 1.1774


class Refined(NamedTuple):
    """What came out, and the median errors that it says it has, ° and Å along each axis."""

    particles: Particles
    state: State
    resolution: float
    sigma: float
    spread: float


def errors(found: Particles, truth: Particles, group: str = "C1") -> tuple[np.ndarray, np.ndarray]:
    """Degrees to the nearest equivalent of the true pose, and Å."""
    right = torch.from_numpy(truth.rotation)
    equivalents = [geodesic_deg(torch.from_numpy(found.rotation), right @ g.double()) for g in symmetry(group).matrices]
    return torch.stack(equivalents).amin(0).numpy(), np.linalg.norm(found.shift - truth.shift, axis=1)


def without_common_turn(found: Particles, truth: Particles) -> np.ndarray:
    """Degrees of error when each half-map may lie as it likes: a map is free to turn slowly away from where it began."""
    out = np.zeros(len(found))
    for half in (1, 2):
        mine = found.half == half
        is_, should = torch.from_numpy(found.rotation[mine]), torch.from_numpy(truth.rotation[mine])
        u, _, v = torch.linalg.svd((should.mT @ is_).mean(0))
        out[mine] = geodesic_deg(is_, should @ (u @ v)).numpy()
    return out


def refined(listed: Path, dataset: Dataset, diameter: float, group: str = "C1") -> Refined:
    """A few passes of a refinement from the true map at 50 Å: enough for poses to settle, in seconds."""
    particles = read_particles(listed)
    images = load_images(particles, Band(size=32, mask_diameter=1.2 * diameter))
    half = split_halves(len(particles), 0)
    settings = RefineSettings(diameter=diameter, symmetry=symmetry(group), initial_lowpass=50.0, most_global=3, most_local=3)
    with torch.inference_mode():
        _, state = refine(images, torch.from_numpy(half.astype(np.int64)) - 1, dataset.volume.values, settings)
    sigma = torch.rad2deg(state.covariance[:, :3, :3].diagonal(dim1=1, dim2=2).mean(1).sqrt()).median()
    spread = state.covariance[:, 3:, 3:].diagonal(dim1=1, dim2=2).mean(1).sqrt().median() * images.pixel_size
    found = particles.with_(rotation=state.rotation.numpy(), shift=state.shift.numpy() * images.pixel_size, half=half)
    return Refined(found, state, images.resolution(state.best_radius), float(sigma), float(spread))


def test_poses_are_as_near_as_their_covariance_says(make: Make, head: Specimen) -> None:
    listed, dataset = make(300)
    told = refined(listed, dataset, head.diameter)
    turned, (_, moved) = without_common_turn(told.particles, dataset.particles), errors(told.particles, dataset.particles)
    # The covariance holds for a reference without noise; a map of 150 particles adds about as much again.
    assert np.median(turned) < 2 * MEDIAN_3 * told.sigma
    assert np.median(moved) < 2 * MEDIAN_2 * told.spread
    assert np.median(turned) > 0.7 * MEDIAN_3 * told.sigma, "nothing is found better than the noise allows"
    assert (turned > 10).mean() < 0.05
    assert told.resolution < 25


def test_two_views_make_classes_of_their_own(here: Project, make: Make, head: Specimen) -> None:
    view = np.arange(120) % 2
    angle = torch.as_tensor(np.random.default_rng(2).uniform(0, 2 * np.pi, 120))
    spin = exponential(torch.stack([0 * angle, 0 * angle, angle], 1))
    two = random_rotations(2, torch.Generator().manual_seed(8))
    listed, _ = make(120, rotation=(spin @ two[view]).numpy())
    record = here.do("classify2d", particles=listed, diameter=head.diameter, classes=8)
    number = read_particles(record["particles"]).class_number
    assert number is not None
    apart = sum(max(np.bincount(view[number == k], minlength=2)) for k in np.unique(number))
    assert apart >= 0.95 * len(view)


def test_a_map_is_found_from_nothing(here: Project, make: Make, head: Specimen) -> None:
    listed, dataset = make(150)
    record = here.do("initial-model", particles=listed, diameter=head.diameter, starts=1)
    found = align(read_volume(record["map"]).values, dataset.volume.values, radius=6)
    assert found.correlation > 0.8


@pytest.fixture
def pillow() -> Specimen:
    matrices = symmetry("D2").matrices.numpy()
    return symmetric_phantom(matrices, np.random.default_rng(4), count=12, radius=80.0, sigma=6.0, symmetry="D2")


def test_symmetry_is_used(make: Make, pillow: Specimen) -> None:
    listed, dataset = make(80, what=pillow)
    told = refined(listed, dataset, 180.0, "D2")
    turned, _ = errors(told.particles, dataset.particles, "D2")
    # four copies of each particle make the map: less noise of its own, and no turn that the axes would allow
    assert np.median(turned) < 1.5 * MEDIAN_3 * told.sigma
    for volume in told.state.halves:
        half_turn = volume.flip(1, 2).roll((1, 1), (1, 2))
        assert torch.nn.functional.cosine_similarity(volume.flatten(), half_turn.flatten(), 0) > 0.99
        assert torch.nn.functional.cosine_similarity(volume.flatten(), dataset.volume.values.flatten(), 0) > 0.85
