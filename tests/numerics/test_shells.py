"""Shells against loops over every voxel of the full transform."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from vitreous.numerics import shells as sh
from vitreous.numerics.fourier import fft2, rfft2, rfftn


def full(shape: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """(index in the half transform, signed indices, shell) of every voxel of the full transform."""
    out = []
    for at in itertools.product(*map(range, shape)):
        signed = [i if i <= (n - 1) // 2 else i - n for i, n in zip(at, shape)]
        shell = round(math.sqrt(sum((s * max(shape) / n) ** 2 for s, n in zip(signed, shape))))
        half = at if at[-1] <= shape[-1] // 2 else tuple((-i) % n for i, n in zip(at, shape))
        out.append((half, tuple(signed), shell))
    return out


@pytest.mark.parametrize("shape", [(6, 6), (7, 7), (8, 5), (5, 8), (4, 4, 4), (5, 5, 5), (6, 5, 5)])
def test_sums_averages_counts_equal_a_loop(shape: tuple[int, ...], generator: torch.Generator):
    values = torch.rand(*shape[:-1], shape[-1] // 2 + 1, generator=generator, dtype=torch.float64)
    total, count = [0.0] * (max(shape) // 2 + 1), [0] * (max(shape) // 2 + 1)
    for half, _, shell in full(shape):
        if shell < len(total):
            total[shell] += float(values[half])
            count[shell] += 1
    # The number of a mate not stored is that of its half: exact for power spectra.
    torch.testing.assert_close(sh.shell_sum(values, shape), torch.tensor(total, dtype=torch.float64))
    assert sh.shell_count(shape).tolist() == count
    mean = torch.tensor([t / max(c, 1) for t, c in zip(total, count)], dtype=torch.float64)
    torch.testing.assert_close(sh.shell_average(values, shape), mean)


@pytest.mark.parametrize("shape", [(6, 8), (7, 7)])
def test_power_is_that_of_the_image(shape: tuple[int, int], generator: torch.Generator):
    """Friedel weights: the half transform's weighted power is the full one's (Parseval)."""
    image = torch.randn(shape, generator=generator, dtype=torch.float64)
    power = (rfft2(image).abs() ** 2 * sh.friedel_weight(shape)).sum()
    assert float(power) == pytest.approx(float((fft2(image).abs() ** 2).sum()))
    assert float(power) == pytest.approx(image.numel() * float((image**2).sum()))


def test_spread_is_constant_on_shells_and_holds_beyond_nyquist():
    curve = torch.tensor([10.0, 11, 12, 13, 14])
    grid = sh.spread(curve, (8, 8))
    assert grid.shape == (8, 5)
    assert (grid[0, 0], grid[0, 3], grid[7, 0], grid[1, 1], grid[4, 4]) == (10, 13, 11, 11, 14)
    torch.testing.assert_close(sh.shell_average(sh.spread(curve, (8, 8)), (8, 8)), curve.double())


@pytest.mark.parametrize("size", [12, 13])
def test_correlation_of_known_mixtures(size: int, generator: torch.Generator):
    """1 with itself, −1 with its negative, whatever the scale; a loop for two random volumes."""
    a, b = (torch.randn(size, size, size, generator=generator, dtype=torch.float64) for _ in range(2))
    A, B, shape = rfftn(a), rfftn(b), (size,) * 3
    torch.testing.assert_close(sh.shell_correlation(A, 3 * A, shape), torch.ones(size // 2 + 1, dtype=torch.float64))
    torch.testing.assert_close(sh.shell_correlation(A, -A, shape), -torch.ones(size // 2 + 1, dtype=torch.float64))
    assert sh.shell_correlation(A, torch.zeros_like(A), shape).abs().max() == 0
    known = sh.shell_sum((A * B.conj()).real, shape) / (sh.shell_sum(A.abs() ** 2, shape) * sh.shell_sum(B.abs() ** 2, shape)).sqrt()
    found = sh.shell_correlation(A, B, shape)
    torch.testing.assert_close(found, known)
    torch.testing.assert_close(found, sh.shell_correlation(B, A, shape))
    outer = found[3:]
    # Independent noise: variance 1 / (independent coefficients, half the voxels).
    assert float(outer.abs().max()) < 5 / math.sqrt(float(sh.shell_count(shape)[3]) / 2)


@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 9, 9), (8, 6, 7)])
def test_one_volume_in_one_pass_is_what_a_stack_of_them_gives(shape: tuple[int, ...], generator: torch.Generator):
    """The kernels take single volumes only; stacks, devices and derivatives go by way of the index."""
    A, B = (rfftn(torch.randn(shape, generator=generator)) for _ in range(2))
    torch.testing.assert_close(sh.shell_correlation(A, B, shape), sh.shell_correlation(A[None], B[None], shape)[0])
    torch.testing.assert_close(sh.shell_sum(A.abs(), shape), sh.shell_sum(A.abs()[None], shape)[0])
    counted = sh.shell_sum(torch.ones(1, *A.shape), shape)[0]
    torch.testing.assert_close(sh.shell_count(shape), counted)
    # Derivatives still flow.
    sh.shell_correlation(A.requires_grad_(), B, shape).sum().backward()
    assert A.grad.abs().max() > 0
