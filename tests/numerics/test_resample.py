"""Resampling: band-limited functions keep their values, whatever the parity of the sizes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.numerics.fourier import rfft2
from vitreous.numerics.resample import centre_resize, fourier_resize, resize_spectrum


def gaussian(size: int, length: float, centre: float, sigma: float) -> torch.Tensor:
    at = torch.arange(size, dtype=torch.float64) * length / size
    return torch.exp(-((at - centre) ** 2) / (2 * sigma**2))


@given(old=st.integers(24, 40), new=st.integers(24, 60))
@settings(max_examples=30, deadline=None)
def test_a_smooth_function_is_sampled_anew(old: int, new: int):
    """Both samplings of one Gaussian of the same extent, voxel 0 kept: its transform at Nyquist of 24 samples is below e⁻¹⁷."""
    a, b = (torch.outer(gaussian(n, 24.0, 11.6, 2.0), gaussian(n, 24.0, 12.3, 1.9)) for n in (old, new))
    torch.testing.assert_close(fourier_resize(a, (new, new)), b, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("old", "new"), [((8, 8), (16, 16)), ((7, 9), (14, 18)), ((6, 9), (12, 27)), ((4, 5, 6), (8, 10, 18))])
def test_finer_samplings_pass_through_the_samples(old: tuple[int, ...], new: tuple[int, ...], generator: torch.Generator):
    """Even for noise, whose Nyquist coefficient is as large as any."""
    values = torch.randn(2, *old, generator=generator, dtype=torch.float64)
    every = (slice(None), *(slice(None, None, b // a) for a, b in zip(old, new)))
    torch.testing.assert_close(fourier_resize(values, new)[every], values)


@pytest.mark.parametrize(("old", "new"), [((9, 12), (6, 7)), ((8, 8), (4, 4)), ((9, 9, 8), (5, 4, 6))])
def test_coarser_samplings_keep_mean_and_low_coefficients(old: tuple[int, ...], new: tuple[int, ...], generator: torch.Generator):
    values = torch.randn(old, generator=generator, dtype=torch.float64)
    small = fourier_resize(values, new)
    assert small.shape == new
    assert float(small.mean()) == pytest.approx(float(values.mean()))
    if len(old) == 2:
        a, b = rfft2(values) / values.numel(), rfft2(small) / small.numel()
        low = (min(new) - 1) // 2
        torch.testing.assert_close(a[: low + 1, : low + 1], b[: low + 1, : low + 1])
        torch.testing.assert_close(a[-low:, : low + 1], b[-low:, : low + 1])


def test_same_size_is_the_same(generator: torch.Generator):
    for shape in ((5, 6), (6, 5)):
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
        torch.testing.assert_close(fourier_resize(values, shape), values)
        torch.testing.assert_close(resize_spectrum(rfft2(values), shape), rfft2(values))


@given(old=st.integers(3, 12), new=st.integers(3, 12))
@settings(max_examples=40, deadline=None)
def test_the_origin_stays_the_origin(old: int, new: int):
    point = torch.zeros(old, old)
    point[old // 2, old // 2] = 1
    found = centre_resize(point, new, axes=2)
    assert found.shape == (new, new)
    assert found[new // 2, new // 2] == 1
    back = centre_resize(centre_resize(torch.arange(float(old * old)).reshape(old, old), old + 5, axes=2, fill=-1.0), old, axes=2)
    assert torch.equal(back, torch.arange(float(old * old)).reshape(old, old))
    assert float(centre_resize(torch.ones(old, old), old + 1, axes=2, fill=7.0).max()) == 7
