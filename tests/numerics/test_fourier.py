"""Transforms over odd and even sizes: inverses, Parseval, shifts, phases, good sizes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vitreous.numerics import fourier as ft
from vitreous.numerics.resample import resize_spectrum

SIZES = st.integers(2, 17)


def random(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(shape=st.tuples(SIZES, SIZES, SIZES))
@settings(max_examples=20, deadline=None)
def test_inverses_undo_their_transforms(shape: tuple[int, int, int]):
    values = random(shape)
    for forward, backward, axes in (
        (ft.rfft2, ft.irfft2, 2), (ft.centred_rfft2, ft.centred_irfft2, 2),
        (ft.rfftn, ft.irfftn, 3), (ft.centred_rfftn, ft.centred_irfftn, 3),
    ):  # fmt: skip
        torch.testing.assert_close(backward(forward(values), shape[-axes:]), values)
    torch.testing.assert_close(ft.ifft2(ft.fft2(values)).real, values)
    torch.testing.assert_close(ft.ifft1(ft.fft1(values)).real, values)
    line = values[0, :1]
    torch.testing.assert_close(ft.fft1(line), ft.fft2(line), msg="a signal is an image of one row")
    torch.testing.assert_close(ft.from_centre(ft.to_centre(values, (-2, -1)), (-2, -1)), values)


@given(shape=st.tuples(SIZES, SIZES))
@settings(max_examples=20, deadline=None)
def test_centred_and_plain_differ_by_a_ramp(shape: tuple[int, int]):
    """The plain transform of content moved by n // 2 is the centred transform of content that lies about n // 2."""
    image = random(shape)
    move = torch.tensor([shape[1] // 2, shape[0] // 2], dtype=torch.float64)
    torch.testing.assert_close(ft.rfft2(image), ft.centred_rfft2(image) * ft.shift_phases(shape, move))


def test_to_centre_puts_zero_frequency_in_the_middle():
    for n in (6, 7):
        assert int(ft.to_centre(torch.arange(n), (0,)).argmin()) == n // 2


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("by", [(3, -2), (0, 5), (-1, 0)])
def test_whole_shifts_roll(size: int, by: tuple[int, int]):
    image = random((2, size, size))
    torch.testing.assert_close(ft.shift(image, torch.tensor(by, dtype=torch.float64)), image.roll((by[1], by[0]), (1, 2)))


@pytest.mark.parametrize("size", [32, 33])
def test_fractional_shifts_move_a_gaussian(size: int):
    line = torch.arange(size, dtype=torch.float64)

    def blob(x: float, y: float) -> torch.Tensor:
        return torch.exp(-((line - x) ** 2 + (line[:, None] - y) ** 2) / 8)

    moved = ft.shift(blob(15, 14), torch.tensor([1.3, -2.6], dtype=torch.float64))
    # e^(-2π² σ² / 4) = 5e-9 of the blob lies beyond Nyquist.
    torch.testing.assert_close(moved, blob(16.3, 11.4), atol=1e-6, rtol=0)


@given(shape=st.tuples(SIZES, SIZES), pixel=st.floats(0.3, 9.0))
@settings(max_examples=20, deadline=None)
def test_frequencies_belong_to_their_coefficients(shape: tuple[int, int], pixel: float):
    k2 = ft.frequency_squared(shape, pixel, like=torch.zeros(1, dtype=torch.float64))
    for row in range(shape[0]):
        for column in range(shape[1] // 2 + 1):
            signed = row if row < (shape[0] + 1) // 2 else row - shape[0]
            known = (signed / (shape[0] * pixel)) ** 2 + (column / (shape[1] * pixel)) ** 2
            assert math.isclose(float(k2[row, column]), known, rel_tol=1e-9, abs_tol=1e-15)


def test_frequencies_follow_device_and_precision_of_like():
    assert ft.axis_frequencies(8).dtype == torch.float32
    assert ft.axis_frequencies(8, like=torch.zeros(1, dtype=torch.complex128)).dtype == torch.float64
    assert ft.frequency_squared((4, 4), like=torch.zeros(1, dtype=torch.float64)).dtype == torch.float64


@given(at_least=st.integers(1, 5000))
@settings(max_examples=60, deadline=None)
def test_good_sizes_have_small_factors_and_none_is_skipped(at_least: int):
    def smooth(n: int) -> bool:
        for p in (2, 3, 5):
            while n % p == 0:
                n //= p
        return n == 1

    found = ft.good_size(at_least)
    assert found >= at_least
    assert smooth(found)
    assert found % 2 == 0
    assert not any(smooth(n) and n % 2 == 0 for n in range(at_least, found))
    assert smooth(ft.good_size(at_least, even=False))


@pytest.mark.parametrize("shape", [(300, 257), (129, 130), (5, 4)])
def test_a_large_image_comes_back_in_pieces(shape: tuple[int, int]):
    image = random(shape).float()
    torch.testing.assert_close(ft.irfft2_piecemeal(ft.rfft2(image), shape), image, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("grid", "size"), [(12, 8), (15, 9), (12, 12), (12, 7)])
def test_a_box_in_a_large_cube_of_zeros(grid: int, size: int):
    box = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(2))
    cube = torch.zeros(grid, grid, grid)
    cube[2:6, 7:12, 0:3] = box
    want = resize_spectrum(ft.rfftn(cube), (size,) * 3)
    assert torch.allclose(ft.boxed_rfftn(box, (2, 7, 0), grid, size), want, atol=1e-4)
