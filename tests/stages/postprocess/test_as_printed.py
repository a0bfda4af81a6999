"""Printed formulas beside the right ones: noise decides."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics.shells import shell_count
from vitreous.stages.postprocess import as_printed
from vitreous.stages.postprocess.phase_residual import (
    CUSTOMARY,
    dpr_noise_level,
    dpr_variance,
    expected_dpr,
    phase_difference_density,
    phase_residual,
    snr_at,
)
from vitreous.stages.postprocess.ssnr import degrees_of_freedom, fsc_of_halves, fsc_of_whole, fsc_ref, spectral_snr, ssnr_of_whole


def gaussian(*shape: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex128, generator=generator)


def pairs_of(correlation: float, trials: int, pairs: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    common = math.sqrt(correlation) * gaussian(trials, pairs, generator=generator)
    one, two = (common + math.sqrt(1 - correlation) * gaussian(trials, pairs, generator=generator) for _ in range(2))
    return one, two


def residuals(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    weight = one.abs() + two.abs()
    return ((weight * torch.angle(one * two.conj()) ** 2).sum(-1) / weight.sum(-1)).sqrt()


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_moments_of_the_phase_residual(correlation: float, generator: torch.Generator) -> None:
    found = residuals(*pairs_of(correlation, 1200, 200, generator))
    assert float(found.mean()) == pytest.approx(expected_dpr(correlation), rel=0.01)
    # 1200 trials: 4 % of standard error of a variance.
    assert float(found.var() / dpr_variance(correlation, torch.tensor(200.0))) == pytest.approx(1.0, abs=0.16)


def test_variance_of_the_phase_residual_of_noise_is_not_as_printed(generator: torch.Generator) -> None:
    pairs = torch.tensor(200.0)
    assert math.degrees(expected_dpr(0.0)) == pytest.approx(180 / math.sqrt(3), abs=1e-3)
    assert float(dpr_variance(0.0, pairs)) == pytest.approx(math.pi * (4 + math.pi) / 30 / 200, rel=1e-4)
    found = residuals(*pairs_of(0.0, 1200, 200, generator))
    assert float(as_printed.dpr_variance_of_noise(pairs) / found.var()) > 1.15
    # Chebyshev's bound holds, by far: the distribution is nearly normal.
    assert float((found < dpr_noise_level(pairs, 3.0)).double().mean()) < 1 / 9


def test_density_of_phase_differences(generator: torch.Generator) -> None:
    edges = torch.linspace(-math.pi, math.pi, 9, dtype=torch.float64)
    one, two = pairs_of(0.6, 1, 200000, generator)
    counted = torch.histogram(torch.angle(one * two.conj()).flatten(), edges).hist / 200000
    fine = torch.linspace(-math.pi, math.pi, 8001, dtype=torch.float64)
    density = phase_difference_density(fine, 0.6)
    share = torch.stack([torch.trapezoid(density[k * 1000 : k * 1000 + 1001], fine[k * 1000 : k * 1000 + 1001]) for k in range(8)])
    assert torch.allclose(counted, share, atol=5e-3)
    assert float(share.sum()) == pytest.approx(1.0, abs=1e-6)


def test_forty_five_degrees_is_a_signal_of_three_times_the_noise(generator: torch.Generator) -> None:
    snr = snr_at(CUSTOMARY)
    assert snr == pytest.approx(3.31, abs=0.01)
    found = residuals(*pairs_of(snr / (1 + snr), 200, 400, generator))
    assert math.degrees(float(found.mean())) == pytest.approx(45.0, abs=0.5)


def test_phase_residual_of_maps(generator: torch.Generator) -> None:
    shape = (16, 16, 16)
    a, b = (torch.fft.rfftn(torch.randn(shape, generator=generator)) for _ in range(2))
    assert float(phase_residual(a, 3 * a, shape).abs().max()) < 1e-3
    assert math.degrees(float(phase_residual(a, b, shape)[3:].mean())) == pytest.approx(103.9, abs=3.0)
    # Shell by shell, whatever the scale of one map is.
    torch.testing.assert_close(phase_residual(a, b, shape), phase_residual(a, 1000 * b, shape), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("each", [0.0, 0.3])
def test_ssnr_of_a_stack(each: float, generator: torch.Generator) -> None:
    count, shape = 6, (24, 24)
    signal = math.sqrt(each) * torch.randn(shape, generator=generator)
    power = torch.fft.fft2(signal).abs() ** 2 / signal.numel()
    truth = count * spectrum_mean(power)
    found = [spectral_snr(torch.fft.rfft2(signal + torch.randn(count, *shape, generator=generator)), shape) for _ in range(150)]
    f = torch.stack([one.f for one in found])[:, 4:]
    _, d2 = degrees_of_freedom(shell_count(shape)[4:], count)
    # E F = (1 + SSNR) d₂ / (d₂ − 2); 150 trials of nine rings: 1 % of standard error.
    assert float((f.mean(0) / ((1 + truth[4:]) * d2 / (d2 - 2))).mean()) == pytest.approx(1.0, abs=0.04)
    held = torch.stack([(one.low <= truth) & (truth <= one.high) for one in found])[:, 4:].double().mean()
    # At 0 nothing can be missed from above: one side of the interval stands at the border.
    assert (float(held) > 0.96) if each == 0.0 else (0.92 < float(held) < 0.985)
    if each == 0.0:
        above = (f > found[0].significant[4:]).double().mean()
        assert float(above) == pytest.approx(0.05, abs=0.02)
        # As printed there are K n degrees below, and the expectation of F is nearer to 1 than it is: K = 2 shows it.
        n = shell_count(shape)[3]
        x = torch.randn(4000, 2, int(n), generator=generator)
        two = (x.sum(1) ** 2).sum(1) / (x[:, 0] - x[:, 1]).square().sum(1)
        right, printed = (2 * d2**2 * (d1 + d2 - 2) / (d1 * (d2 - 2) ** 2 * (d2 - 4))
                          for d1, d2 in (degrees_of_freedom(n, 2), as_printed.ssnr_degrees_of_freedom(n, 2)))  # fmt: skip
        assert float(two.var()) == pytest.approx(float(right), rel=0.15)
        assert float(two.var()) > 1.3 * float(printed)


def spectrum_mean(power: torch.Tensor) -> torch.Tensor:
    """Mean over the rings of a full transform, by a loop-free count that the code does not use."""
    freq = torch.fft.fftfreq(power.shape[0]) * power.shape[0]
    ring = (freq[:, None] ** 2 + freq**2).sqrt().round().long().flatten()
    total, count = (torch.bincount(ring, weights=w, minlength=20) for w in (power.flatten().double(), torch.ones(power.numel()).double()))
    return (total / count)[: power.shape[0] // 2 + 1]


def test_relations_of_ssnr_and_correlation(generator: torch.Generator) -> None:
    """K images of SNR s: halves of K / 2 correlate to S / (2 + S) with S = K s of the whole; as printed, only for another S."""
    count, each = 10, 0.2
    signal = math.sqrt(each) * torch.randn(200000, generator=generator)
    halves = [signal + torch.randn(200000, generator=generator) / math.sqrt(count / 2) for _ in range(2)]
    r = torch.corrcoef(torch.stack(halves))[0, 1].double()
    whole = torch.tensor(count * each, dtype=torch.float64)
    assert float(r) == pytest.approx(float(fsc_of_halves(whole)), abs=0.01)
    assert abs(float(as_printed.fsc_from_ssnr(whole, count)) - float(r)) > 0.3
    assert float(as_printed.fsc_from_ssnr(count * whole, count)) == pytest.approx(float(fsc_of_halves(whole)))
    assert float(ssnr_of_whole(fsc_of_halves(whole))) == pytest.approx(2.0)
    assert float(torch.corrcoef(torch.stack([sum(halves), signal]))[0, 1]) == pytest.approx(float(fsc_ref(r)), abs=0.01)
    seventh = torch.tensor(1 / 7)
    assert (float(fsc_of_whole(seventh)), float(fsc_ref(seventh))) == pytest.approx((0.25, 0.5))
    # 0.3 is a rounded third: as much signal as noise in the whole map.
    assert float(ssnr_of_whole(torch.tensor(1 / 3))) == pytest.approx(1.0)


def test_bad_stacks_are_refused() -> None:
    with pytest.raises(ValueError, match="two or more"):
        spectral_snr(torch.ones(1, 8, 5, dtype=torch.complex64), (8, 8))
    with pytest.raises(ValueError, match="K half transforms"):
        spectral_snr(torch.ones(3, 8, 8, dtype=torch.complex64), (8, 8))
