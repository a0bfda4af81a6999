"""Balls have no features, mirror images are told apart, and preferred views are seen in the half-maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.numerics.chirality import invert
from vitreous.numerics.directional import DirectionalFsc, half_sphere
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.specimens import density_map, specimen
from vitreous.stages.refine.judge import LEAST_FEATURES, features, hand_of, unlike_directions

SIZE, VOXEL = 48, 5.0


@pytest.mark.parametrize("radius", [8.0, 16.0])
@pytest.mark.parametrize("lowpass", [15.0, 40.0])
def test_a_ball_has_no_features_wherever_it_lies(radius: float, lowpass: float) -> None:
    ball = soft_disc((SIZE,) * 3, radius, 0.0)
    shell = ball - soft_disc((SIZE,) * 3, 0.6 * radius, 0.0)
    for volume in (ball, shell, ball.roll((4, -3), (0, 2)), 5 - ball):
        assert features(volume, VOXEL, lowpass) < LEAST_FEATURES


@pytest.mark.parametrize("group", ["C1", "D2", "O", "I"])
def test_particles_have_features_however_round(group: str) -> None:
    matrices = symmetry(group).matrices.numpy()
    phantom = symmetric_phantom(matrices, np.random.default_rng(4), count=12, radius=60.0, sigma=6.0, symmetry=group)
    assert features(density_map(phantom, SIZE, VOXEL).values, VOXEL, 40.0) > 2 * LEAST_FEATURES


def test_nothing_has_no_features() -> None:
    assert features(torch.full((SIZE,) * 3, 2.0), VOXEL, 40.0) == 0.0


def test_the_hand_of_the_reference_is_recognised() -> None:
    head = density_map(specimen("ribosome head"), SIZE, VOXEL).values
    mask = soft_disc((SIZE,) * 3, 18.0, 3.0)
    noise = 0.3 * head.std() * torch.randn(head.shape, generator=torch.Generator().manual_seed(1))
    assert hand_of(head + noise, head, mask, VOXEL, 20.0).verdict == "same"
    assert hand_of(invert(head) + noise, head, mask, VOXEL, 20.0).verdict == "mirrored"
    both = head + invert(head)
    assert hand_of(both + noise, head, mask, VOXEL, 20.0).verdict == "undecided"


def test_unlike_directions_are_named_with_what_to_try() -> None:
    directions = half_sphere(2)
    along_z = directions[:, 2].abs() > 0.9
    curves = torch.zeros(len(directions), 20, dtype=torch.float64)
    curves[:, :13] = 1.0
    average = curves.mean(0)
    assert unlike_directions(DirectionalFsc(directions, curves, average, 100.0)) is None
    curves[along_z, 5:] = 0.0
    said = unlike_directions(DirectionalFsc(directions, curves, average, 100.0))
    assert said is not None
    assert "8.0 Å along the best and to 22.2 Å along the worst" in said
    assert "Try: a tilted stage" in said
