from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics.correlation_statistics import (
    information_level,
    interval,
    noise_level,
    pooled_deviation,
    variance,
    variance_against_truth,
    variance_random_signal,
)
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import redundancy, shell_correlation, shell_count, shell_index
from vitreous.stages.postprocess import as_printed
from vitreous.stages.postprocess.samples import effective_samples


def counted(mask: torch.Tensor) -> torch.Tensor:
    """n of each shell by its definition: the sum over pairs of coefficients, by a transform of each shell's indicator."""
    square = mask.double() ** 2
    correlation = irfftn(rfftn(square).abs() ** 2, square.shape) / square.sum() ** 2
    index, count = shell_index(tuple(mask.shape)), shell_count(mask.shape)
    kernels = (irfftn((index == s).to(torch.complex128), square.shape) * mask.numel() / count[s] for s in range(len(count)))
    return torch.stack([1 / (kernel**2 * correlation).sum() for kernel in kernels])


@pytest.mark.parametrize(("size", "radius", "edge"), [(48, 10, 8), (33, 8, 4), (40, 12, 6)])
def test_samples_under_a_mask_are_those_of_the_definition(size: int, radius: float, edge: float) -> None:
    mask = soft_disc((size,) * 3, radius, edge)
    ratio = effective_samples(mask, size) / counted(mask)
    # The closed form takes shells for continuous: 20 % off for the six voxels of shell 1, 8 % where the mask is a wide one.
    assert ((ratio[3:] - 1).abs() < 0.1).all()
    assert ((ratio[1:] - 1).abs() < 0.25).all()


def test_samples_without_a_mask_are_all_coefficients() -> None:
    assert torch.equal(effective_samples(None, 24), shell_count((24,) * 3).clamp_min(1))
    assert torch.allclose(effective_samples(None, 24, symmetry_order=4)[5:], shell_count((24,) * 3)[5:] / 4)


def test_thin_shells_hold_more_than_the_share_of_the_mask() -> None:
    mask = soft_disc((48,) * 3, 8, 6)
    assert redundancy(torch.ones(4, 4, 4)) == 1.0
    assert (effective_samples(mask, 48)[4:] > 1.5 * redundancy(mask) * shell_count((48,) * 3)[4:]).all()


def test_spread_of_masked_noise_is_one_over_the_samples(generator: torch.Generator) -> None:
    mask = soft_disc((32,) * 3, 8, 5)
    trials = []
    for _ in range(100):
        a, b = (rfftn(mask * torch.randn(mask.shape, generator=generator)) for _ in range(2))
        trials.append(shell_correlation(a, b, mask.shape))
    ratio = torch.stack(trials).square().mean(0) * effective_samples(mask, 32)
    # 100 trials in 13 shells: 4 % of standard error of the mean ratio.
    assert ratio[4:].mean() == pytest.approx(1.0, abs=0.16)


