"""Tilted specimens: the plane that was put in comes out, and level ones stay level."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.ctf import phase
from vitreous.stages.defocus import CtfParams, estimate_ctf, slope_of
from vitreous.stages.defocus.levelled import stretch
from vitreous.stages.defocus.tilt import Heights, described, fit_tilt, known_tilt

OPTICS = Optics(pixel_size=2.0)
FIT = CtfParams(tilt="fit")


def test_a_planted_plane_is_found_with_its_axis_and_sign(tilted) -> None:
    """35° about 40°: within 3° and 5°, and the defocus of the middle within 50 Å, which a level fit misses."""
    image = tilted(1024, 2.0, 17_000.0, 35.0, 40.0, 1)
    fit = estimate_ctf(image, OPTICS, FIT)
    assert not fit.level
    assert fit.tilt.chance < 1e-9
    assert fit.tilt.angle_deg == pytest.approx(35.0, abs=3.0)
    assert (fit.tilt.axis_deg - 40.0 + 180) % 360 - 180 == pytest.approx(0.0, abs=5.0)
    np.testing.assert_allclose(fit.slope, slope_of(35.0, 40.0), atol=4 * max(fit.tilt.slope_sigma))
    assert fit.defocus.mean == pytest.approx(17_000.0, abs=50.0)
    known = estimate_ctf(image, OPTICS, CtfParams(tilt="known", slope=slope_of(35.0, 40.0)))
    assert known.slope == pytest.approx(slope_of(35.0, 40.0))
    assert known.defocus.mean == pytest.approx(17_000.0, abs=50.0)
    assert known.tilt.opposite < -100  # odds of e^100, of some 1000 tile rings
    assert fit.tilt.opposite == 0
    assert "tilt" not in [flag.name for flag in (*known.flags, *fit.flags)]
    level = estimate_ctf(image, OPTICS)
    assert level.slope == (0.0, 0.0)
    assert min(fit.resolution, known.resolution) < level.resolution


def test_a_tilt_told_the_wrong_way_round_is_flagged_with_the_right_axis(tilted) -> None:
    fit = estimate_ctf(tilted(1024, 2.0, 17_000.0, 30.0, 270.0, 4), OPTICS, CtfParams(tilt="known", slope=slope_of(30.0, 90.0)))
    (flag,) = (flag for flag in fit.flags if flag.name == "tilt")
    assert "Try: --tilt-angle 30 --tilt-axis 270, not 90" in flag.reason
    assert fit.tilt.axis_deg == pytest.approx(90.0)  # what was told is kept


@pytest.mark.long
def test_neither_way_of_a_tilt_that_is_not_there_is_preferred(micrograph) -> None:
    """Seed 0: the opposite plane happens to be likelier than this by e^12, a level one than both."""
    fit = estimate_ctf(micrograph(900, 2.0, 15_200, 14_900, 30.0, 0), OPTICS, CtfParams(tilt="known", slope=slope_of(30.0, 90.0)))
    assert fit.tilt.opposite < 0
    assert "tilt" not in [flag.name for flag in fit.flags]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_level_film_has_no_significant_tilt(micrograph, seed: int) -> None:
    """The negative control; the limit lets one in a thousand through."""
    fit = estimate_ctf(micrograph(900, 2.0, 15_200, 14_900, 30.0, seed), OPTICS, FIT)
    assert fit.level
    assert fit.slope == (0.0, 0.0)
    assert fit.tilt.chance > 1e-3
    assert abs(fit.tilt.slope[0]) < 4 * fit.tilt.slope_sigma[0]


@pytest.mark.long
def test_slopes_of_noise_alone_are_as_wide_as_stated() -> None:
    """Rings planted at δ = 0 in 49 tiles, 60 draws: slopes scatter as their sigmas say (± 9 % is one standard error)."""
    rng = torch.Generator().manual_seed(0)
    axis = torch.arange(-3.0, 3.1, dtype=torch.float64) * 250
    place = torch.cartesian_prod(axis, axis)
    turn = torch.linspace(5e-4, 8e-3, 120, dtype=torch.float64)
    noise = 1.0
    found, sigma = [], []
    for _ in range(60):
        white = torch.randn(2, len(place), len(turn), generator=rng, dtype=torch.float64) * noise / math.sqrt(2)
        # L = −Re C e^{iτδ}: score Im(C) τ, whose variance ½ Σ (noise τ)² must be the information, the rings' curvature Σ a τ²
        rings = torch.complex(white[0] - 0.5 * noise**2, white[1])
        information = torch.full((len(place),), float(0.5 * noise**2 * (turn**2).sum()), dtype=torch.float64)
        tilt = fit_tilt(Heights(rings, turn, information, torch.ones(len(place), dtype=torch.float64), place))
        found.append(tilt.slope)
        sigma.append(tilt.slope_sigma)
    scatter = np.std(found, axis=0) / np.mean(sigma, axis=0)
    np.testing.assert_allclose(scatter, 1.0, atol=0.3)


def test_stretched_rings_have_the_phase_of_the_middle() -> None:
    """χ(z + δ, ρk) = χ(z, k), by the CTF of physics."""
    k = torch.linspace(0.02, 0.3, 50, dtype=torch.float64)
    factor = stretch(k**2, torch.full_like(k, 15_000.0), 900.0, Optics(pixel_size=1.0))
    here, there = (phase(torch.tensor([z, z, 0.0, 0.0], dtype=torch.float64), Optics(pixel_size=1.0), x, torch.zeros_like(x))
                   for z, x in ((15_000.0, k), (15_900.0, k * factor)))  # fmt: skip
    torch.testing.assert_close(there, here, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("slope", "angle", "axis"), [
    ((0.0, 1.0), 45.0, 0.0), ((-1.0, 0.0), 45.0, 90.0), ((0.57735, 0.0), 30.0, 270.0)])  # fmt: skip
def test_defocus_grows_to_the_left_of_the_axis(slope: tuple[float, float], angle: float, axis: float) -> None:
    told = known_tilt(slope)
    assert (told.angle_deg, told.axis_deg) == pytest.approx((angle, axis), abs=1e-3)
    assert slope_of(angle, axis) == pytest.approx(slope, abs=1e-5)


def test_errors_of_tilt_and_axis_follow_from_those_of_the_slopes() -> None:
    """Along a slope of 1, σθ = σ/(1 + 1); across it σφ = σ/1: 0.02 and 0.04 are 0.573° and 2.292°."""
    tilt = described(torch.tensor([0.0, 1.0, 0.0]).double(), torch.diag(torch.tensor([1.0, 0.02**2, 0.04**2]).double()))
    assert (tilt.angle_sigma, tilt.axis_sigma) == pytest.approx((0.573, 2.292), abs=1e-3)
    assert tilt.chance == pytest.approx(math.exp(-0.5 * 50**2 * 0.5), abs=1e-12)


@pytest.mark.parametrize("change", [{"tilt": "perhaps"}, {"slope": (3.0, 0.0)}])
def test_tilts_that_cannot_be(change: dict) -> None:
    with pytest.raises(InputError, match=f"{next(iter(change))} must be"):
        CtfParams(**change)
