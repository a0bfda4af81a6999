from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import apply, raised_cosine, soft_disc
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import shell_average, shell_correlation, spread
from vitreous.reconstruct.random_phases import randomise_phases
from vitreous.stages.postprocess import fsc_curves, resolution
from vitreous.stages.postprocess.fsc import MARGIN, FscCurves
from vitreous.stages.postprocess.resolution import first_crossing, plain_resolution

BALL = soft_disc((64,) * 3, 18, 6)


def test_a_map_agrees_with_itself_and_radial_filters_change_nothing(halves) -> None:
    a, b = (half.values.double() for half in halves())
    shape = tuple(a.shape)
    assert torch.allclose(shell_correlation(rfftn(a), rfftn(a), shape), torch.ones(33, dtype=torch.float64), atol=1e-12)
    # One gain for each shell, so that it is constant within.
    shells = torch.exp(-torch.arange(33, dtype=torch.float64) / 8)
    plain = shell_correlation(rfftn(a), rfftn(b), shape)
    filtered = shell_correlation(rfftn(a) * spread(shells, shape), rfftn(b), shape)
    assert torch.allclose(plain, filtered, atol=1e-12)


def test_expectation_is_snr_over_one_plus_snr(generator: torch.Generator) -> None:
    signal = torch.randn(48, 48, 48, generator=generator)
    a, b = (Volume(signal + 2 * torch.randn(signal.shape, generator=generator), 1.0) for _ in range(2))
    curves = fsc_curves(a, b, torch.ones(48, 48, 48), generator)
    assert float(curves.unmasked[12:].mean()) == pytest.approx(0.2, abs=0.02)
    assert torch.equal(curves.unmasked, curves.masked)


def test_randomised_phases_keep_amplitudes_and_the_low_shells(halves, generator: torch.Generator) -> None:
    values = halves()[0].values
    other = randomise_phases(values, 10, generator)
    before, after = rfftn(values), rfftn(other)
    agreement = shell_correlation(before, after, tuple(values.shape))
    power = shell_average(after.abs() ** 2, values.shape) / shell_average(before.abs() ** 2, values.shape)
    assert torch.allclose(agreement[:10], torch.ones(10, dtype=torch.float64), atol=1e-4)
    assert float(agreement[10:].abs().max()) < 0.15
    # The coefficients that are their own mates must be real, so a random phase keeps their sign or turns it only.
    assert torch.allclose(power, torch.ones_like(power), atol=2e-3)


def test_a_tight_mask_inflates_and_the_correction_restores(generator: torch.Generator) -> None:
    """Halves that agree to 24 Å only, under a mask that follows thin threads: the masked curve does not fall, the corrected does."""
    signal = torch.randn(64, 64, 64, generator=generator)
    gain = raised_cosine(frequency_squared(signal.shape, 3.0, like=signal).sqrt(), 1 / 24.0, 1 / 200.0)
    signal = 8 * apply(signal, gain, axes=3)
    a, b = (Volume(signal + 0.3 * torch.randn(signal.shape, generator=generator), 3.0) for _ in range(2))
    tight = (signal > signal.quantile(0.9)).float()
    curves = fsc_curves(a, b, tight, generator)
    beyond = slice(14, 30)
    assert float(curves.unmasked[beyond].mean()) < 0.05
    assert float(curves.masked[beyond].mean()) > 0.25
    assert float(curves.corrected[beyond].mean().abs()) < 0.05
    assert float(curves.phase_randomised[beyond].mean()) > 0.1


@pytest.mark.costly
def test_ninety_five_of_a_hundred_intervals_hold_the_expectation(halves, generator: torch.Generator) -> None:
    many = [fsc_curves(*halves(), BALL, generator, repeats=2) for _ in range(24)]
    corrected, low, high = (torch.stack([getattr(c, name) for c in many]) for name in ("corrected", "low", "high"))
    expected = corrected.mean(0)
    held = ((low < expected) & (expected < high))[:, 3:].double().mean()
    # 24 repeats of some 30 shells, neighbours correlated: a standard error near 1.2 %.
    assert 0.91 < float(held) < 0.985
    scatter = corrected.std(0)[4:] / ((high - low).mean(0)[4:] / 3.92)
    assert float(scatter.mean()) == pytest.approx(1.0, abs=0.12)


