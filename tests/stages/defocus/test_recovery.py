"""What was put in comes out: defocus, angle, and intervals that are honest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.stages.defocus import CtfFit, CtfParams, estimate_ctf

PIXELS = ((0.83, 3072), (1.06, 2560), (1.5, 2000), (2.5, 1280), (3.0, 1080), (4.0, 850))  # fields of 2550 to 3400 Å


def draw(micrograph, seed: int, pixel: float, size: int, lowest: float = 6_000.0) -> tuple[CtfFit, dict[str, float]]:
    """A micrograph with drawn defocus, astigmatism, dose and damping, its fit, and the errors with their sigmas."""
    rng = np.random.default_rng(seed)
    mean, astigmatism, angle = rng.uniform(lowest, 30_000), rng.uniform(0, 800), rng.uniform(0, 180)
    image = micrograph(size, pixel, mean + astigmatism / 2, mean - astigmatism / 2, angle, seed, dose=rng.uniform(20, 50),
                       b=rng.uniform(20, 100), particles=120.0 * (seed % 2))  # fmt: skip
    fit = estimate_ctf(image, Optics(pixel_size=pixel))
    turned = (fit.defocus.angle_deg - angle + 90) % 180 - 90
    errors = {"u": fit.defocus.u - mean - astigmatism / 2, "v": fit.defocus.v - mean + astigmatism / 2,
              "mean": fit.defocus.mean - mean, "angle": turned if astigmatism > 200 else 0.0}  # fmt: skip
    return fit, errors


@pytest.mark.parametrize(("pixel", "size"), PIXELS)
def test_one_micrograph_of_each_pixel_size(micrograph, pixel: float, size: int) -> None:
    """Within 4 standard deviations and 100 Å (the 95 % claim needs many: see the long test), and no flag."""
    lowest = 6_000.0 if pixel < 3 else 10_000.0
    fit, error = draw(micrograph, 40 + round(pixel * 10), pixel, size, lowest)
    assert fit.flags == ()
    assert abs(error["mean"]) < min(100.0, 4 * fit.uncertainty.mean)
    assert abs(error["u"]) < 4 * fit.uncertainty.u
    assert abs(error["v"]) < 4 * fit.uncertainty.v
    assert abs(error["angle"]) < 4 * fit.uncertainty.angle_deg
    assert fit.score > 0.9


@pytest.mark.long
def test_claims_over_120_micrographs(micrograph) -> None:
    """Mean defocus within 50 Å for 95 %, 95 % intervals that hold 90-99 %, angle within 3° for most above 200 Å."""
    rows = [draw(micrograph, 1000 + i, *PIXELS[i % len(PIXELS)], 6_000.0 if PIXELS[i % len(PIXELS)][0] < 3 else 10_000.0)
            for i in range(120)]  # fmt: skip
    mean = np.array([e["mean"] for _, e in rows])
    assert (np.abs(mean) < 50).mean() >= 0.95
    for name in ("u", "v", "mean"):
        inside = np.mean([abs(e[name]) < 1.96 * getattr(f.uncertainty, name) for f, e in rows])
        assert 0.90 <= inside <= 1.0, (name, inside)
    angle = np.array([e["angle"] for _, e in rows])
    assert (np.abs(angle[angle != 0]) < 3).mean() >= 0.75
    assert np.mean([abs(e["angle"]) < 1.96 * f.uncertainty.angle_deg for f, e in rows]) >= 0.90
    assert all(fit.flags == () for fit, _ in rows)


@pytest.mark.long
def test_strong_particles_at_low_resolution_do_not_move_the_defocus(micrograph) -> None:
    """The same noise with and without spheres of 120 Å, whose form factor has rings of its own."""
    images = [micrograph(1400, 1.5, 20_300, 19_700, 60.0, 8, particles=p) for p in (0.0, 120.0)]
    fits = [estimate_ctf(image, Optics(pixel_size=1.5)) for image in images]
    shift = abs(fits[0].defocus.mean - fits[1].defocus.mean)
    assert shift < 2 * fits[0].uncertainty.mean


@pytest.mark.parametrize(("u", "v", "plate", "kv", "cs"), [
    (9_000.0, 8_600.0, 90.0, 300.0, 2.7), (15_000.0, 14_500.0, 0.0, 200.0, 2.0),
    (15_000.0, 14_500.0, 0.0, 300.0, 0.0)])  # fmt: skip
def test_other_microscopes(micrograph, u: float, v: float, plate: float, kv: float, cs: float) -> None:
    image = micrograph(1200, 1.5, u, v, 100.0, 5, plate=plate, kv=kv, cs=cs)
    optics = Optics(pixel_size=1.5, voltage=kv, spherical_aberration=cs)
    fit = estimate_ctf(image, optics, CtfParams(phase_shift_deg=plate))
    assert fit.defocus.phase_shift_deg == plate
    assert abs(fit.defocus.mean - (u + v) / 2) < 4 * fit.uncertainty.mean
    assert fit.flags == ()


def test_the_wrong_voltage_gives_a_defocus_wrong_by_the_ratio_of_wavelengths(micrograph) -> None:
    """λ z is what rings tell: 300 kV taken for 200 kV shrinks z by 0.785. A check that the optics are used at all."""
    image = micrograph(1200, 1.5, 20_000, 19_600, 100.0, 5, cs=0.0)
    fit = estimate_ctf(image, Optics(pixel_size=1.5, voltage=200.0, spherical_aberration=0.0))
    assert fit.defocus.mean == pytest.approx(19_800 * 0.0196875 / 0.0250793, rel=0.005)


def test_scale_offset_transposition_and_hot_pixels(micrograph) -> None:
    image = micrograph(1200, 1.5, 16_000, 15_200, 30.0, 6)
    optics = Optics(pixel_size=1.5)
    plain, scaled = estimate_ctf(image, optics), estimate_ctf(-3.0 * image + 1e4, optics)
    assert scaled.defocus.u == pytest.approx(plain.defocus.u, abs=1.0)
    turned = estimate_ctf(np.ascontiguousarray(image.T), optics)
    assert turned.defocus.mean == pytest.approx(plain.defocus.mean, abs=1.0)
    assert (turned.defocus.angle_deg + plain.defocus.angle_deg) % 180 == pytest.approx(90.0, abs=0.1)
    spoilt = image.copy()
    spoilt[100, 100], spoilt[:, 700] = 1e6, 0.0
    assert abs(estimate_ctf(spoilt, optics).defocus.mean - plain.defocus.mean) < 2 * plain.uncertainty.mean


@pytest.mark.long
def test_resolution_of_the_fit_worsens_with_damping(micrograph) -> None:
    optics = Optics(pixel_size=1.5)
    found = [estimate_ctf(micrograph(1200, 1.5, 15_000, 14_800, 0.0, 2, b=b), optics).resolution for b in (20.0, 200.0, 600.0)]
    assert found[0] < found[1] < found[2]
    assert math.isfinite(found[2])
