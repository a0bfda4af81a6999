"""Whitening, decoys, bad areas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.numerics.areas import tilted_plane
from vitreous.numerics.fourier import frequency_squared, irfft2, rfft2
from vitreous.numerics.shells import shell_average
from vitreous.stages.picking.badareas import MARGIN, good_areas
from vitreous.stages.picking.noise import decoy, gain, power_spectrum, whiten, whiten_template
from vitreous.stages.picking.working import ACROSS, flatten

SHAPE = (240, 261)


def coloured(generator: torch.Generator, shape: tuple[int, int] = SHAPE) -> torch.Tensor:
    k = frequency_squared(shape).sqrt()
    return irfft2(rfft2(torch.randn(shape, generator=generator)) * (0.3 + torch.exp(-k * 20)), shape)


def test_whitened_noise_is_white(generator: torch.Generator) -> None:
    noise = coloured(generator)
    white = whiten(noise, gain(power_spectrum(noise, torch.ones(SHAPE))))
    power = shell_average(rfft2(white).abs() ** 2, SHAPE)[8:] / (SHAPE[0] * SHAPE[1])
    # A shell of radius s has π s independent coefficients: 2 to 20 % each; a slope would show in a tenth of the shells.
    tenths = torch.stack([part.mean() for part in power.chunk(10)])
    assert (tenths - 1).abs().max() < 0.06


def test_a_hole_in_the_mask_does_not_change_the_level(generator: torch.Generator) -> None:
    noise, free = coloured(generator), torch.ones(SHAPE)
    free[50:150, 60:200] = 0
    noise = torch.where(free > 0, noise, 50.0)
    known = (0.3 + torch.exp(-20 * torch.linspace(0, 0.5, 131, dtype=torch.float64))) ** 2 * SHAPE[0] * SHAPE[1]
    ratio = (power_spectrum(noise, free) / known)[10:100]
    assert ratio.mean().item() == pytest.approx(1.0, abs=0.1)


def test_a_decoy_has_the_spectrum_and_nothing_else(generator: torch.Generator) -> None:
    noise = coloured(generator)
    power = power_spectrum(noise, torch.ones(SHAPE))
    shape = (200, 180)
    fake = decoy(power, SHAPE, shape, generator)
    # Same power per pixel at the same frequency, whatever the size of the picture.
    per_pixel = power_spectrum(fake, torch.ones(shape)) / (shape[0] * shape[1])
    wanted = np.interp(np.linspace(0, 0.5, 101), np.linspace(0, 0.5, 131), (power / (SHAPE[0] * SHAPE[1])).numpy())
    assert np.abs(per_pixel.numpy()[8:] / wanted[8:] - 1).mean() < 0.08


def test_a_filtered_template_stays_in_the_middle() -> None:
    template = torch.zeros(21, 21)
    template[10, 10] = 1.0
    curve = 1 / (1 + torch.arange(131.0))
    filtered = whiten_template(template, curve, SHAPE)
    assert int(filtered.argmax()) == 10 * 21 + 10
    torch.testing.assert_close(filtered, filtered.flip(0, 1), atol=1e-6, rtol=1e-4)


def test_flattening_takes_away_slow_changes_and_keeps_noise(generator: torch.Generator) -> None:
    y, x = np.mgrid[:240, :261]
    wedge = torch.as_tensor(0.2 * x - 0.1 * y + 2 * np.sin(y / 90), dtype=torch.float32)
    noise = torch.randn(SHAPE, generator=generator)
    image = noise + wedge
    flat = flatten(image - tilted_plane(image), torch.ones(SHAPE))
    blocks = flat[20:220, 20:240].unfold(0, 20, 20).unfold(1, 20, 20).mean((2, 3))
    # Means of 400 pixels of noise are 0.05 wide; the wedge alone would make them 15.
    assert blocks.abs().max() < 0.25
    assert float((flat * noise).mean()) > 0.9


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("what", ["crystal", "carbon", "rough"])
def test_bad_areas_are_found(what: str, generator: torch.Generator) -> None:
    image = torch.randn(300, 320, generator=generator)
    image = irfft2(rfft2(image) * torch.exp(-frequency_squared(image.shape) * 20), image.shape) * 3
    y, x = np.mgrid[:300, :320]
    depth = {"crystal": 75 - np.hypot(x - 200, y - 80), "carbon": 110 - x - 0.4 * y, "rough": 80 - np.hypot(x - 100, y - 150)}
    inward = depth[what]
    truth = inward > 0
    spoiled = torch.where(torch.as_tensor(truth), image * 4 if what == "rough" else image - 8, image) + torch.as_tensor(0.01 * x)
    bad = good_areas(spoiled - tilted_plane(spoiled), ACROSS).numpy() == 0
    assert (bad & truth).sum() > 0.97 * truth.sum()
    # The mark of an edge is blurred over a third of a particle, and a margin of a fifth is added on purpose: 13 pixels.
    assert not bad[inward < -20].any()
    assert iou(bad, inward > -ACROSS * MARGIN) > 0.8


def test_a_clean_field_and_a_field_of_strong_particles_have_none(generator: torch.Generator) -> None:
    image = torch.randn(300, 320, generator=generator)
    assert good_areas(image, ACROSS).min() == 1
    y, x = np.mgrid[:300, :320]
    for a, b in [(60, 60), (150, 80), (250, 230), (100, 220)]:
        image = image + 6 * torch.as_tensor(np.hypot(x - a, y - b) < 12)
    assert good_areas(image, ACROSS).min() == 1
    sloping = image + torch.as_tensor(0.1 * x)
    assert good_areas(sloping - tilted_plane(sloping), ACROSS).min() == 1