@pytest.mark.costly
def test_the_resolution_is_that_of_the_mean_curve_within_its_interval(halves, generator: torch.Generator) -> None:
    many = [fsc_curves(*halves(), BALL, generator, repeats=1) for _ in range(16)]
    mean = torch.stack([c.corrected for c in many]).mean(0)
    for level in (GOLD_STANDARD, 0.5):
        truth = 1 / (first_crossing(mean, level) * many[0].spacing)
        found = [resolution(c, level) for c in many]
        assert sum(r.finer <= truth <= r.coarser for r in found) >= 13
        assert all(r.finer <= r.value <= r.coarser for r in found)


def curves_of(values: list[float], samples: float = 1e4) -> FscCurves:
    curve = torch.tensor(values, dtype=torch.float64)
    many = torch.full_like(curve, samples)
    return FscCurves(k=torch.arange(len(values), dtype=torch.float64) / 100, unmasked=curve, masked=curve, phase_randomised=curve,
                     corrected=curve, low=curve - 0.1, high=curve + 0.1, samples=many, unmasked_samples=many,
                     randomised_from=len(values) - MARGIN)  # fmt: skip


def test_crossings_are_linear_between_shells() -> None:
    found = resolution(curves_of([1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.0]), 0.5)
    assert (found.value, found.finer, found.coarser) == pytest.approx((100 / 3.5, 100 / 4.0, 100 / 3.0))
    assert not found.at_limit


def test_a_curve_that_never_falls_ends_at_the_limit() -> None:
    found = resolution(curves_of([1.0, 1.0, 0.9, 0.9, 0.9]), 0.5)
    assert found.at_limit
    assert found.value == found.finer == found.coarser == pytest.approx(25.0)


def test_the_first_crossing_counts() -> None:
    assert resolution(curves_of([1.0, 0.9, 0.1, 0.9, 0.9]), 0.5).value == pytest.approx(100 / 1.5)


def test_what_noise_could_do_is_no_resolution() -> None:
    lucky = curves_of([1.0, 0.5, 0.3, 0.1, 0.0], samples=20.0)
    assert resolution(lucky, GOLD_STANDARD) is None
    assert plain_resolution(lucky.unmasked, lucky.unmasked_samples, 0.01, GOLD_STANDARD) is None
    assert resolution(replace(lucky, unmasked_samples=torch.full((5,), 500.0)), GOLD_STANDARD) is not None


def test_bad_half_maps_are_refused(halves, generator: torch.Generator) -> None:
    a, b = halves()
    with pytest.raises(InputError, match="same map twice"):
        fsc_curves(a, Volume(-2 * a.values, 3.0), BALL, generator)
    with pytest.raises(InputError, match="half2 must be of the shape"):
        fsc_curves(a, Volume(b.values[:32, :32, :32], 3.0), BALL, generator)
    with pytest.raises(InputError, match=r"voxel size of half1, 3 Å; got 3\.1 Å"):
        fsc_curves(a, Volume(b.values, 3.1), BALL, generator)
    with pytest.raises(InputError, match="cubes"):
        fsc_curves(Volume(a.values[:32], 3.0), Volume(b.values[:32], 3.0), BALL, generator)
    broken = b.values.clone()
    broken[1, 2, 3] = torch.nan
    with pytest.raises(InputError, match="half2 must be finite everywhere; got '1 voxels"):
        fsc_curves(a, Volume(broken, 3.0), BALL, generator)
    with pytest.raises(InputError, match="contrast"):
        fsc_curves(a, Volume(torch.ones(64, 64, 64), 3.0), BALL, generator)


def test_bad_masks_are_refused(halves, generator: torch.Generator) -> None:
    a, b = halves()
    with pytest.raises(InputError, match=r"nothing above 0\.5"):
        fsc_curves(a, b, torch.zeros(64, 64, 64), generator)
    with pytest.raises(InputError, match="between 0"):
        fsc_curves(a, b, 3 * BALL, generator)
    with pytest.raises(InputError, match="finite"):
        fsc_curves(a, b, BALL / 0, generator)
