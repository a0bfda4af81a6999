"""Picking with the diameter alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.fourier import frequency_squared, irfft2, rfft2
from vitreous.stages.picking import PickParams, Picks, agreement, match_picks, pick_blobs

ANYWHERE = PickParams(edge=0.0)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("count", "snr", "axes", "least"),
    [
        (8, 0.1, (1.0, 1.0, 1.0), 0.85),  # few: a false one costs 0.06
        (40, 0.05, (1.0, 1.0, 1.0), 0.93),
        (90, 0.05, (1.0, 1.0, 1.0), 0.93),  # crowded: as many as fit without touching
        (40, 0.1, (1.0, 0.6, 0.5), 0.93),
    ],
)
def test_globular_particles_are_found(scene, seed: int, count: int, snr: float, axes, least: float) -> None:
    field = scene(seed, count, snr, axes)
    picks = pick_blobs(field.image, 3.0, 150.0, ANYWHERE)
    assert agreement(picks.coordinate, field.true, 15.0).f1 >= least


def test_centres_are_accurate(scene) -> None:
    field = scene(2, 50, 0.1)
    found = pick_blobs(field.image, 3.0, 150.0).coordinate
    pairs = match_picks(found, field.true, 15.0)
    error = found[pairs[:, 0]] - field.true[pairs[:, 1]]
    # 0.05 diameters, most of it the particle's own asymmetry; a mistake of half a pixel in the origin would be a bias.
    assert np.median(np.linalg.norm(error, axis=1)) < 0.05 * 50
    assert np.abs(np.median(error, axis=0)).max() < 0.8


@pytest.mark.parametrize("colour", ["white", "pink", "wedge"])
def test_noise_gives_nearly_nothing(colour: str) -> None:
    total = 0
    for seed in range(4):
        noise = torch.randn(700, 700, generator=torch.Generator().manual_seed(seed))
        if colour == "pink":
            noise = irfft2(rfft2(noise) / (frequency_squared(noise.shape).sqrt() + 0.01), noise.shape)
        if colour == "wedge":
            noise = noise + torch.linspace(0, 4, 700)
        total += len(pick_blobs(noise, 3.0, 150.0))
    assert total <= 2


def test_contrast_gain_and_turns_of_the_picture_do_not_matter(scene) -> None:
    field = scene(3, 30, 0.1)
    first = pick_blobs(field.image, 3.0, 150.0)
    bright = pick_blobs(500 - 40 * field.image, 3.0, 150.0, PickParams(contrast="bright"))
    assert agreement(bright.coordinate, first.coordinate, 1.0).f1 > 0.98
    turned = pick_blobs(field.image.T.contiguous(), 3.0, 150.0)
    # The decoys differ, so one at the threshold may come or go.
    assert agreement(turned.coordinate[:, ::-1], first.coordinate, 2.0).f1 > 0.93
    wrong = pick_blobs(field.image, 3.0, 150.0, PickParams(contrast="bright"))
    assert agreement(wrong.coordinate, field.true, 10.0).matched <= 3


def test_the_diameter_need_not_be_exact(scene) -> None:
    field = scene(4, 40, 0.1)
    for diameter in (125.0, 180.0):
        assert agreement(pick_blobs(field.image, 3.0, diameter, ANYWHERE).coordinate, field.true, 15.0).f1 > 0.85


def test_the_same_input_gives_the_same_picks_and_distances_are_kept(scene) -> None:
    field = scene(5, 60, 0.1)
    a, b = (pick_blobs(field.image.numpy(), 3.0, 150.0, PickParams(spacing=1.2)) for _ in range(2))
    np.testing.assert_array_equal(a.coordinate, b.coordinate)
    gaps = np.linalg.norm(a.coordinate[:, None] - a.coordinate, axis=-1) + 1e9 * np.eye(len(a))
    # Distances are kept between whole working pixels of 2 pixels; peaks then move by up to half of one each.
    assert gaps.min() > 1.2 * 50 - 3
    assert (np.diff(a.score) <= 0).all()
    assert a.score.min() >= a.threshold
    assert a.template.shape == (1, 37, 37)
    assert (a.coordinate > 0.35 * 50 - 1e-9).all()


def test_a_crystal_is_left_alone(scene) -> None:
    field = scene(6, 30, 0.1)
    y, x = np.mgrid[:700, :700]
    crystal = np.hypot(x - 520, y - 180) < 150
    image = torch.where(torch.as_tensor(crystal), field.image - 12 * field.image.std(), field.image)
    picks = pick_blobs(image, 3.0, 150.0, ANYWHERE)
    i, j = picks.coordinate.round().astype(int).T
    assert not crystal[j, i].any()
    outside = ~(np.hypot(*(field.true - [520, 180]).T) < 190)
    assert agreement(picks.coordinate, field.true[outside], 15.0).f1 > 0.8
    assert 0.14 < picks.bad_fraction < 0.3


@pytest.mark.parametrize(
    ("image", "pixel", "diameter", "message"),
    [
        (torch.zeros(200, 200), 1.0, 50.0, r"micrograph must be a picture with contrast; got '0.0 everywhere'. Try"),
        (torch.full((200, 200), torch.nan), 1.0, 50.0, "micrograph must be finite everywhere"),
        (torch.rand(200, 200), 1.0, 150.0, r"diameter must be at most half the micrograph's short side, 200 pixels; got '150"),
        (torch.rand(200, 200), 100.0, 150.0, "diameter must be at least 6 pixels across; got '1.5 pixels'"),
        (torch.rand(200, 200), 0.0, 150.0, "pixel_size must be positive, in Å; got 0.0"),
        (torch.rand(200, 200), 1.0, -3.0, "diameter must be positive, in Å; got -3.0"),
        (torch.rand(3, 200, 200), 1.0, 50.0, r"micrograph must be one picture \(y, x\); got \(3, 200, 200\)"),
    ],
)
def test_what_cannot_be_picked_is_said(image, pixel, diameter, message) -> None:
    with pytest.raises(InputError, match=message):
        pick_blobs(image, pixel, diameter)


def test_parameters_have_ranges() -> None:
    with pytest.raises(InputError, match='contrast must be "dark" or "bright"; got'):
        PickParams(contrast="black")
    with pytest.raises(InputError, match="false_fraction must be above 0 to"):
        PickParams(false_fraction=0.0)
    with pytest.raises(InputError, match=r"coordinate must be of shape \(2, 2\), one row a score"):
        Picks(coordinate=np.zeros((3, 2)), score=np.zeros(2), threshold=0.1, template=np.zeros((1, 3, 3)), working_pixel=5.0)
