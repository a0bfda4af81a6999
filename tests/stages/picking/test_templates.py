"""Picking with templates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import rotate

from vitreous.errors import InputError
from vitreous.stages.picking import PickParams, agreement, match_picks, pick_templates
from vitreous.stages.picking.search import SIZE
from vitreous.stages.picking.templates import ROTATIONS, template_bank

ANYWHERE = PickParams(edge=0.0)


def test_planted_particles_are_found_at_a_twentieth_of_the_noise(scene) -> None:
    field = scene(0, 40, 0.05, (1.0, 0.6, 0.5))
    picks = pick_templates(field.image, field.views, 3.0, 150.0, ANYWHERE, template_contrast="dark")
    got = agreement(picks.coordinate, field.true, 15.0)
    assert got.recall > 0.95
    assert got.precision > 0.9
    pairs = match_picks(picks.coordinate, field.true, 15.0)
    error = picks.coordinate[pairs[:, 0]] - field.true[pairs[:, 1]]
    assert np.median(np.linalg.norm(error, axis=1)) < 0.05 * 50


@pytest.mark.long
def test_the_wrong_contrast_finds_little_and_noise_nothing(scene) -> None:
    field = scene(1, 30, 0.1)
    wrong = pick_templates(field.image, field.views[:2], 3.0, 150.0, ANYWHERE, template_contrast="bright")
    assert agreement(wrong.coordinate, field.true, 8.0).matched <= 3
    noise = torch.randn(700, 700, generator=torch.Generator().manual_seed(0))
    assert len(pick_templates(noise, field.views[:2], 3.0, 150.0, template_contrast="dark")) <= 1


def test_templates_may_have_another_pixel_size(scene) -> None:
    field = scene(2, 30, 0.1)
    coarse = torch.nn.functional.avg_pool2d(field.views[:3, None], 2)[:, 0]
    # Averaging pairs moves the origin by half a pixel of the micrograph, less than a tenth of the tolerance.
    picks = pick_templates(field.image, coarse, 3.0, 150.0, ANYWHERE, template_pixel=6.0, template_contrast="dark")
    assert agreement(picks.coordinate, field.true, 15.0).f1 > 0.9


def test_the_bank_turns_what_is_not_round() -> None:
    y, x = np.mgrid[:64, :64] - 32
    disc = torch.as_tensor(1.0 * (np.hypot(x, y) < 20), dtype=torch.float32)
    bar = torch.as_tensor(np.exp(-((x - 4) ** 2) / 200 - y**2 / 20), dtype=torch.float32)
    assert template_bank(disc, 2.0).shape == (1, SIZE, SIZE)
    bank = template_bank(torch.stack([bar, disc]), 2.0)
    assert bank.shape == (ROTATIONS + 1, SIZE, SIZE)
    middle = SIZE // 2
    # At step 2 the bar's top, 4 pixels right of the origin, lies 2 working pixels from it; a quarter turn moves it to y.
    assert np.unravel_index(int(bank[0].argmax()), (SIZE, SIZE)) == (middle, middle + 2)
    quarter = bank[ROTATIONS // 4]
    assert abs(np.unravel_index(int(quarter.argmax()), (SIZE, SIZE))[0] - middle) == 2
    turned = rotate(bank[0].numpy(), 90, reshape=False, order=1)
    assert max(np.corrcoef(turned.ravel(), bank[i].flatten())[0, 1] for i in (ROTATIONS // 4, 3 * ROTATIONS // 4)) > 0.999


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (torch.rand(2, 60, 50), r"templates must be square pictures \(k, m, m\); got \(2, 60, 50\)"),
        (torch.rand(1, 20, 20), "templates must be at least as wide as the particle, 50 of their pixels; got '20 pixels a side'"),
        (torch.ones(1, 64, 64), "templates must be pictures with contrast; got 'a constant one'"),
    ],
)
def test_bad_templates_are_refused(templates, message) -> None:
    with pytest.raises(InputError, match=message):
        pick_templates(torch.rand(300, 300), templates, 3.0, 150.0)
