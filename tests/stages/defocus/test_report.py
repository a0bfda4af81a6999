"""What is told besides the defocus: a second method, the envelope, ice, and how far each can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.stages.defocus import CtfFit, estimate_ctf
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.reduced import reduced
from vitreous.stages.defocus.search import Candidate
from vitreous.stages.defocus.second_opinion import second_opinion
from vitreous.stages.defocus.spectrum import checked_image, power_spectrum

OPTICS = Optics(pixel_size=1.5)


@pytest.fixture(scope="module")
def fit(micrograph) -> CtfFit:
    return estimate_ctf(micrograph(1400, 1.5, 15_300, 14_700, 40.0, 3, b=60.0), OPTICS)


def test_two_methods_agree_far_beyond_the_rings(fit: CtfFit) -> None:
    assert fit.second.worst_agreement >= fit.second.agreement
    assert fit.second.worst_agreement < 0.7 * fit.resolution
    assert abs(fit.second.defocus.mean - 15_000) < 60


def test_a_fit_that_was_misled_is_seen_by_the_second_method(micrograph) -> None:
    """The fit told a defocus 700 Å off: 90° are reached at √(2 λ 700) = 5.25 Å, before the rings end."""
    image = checked_image(micrograph(1400, 1.5, 15_300, 14_700, 40.0, 3), 1.5)
    bins = Bins.of(power_spectrum(image, 1.5, tile=1000.0, finest=3.2)).between(0.055, 0.25)
    start = Candidate(15_050.0, 100.0, 250.0, 50.0)
    told = second_opinion(bins, OPTICS, start, Defocus(u=16_000, v=15_400, angle_deg=40.0), fit_shift=False)
    assert told.agreement == pytest.approx(5.25, abs=0.25)


def test_the_envelope_is_the_one_put_in(micrograph) -> None:
    """B of 40 and 140 Å² differ by 100 within 4 standard deviations: the film's own fall-off is in both."""
    low, high = (estimate_ctf(micrograph(1400, 1.5, 15_300, 14_700, 40.0, 3, b=b), OPTICS).fading for b in (40.0, 140.0))
    assert abs(high.b_factor - low.b_factor - 100) < 4 * np.hypot(low.sigma, high.sigma)
    assert 0 < low.sigma < 15


def test_ice_is_told_ring_by_ring(fit: CtfFit, micrograph) -> None:
    """A ring planted at 3.67 Å shows there; as its width is not quite that of the model, a third of it may lean on its neighbours."""
    assert [ring.spacing for ring in fit.ice] == [3.90, 3.67, 3.44]
    assert all(abs(ring.excess) < 5 * ring.sigma for ring in fit.ice)
    iced = estimate_ctf(micrograph(1400, 1.5, 15_300, 14_700, 40.0, 3, ice=3.0), OPTICS)
    excess = {ring.spacing: ring.excess / ring.sigma for ring in iced.ice}
    assert excess[3.67] > 20
    assert max(abs(excess[3.90]), abs(excess[3.44])) < 0.4 * excess[3.67]


def test_the_resolution_has_an_interval_about_it(fit: CtfFit) -> None:
    finer, coarser = fit.resolution_interval
    assert finer <= fit.resolution <= coarser
    curve = fit.curves
    assert (curve.correlation_low <= curve.correlation + 1e-9).all()
    assert (curve.correlation_high >= np.minimum(curve.correlation, 0.999) - 1e-9).all()


def test_fewer_pixels_keep_the_spectrum_within_the_range() -> None:
    """The sum of two waves below the new Nyquist frequency, and white noise: the same power on fewer pixels."""
    image = torch.randn(700, 820, generator=torch.Generator().manual_seed(1))
    small, pixel = reduced(image, 0.7, 3.2)
    assert pixel == pytest.approx(0.7 * 9 / 4)
    assert small.shape == (311, 364)
    before, after = (power_spectrum(x, p, tile=300.0, finest=3.5).values for x, p in ((image, 0.7), (small, pixel)))
    assert float(after[:, 3:].mean()) == pytest.approx(float(before[:, 3:].mean()), rel=0.02)
    same, size = reduced(image, 1.6, 3.4)
    assert same is image
    assert size == 1.6


def spoilt(image: np.ndarray, how: str) -> np.ndarray:
    """A half saturated, a shadow over a third, a gradient of twice the mean."""
    image = image.copy()
    if how == "saturated":
        image[:, : image.shape[1] // 3] = image.max()
    elif how == "shadow":
        image[: image.shape[0] // 3] *= 0.02
    else:
        image *= np.linspace(0.1, 2.0, image.shape[1])
    return image


@pytest.mark.parametrize("how", ["saturated", "shadow", "gradient"])
def test_spoilt_parts_do_not_move_the_defocus(micrograph, how: str) -> None:
    """Within 4 standard deviations of the truth, of its own stated errors, and 150 Å."""
    image = spoilt(micrograph(1400, 1.5, 15_300, 14_700, 40.0, 3), how)
    fit = estimate_ctf(image, OPTICS)
    assert abs(fit.defocus.mean - 15_000) < min(150.0, 4 * fit.uncertainty.mean)


def test_a_pixel_size_twice_too_large_makes_the_defocus_four_times_as_large(micrograph) -> None:
    """Rings alone cannot tell: only λ z k² shows where Cs is small. Stated in the page, and so held."""
    image = micrograph(1400, 1.5, 10_000, 9_800, 40.0, 3, cs=0.01)
    told = estimate_ctf(image, replace(OPTICS, pixel_size=3.0, spherical_aberration=0.01)).defocus
    assert told.mean == pytest.approx(4 * 9_900, rel=0.01)


def test_overfocus_is_taken_for_underfocus_of_the_same_size(micrograph) -> None:
    """−z: −cos 2χ is even in χ but for asin Q and Cs, so the rings of overfocus give z within 2 %."""
    told = estimate_ctf(micrograph(1400, 1.5, -15_000, -15_000, 0.0, 3, cs=0.01), replace(OPTICS, spherical_aberration=0.01))
    assert told.defocus.mean == pytest.approx(15_000, rel=0.02)
