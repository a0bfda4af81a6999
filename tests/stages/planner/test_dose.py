"""Doses at which counts and images tell a particle from ice, against counts and images drawn at random."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.physics.ctf import ctf_grid
from vitreous.physics.potential import phase_per_scattering
from vitreous.stages.planner import ICE, ICE_AS_PRINTED, PROTEIN, PROTEIN_AS_PRINTED, Matter, contrast, dose_to_detect, dose_to_see
from vitreous.stages.planner.phase_contrast import scattering_density

#: Density of protein over that of ice with which the course's formula gives its own 0.0047.
RATIO = 1.144


def test_contrast_as_printed_and_what_it_would_take_to_print_it() -> None:
    printed = {"particle": PROTEIN_AS_PRINTED, "ice": ICE_AS_PRINTED}
    assert contrast(100, 400, 200, **printed) == pytest.approx(0.263 / 4, abs=5e-4), "the course has the other sign, and 0.0047 / 4"
    light = Matter(RATIO * ICE.density, {"C": 1.0}, 12.011)
    assert contrast(1, 1, 200, particle=light, ice=ICE_AS_PRINTED) == pytest.approx(-0.0047, abs=1e-3)


@pytest.mark.parametrize("side", [40.0, 100.0])
def test_counts_alarm_and_miss_as_often_as_planned(side: float) -> None:
    alpha, beta, chance = 0.02, 0.1, np.random.default_rng(3)
    dose = dose_to_detect(side, 300.0, 4.0, 300.0, false_alarm=alpha, miss=beta)
    # the scattering of each column, put together here from its parts
    ice = dose * side**2 * 300.0 * ICE.scattered(300.0) / 4
    particle = dose * side**2 * (side * PROTEIN.scattered(300.0) + (300 - side) * ICE.scattered(300.0)) / 4
    threshold = ice + NormalDist().inv_cdf(1 - alpha) * math.sqrt(ice)
    assert (chance.poisson(ice, 40_000) > threshold).mean() == pytest.approx(alpha, abs=0.004)
    assert (chance.poisson(particle, 40_000) < threshold).mean() == pytest.approx(beta, abs=0.012)


def test_five_sigma_is_twentyfive() -> None:
    quantile = NormalDist().cdf(-2.5)
    assert dose_to_detect(100, 400, 4, 300, false_alarm=quantile, miss=quantile) == pytest.approx(dose_to_detect(100, 400, 4, 300), rel=0.1)


def test_a_larger_particle_in_thinner_ice_needs_less() -> None:
    doses = [dose_to_detect(side, ice, 4, 300) for side, ice in ((50, 500), (100, 500), (100, 200))]
    assert doses == sorted(doses, reverse=True)
    assert doses[0] / doses[1] == pytest.approx(16), "D⁻⁴: the area and the contrast"


def test_a_ball_stands_five_deviations_above_the_noise() -> None:
    """An image of a ball is drawn, noise of the planned dose added, and the ball looked for."""
    volume, optics, defocus, size = 1.2e5, Optics(pixel_size=4.0, voltage=300.0), 15_000.0, 128
    dose = dose_to_see(volume, optics, defocus)
    radius = (0.75 * volume / math.pi) ** (1 / 3)
    line = (torch.arange(size) - size // 2) * 4.0
    chord = 2 * (radius**2 - line[:, None] ** 2 - line**2).clamp_min(0).sqrt()
    phase = phase_per_scattering(300.0) * (scattering_density(PROTEIN) - scattering_density(ICE)) * chord
    transfer = ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), optics, (size, size))
    image = 2 * irfft2(rfft2(phase.double()) * transfer, (size, size))
    noise = torch.randn(200, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / math.sqrt(dose * 16.0)
    score = ((noise + image) * image).sum((1, 2)) / (image.norm() / math.sqrt(dose * 16.0))
    # the plan leaves out what is coarser than four diameters: a little less than there is
    assert float(score.mean()) == pytest.approx(5.0, abs=0.35)
    assert float(((noise * image).sum((1, 2)) / (image.norm() / math.sqrt(dose * 16.0))).std()) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((-5, 400, 4, 300), "diameter must be positive"),
        ((500, 400, 4, 300), "ice thickness must be at least the particle's, 500 Å"),
        ((100, 400, 9, 300), "resolution must be 1 to 5 Å"),
        ((100, 400, 4, -300), "voltage must be positive"),
    ],
)
def test_bad_numbers_are_refused(given: tuple, words: str) -> None:
    with pytest.raises(InputError, match=words):
        dose_to_detect(*given)


def test_bad_chances_and_invisible_particles_are_refused() -> None:
    with pytest.raises(InputError, match="false_alarm must be above 0 and below"):
        dose_to_detect(100, 400, 4, 300, false_alarm=0.7)
    with pytest.raises(InputError, match="cannot be told from ice"):
        dose_to_detect(100, 400, 4, 300, particle=ICE)
    with pytest.raises(InputError, match="scattering density must be other than that of ice"):
        dose_to_see(1e5, Optics(pixel_size=2.0), 15_000.0, particle=ICE)
    with pytest.raises(InputError, match="volume must be positive"):
        dose_to_see(0.0, Optics(pixel_size=2.0), 15_000.0)
