"""What was planted is found: two views make classes of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.particles import Particles
from vitreous.io.particles import read_particles
from vitreous.numerics.rotations import exponential, geodesic_deg, random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.pipeline.project import Project
from vitreous.simulate.dataset import Dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.specimens import Specimen

Make = Callable[..., tuple[Path, Dataset]]

#: Median length of a vector of three and of two normal numbers.
MEDIAN_3, MEDIAN_2 = 1.5382, 1.1774


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




@pytest.fixture
def pillow() -> Specimen:
    matrices = symmetry("D2").matrices.numpy()
    return symmetric_phantom(matrices, np.random.default_rng(4), count=12, radius=80.0, sigma=6.0, symmetry="D2")