@pytest.mark.parametrize(("snr", "formula"), [(1.0, 0.438), (4.0, 0.0784)])
def test_variance_of_a_fixed_signal(snr: float, formula: float, generator: torch.Generator) -> None:
    n = 4000
    signal = math.sqrt(snr) * torch.randn(n, generator=generator)
    a, b = (signal + torch.randn(2000, n, generator=generator) for _ in range(2))
    r = (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()
    rho = torch.tensor(float(signal.square().mean() / (signal.square().mean() + 1)))
    assert float(variance(torch.tensor(snr / (1 + snr)), torch.tensor(1.0))) == pytest.approx(formula, rel=2e-3)
    # 2000 trials: 3.2 % of standard error of a variance.
    assert float(r.var() * n / variance(rho, torch.tensor(1.0))) == pytest.approx(1.0, abs=0.12)
    # As printed it is twice too large, or more.
    assert float(as_printed.fsc_variance(rho, torch.tensor(1.0)) / (r.var() * n)) > 1.8
    assert variance_random_signal(rho, torch.tensor(1.0)) > variance(rho, torch.tensor(1.0))


def test_variance_against_the_noiseless_signal(generator: torch.Generator) -> None:
    n = 2000
    signal = torch.randn(n, generator=generator)
    noisy = signal + torch.randn(2000, n, generator=generator)
    r = (noisy * signal).sum(1) / (noisy.square().sum(1) * signal.square().sum()).sqrt()
    # 2000 trials: 3.2 % of standard error of a variance.
    assert float(r.var() / variance_against_truth(r.mean(), torch.tensor(float(n)))) == pytest.approx(1.0, abs=0.12)


def test_noise_outside_the_particle_never_meets_signal() -> None:
    """A particle in the middle of a wide mask: fewer products of signal and noise are independent, and the variance is larger."""
    mask, particle = soft_disc((32,) * 3, 11, 4), soft_disc((32,) * 3, 4, 2)
    plain, within = effective_samples(mask, 32), effective_samples(mask, 32, signal=particle)
    assert (within <= plain).all()
    assert (within[4:] < 0.8 * plain[4:]).all()
    assert torch.allclose(effective_samples(mask, 32, signal=mask**2)[2:], plain[2:], rtol=0.02)
    half = torch.full_like(plain, 0.5)
    # Shell 0 has one number either way.
    assert (variance(half, plain, within) > variance(half, plain))[1:].all()
    assert torch.allclose(variance(half, plain, plain), variance(half, plain))


def test_interval_stays_within_one() -> None:
    fsc = torch.tensor([-0.2, 0.0, 0.5, 0.999, 1.0], dtype=torch.float64)
    few = torch.full((5,), 4.0, dtype=torch.float64)
    low, high = interval(fsc, variance(fsc, few), few)
    assert (low <= fsc).all()
    assert (high >= fsc - 1e-8).all()
    assert (high <= 1).all()
    assert (low >= -1).all()


def test_thresholds() -> None:
    many = torch.tensor([1e12], dtype=torch.float64)
    assert float(information_level(many, 0.5)) == pytest.approx(0.1716, abs=1e-4)
    assert float(information_level(many, 1.0)) == pytest.approx(1 / 3, abs=1e-5)
    few = torch.tensor([100.0], dtype=torch.float64)
    assert float(information_level(few, 0.5)) == pytest.approx((0.2071 + 0.19102) / (1.2071 + 0.09102), abs=1e-4)
    assert float(noise_level(few, 3.0)) == pytest.approx(math.tanh(3 / math.sqrt(97)))


def test_noise_exceeds_three_sigma_as_rarely_as_it_should(generator: torch.Generator) -> None:
    a, b = torch.randn(40000, 64, generator=generator), torch.randn(40000, 64, generator=generator)
    r = (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()
    share = float((r > noise_level(torch.tensor(64.0), 2.0)).double().mean())
    assert share == pytest.approx(0.0228, abs=0.004)


def test_pooled_deviation_of_noise_is_normal(generator: torch.Generator) -> None:
    samples = torch.tensor([20.0, 60.0, 200.0])
    trials = torch.tensor([pooled_deviation(torch.randn(3, generator=generator) / samples.sqrt(), samples) for _ in range(1000)])
    assert float(trials.std()) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("samples", [8, 20, 100])
@pytest.mark.parametrize("snr", [0.0, 0.5, 10.0])
def test_intervals_of_few_samples_hold_the_expectation_as_often_as_they_say(samples: int, snr: float) -> None:
    """One signal, two noises, drawn 10 000 times: the standard error of a share is 0.2 %."""
    chance = torch.Generator().manual_seed(samples)
    signal = torch.randn(samples, generator=chance, dtype=torch.float64)
    signal = signal * math.sqrt(snr * samples) / signal.norm()
    one, other = (signal + torch.randn(10_000, samples, generator=chance, dtype=torch.float64) for _ in range(2))
    r = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    number = torch.tensor(float(samples))
    low, high = interval(r, variance(r, number), number)
    held = float(((low <= r.mean()) & (r.mean() <= high)).double().mean())
    assert 0.93 < held < 0.97
