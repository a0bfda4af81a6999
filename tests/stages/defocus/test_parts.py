"""The parts: spectrum statistics, splines, search, elliptical averages, pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.data.optics import Optics
from vitreous.stages.defocus import estimate_ctf
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.curves import CtfCurves, equivalent_k, fit_resolution, local_correlation, ring_period
from vitreous.stages.defocus.likelihood import Likelihood, Prior, Smooth, chi
from vitreous.stages.defocus.spectrum import checked_image, power_spectrum
from vitreous.stages.defocus.splines import roughness, spline_basis, spline_count

OPTICS = Optics(pixel_size=1.5)


def noise(shape: tuple[int, int], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=8)
@given(height=st.integers(400, 701), width=st.integers(400, 701))
def test_white_noise_of_variance_one_has_power_one_whatever_the_size(height: int, width: int) -> None:
    """Mean within 6 standard errors: bins × information independent values."""
    spectrum = power_spectrum(checked_image(noise((height, width)), 1.5), 1.5, tile=400.0, finest=3.5)
    values = spectrum.values[:, 3:]
    assert abs(float(values.mean()) - 1) < 6 / math.sqrt(values.numel() * spectrum.information)
    assert spectrum.values.shape == (len(spectrum.ky), len(spectrum.kx))
    assert spectrum.tiles_kept == 1.0


def test_stated_averages_and_information_are_those_of_noise() -> None:
    """Var P = 1/averages, and Var of the mean over many bins = 1/(bins × information), over 60 draws (10 % and 25 %)."""
    spectra = [power_spectrum(checked_image(noise((700, 600), i), 1.5), 1.5, tile=400.0, finest=3.5) for i in range(60)]
    values = torch.stack([s.values[:, 3:] for s in spectra])
    assert float(values.var(0).mean()) * spectra[0].averages == pytest.approx(1.0, rel=0.1)
    patches = values[:, 20:80, 20:80].double().mean((1, 2))
    assert float(patches.var()) * 3600 * spectra[0].information == pytest.approx(1.0, abs=0.6)  # 60 draws: ± 18 %, edges


def test_a_wave_shows_at_its_frequency_and_direction() -> None:
    """cos(2π(kx x + ky y)) with kx = 30, ky = 45 bins of a 256-pixel tile."""
    y, x = np.mgrid[:512, :512]
    spectrum = power_spectrum(checked_image(np.cos(2 * np.pi * (30 * x + 45 * y) / 256), 1.5), 1.5, tile=384.0, finest=3.5)
    row, column = divmod(int(spectrum.values.argmax()), spectrum.values.shape[1])
    assert float(spectrum.kx[column]) == pytest.approx(30 / 256 / 1.5)
    assert float(spectrum.ky[row]) == pytest.approx(45 / 256 / 1.5)


def test_tiles_of_another_brightness_are_left_out() -> None:
    image = noise((1200, 1200))
    image[:300, :400] *= 8
    spectrum = power_spectrum(checked_image(image, 1.5), 1.5, tile=400.0, finest=3.5)
    assert 0.6 < spectrum.tiles_kept < 0.95


@settings(deadline=None, max_examples=20)
@given(count=st.integers(5, 12), least=st.floats(0.01, 0.1), width=st.floats(0.05, 0.4))
def test_splines_sum_to_one_and_hold_straight_lines(count: int, least: float, width: float) -> None:
    x = torch.linspace(least, least + width, 50, dtype=torch.float64)
    basis = spline_basis(x, least, least + width, count)
    torch.testing.assert_close(basis.sum(0), torch.ones(50, dtype=torch.float64), rtol=0, atol=1e-12)
    line = torch.arange(count, dtype=torch.float64) @ basis
    torch.testing.assert_close(line.diff(), line.diff().mean().expand(49), rtol=0, atol=1e-9)
    assert float(torch.arange(count).double() @ roughness(count) @ torch.arange(count).double()) == pytest.approx(0, abs=1e-9)
    assert spline_count(0.0, 0.01, 0.04) == 5


def bins_of(size: int = 500) -> Bins:
    return Bins.of(power_spectrum(checked_image(noise((size, size)), 1.5), 1.5, tile=400.0, finest=4.0)).between(0.04, 0.25)


def test_gradient_of_the_likelihood_is_that_of_the_objective() -> None:
    """Finite differences in every parameter, the phase shift among them."""
    bins = bins_of()
    prior = Prior(15_000.0, 200.0, 100.0, 1_500.0, 1_000.0, 30.0, 60.0)
    model = Likelihood(bins, OPTICS, Smooth.of(bins, 0.04, 0.25), prior)
    rng = torch.Generator().manual_seed(1)
    values = model.start()
    values[4:] += 0.3 * torch.randn(len(values) - 4, generator=rng, dtype=torch.float64)
    gradient = model.gradient(values)
    for i in range(len(values)):
        h = 0.05 if i < 3 else 1e-4
        shift = torch.zeros_like(values)
        shift[i] = h
        slope = (model.objective(values + shift) - model.objective(values - shift)) / (2 * h)
        # central differences: relative error h² times the third derivative, and rounding of an objective of 1e4 over h
        assert float(gradient[i]) == pytest.approx(-slope, rel=1e-3, abs=1e-3 * float(gradient.abs().median()) + 1e-5), i


@settings(deadline=None, max_examples=15)
@given(mean=st.floats(5_000, 40_000), half_cos=st.floats(-800, 800), half_sin=st.floats(-800, 800), cs=st.floats(0, 3))
def test_equivalent_k_has_the_phase_of_the_bin(mean: float, half_cos: float, half_sin: float, cs: float) -> None:
    bins, optics = bins_of(400), Optics(pixel_size=1.5, spherical_aberration=cs)
    waves = torch.tensor([mean, half_cos, half_sin], dtype=torch.float64)
    k = equivalent_k(waves, optics, bins)
    flat = Bins(bins.power, k, torch.stack([k**2, 0 * k, 0 * k]), bins.index, bins.step, bins.averages, bins.information)
    round_waves = torch.tensor([mean, 0.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(chi(round_waves, optics, flat, 0.0), chi(waves, optics, bins, 0.0), rtol=0, atol=1e-7)


def test_ring_period_is_the_distance_of_phases_that_differ_by_pi() -> None:
    k = torch.tensor([0.1, 0.2], dtype=torch.float64)
    period = ring_period(k, 20_000.0, Optics(pixel_size=1.5, spherical_aberration=0.0))
    assert torch.allclose(period, 1 / (2 * 0.0196875 * 20_000 * k), rtol=1e-5)


def test_local_correlation_sees_where_two_curves_part() -> None:
    x = torch.arange(200, dtype=torch.float64)
    a, b = torch.sin(0.6 * x), torch.sin(0.6 * x)
    b[100:] = -b[100:]
    found = local_correlation(a, b, torch.ones(200, dtype=torch.float64), torch.full((200,), 8.0))
    assert (found[:90] > 0.999).all()
    assert (found[110:] < -0.999).all()


def test_fit_resolution_is_the_first_shell_below_one_half_after_the_first_ring() -> None:
    k = np.linspace(0.05, 0.25, 201)
    correlation = np.where(k < 0.06, 0.1, np.where(k < 0.1505, 0.9, 0.2))
    zero = np.zeros(201)
    low, high = correlation - 0.2 * (k > 0.1205), correlation + 0.35 * (k < 0.1805)
    low[k > 0.1205] -= 0.3
    curve = CtfCurves(k=k, power=zero, fit=zero, background=zero, rings=zero, rings_fit=zero, correlation=correlation,
                      correlation_low=low, correlation_high=high)  # fmt: skip
    assert fit_resolution(curve, 0.07) == pytest.approx((1 / 0.151, 1 / 0.181, 1 / 0.121))
    assert fit_resolution(curve, 0.05)[0] == pytest.approx(1 / 0.05)


def test_curves_and_picture_agree_with_the_fit(micrograph) -> None:
    fit = estimate_ctf(micrograph(1200, 1.5, 16_000, 15_200, 30.0, 6), OPTICS)
    curve = fit.curves
    assert len({len(column) for column in vars(curve).values()}) == 1
    assert (np.diff(curve.k) > 0).all()
    assert (curve.fit >= curve.background).all()
    assert np.corrcoef(curve.power, curve.fit)[0, 1] > 0.95
    picture = fit.picture
    overlay = picture.overlay()
    side = 2 * picture.model.shape[1] - 1
    assert overlay.shape == (side, side)
    assert overlay.dtype == np.float32
    mates = slice(1, None)
    np.testing.assert_array_equal(overlay[:, side // 2 :], picture.model)
    np.testing.assert_array_equal(overlay[::-1, side // 2 - 1 :: -1], picture.measured[:, mates])
    k = np.hypot(*np.meshgrid(np.linspace(-1, 1, side), np.linspace(0, 1, side // 2 + 1), indexing="ij")) * picture.k_most
    seen = (k > 0.06) & (k < 0.12)
    seen[:, :3] = False
    assert np.corrcoef(picture.measured[seen], picture.model[seen])[0, 1] > 0.3  # single bins: noise of 1/√averages
