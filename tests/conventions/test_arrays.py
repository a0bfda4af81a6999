"""Axes, origins, rows and transforms: one test for each sentence, each against sums written out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from vitreous.io.gain import read_gain
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_image, write_image
from vitreous.numerics.fourier import (
    axis_frequencies,
    centred_irfftn,
    centred_rfft2,
    centred_rfftn,
    frequency_squared,
    irfft2,
    rfft2,
    rfftn,
)
from vitreous.numerics.shells import shell_index


def test_axes_are_z_y_x_and_vectors_x_y_z():
    """A wave along x of three periods has its peak at column 3 of the transform; a shift is (dx, dy)."""
    x = torch.arange(16.0).expand(8, 12, 16)
    peak = rfftn(torch.cos(2 * math.pi * 3 * x / 16)).abs().argmax()
    assert [int(i) for i in np.unravel_index(int(peak), (8, 12, 9))] == [0, 0, 3]


@pytest.mark.parametrize("size", [8, 9])
def test_origin_is_voxel_n_over_2(size: int):
    """A point there has the same transform everywhere, and a flat transform is a point there."""
    point = torch.zeros(size, size, size, dtype=torch.float64)
    point[(size // 2,) * 3] = 1
    spectrum = centred_rfftn(point)
    torch.testing.assert_close(spectrum, torch.ones_like(spectrum))
    torch.testing.assert_close(centred_irfftn(torch.ones_like(spectrum), (size,) * 3), point)


def test_rows_of_tiff_are_stored_last_first(tmp_path: Path):
    """A movie in TIFF and its gain in MRC, in TIFF: the same picture has the same row 0."""
    picture = np.arange(40, dtype=np.uint8).reshape(5, 8) + 1
    tifffile.imwrite(tmp_path / "a.tif", picture[::-1])
    write_image(tmp_path / "a.mrc", picture.astype(np.float32), 1.0)
    raw = np.frombuffer((tmp_path / "a.mrc").read_bytes(), "<f4", offset=1024)
    np.testing.assert_array_equal(raw[:8], picture[0])
    for name in ("a.tif", "a.mrc"):
        np.testing.assert_array_equal(open_movie(tmp_path / name).frame(0), picture)
        np.testing.assert_array_equal(read_image(tmp_path / name)[0], picture)
        np.testing.assert_array_equal(read_gain(tmp_path / name), picture)


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (4, 5)])
def test_fourier_forward_is_the_plain_sum(shape: tuple[int, int], generator: torch.Generator):
    image = torch.randn(shape, generator=generator, dtype=torch.float64)
    y, x = torch.arange(shape[0]).double(), torch.arange(shape[1]).double()
    wave = torch.exp(-2j * math.pi * (y[:, None] * y / shape[0])[:, None, :, None]) * torch.exp(
        -2j * math.pi * (x[: shape[1] // 2 + 1, None] * x / shape[1])[None, :, None, :]
    )
    torch.testing.assert_close(rfft2(image), (wave * image).sum((-2, -1)))
    ones = torch.zeros(shape[0], shape[1] // 2 + 1, dtype=torch.complex128)
    ones[0, 0] = 1
    torch.testing.assert_close(irfft2(ones, shape), torch.full(shape, 1 / image.numel(), dtype=torch.float64))


def test_layout_is_half_over_x_with_zero_frequency_first():
    spectrum = rfftn(torch.ones(4, 5, 6))
    assert spectrum.shape == (4, 5, 4)
    assert spectrum[0, 0, 0] == 120
    assert centred_rfft2(torch.ones(5, 6))[0, 0] == 30


def test_frequency_is_in_inverse_angstrom():
    """A wave of 12 Å in pixels of 1.5 Å peaks at 1/12 Å⁻¹, not at 1/8 of a pixel or 1/4 of Nyquist."""
    wave = torch.cos(2 * math.pi * torch.arange(64, dtype=torch.float64) * 1.5 / 12).expand(64, 64)
    at = rfft2(wave).abs().argmax()
    assert float(frequency_squared((64, 64), 1.5).flatten()[at].sqrt()) == pytest.approx(1 / 12)
    assert float(axis_frequencies(64, 1.5, half=True)[8]) == pytest.approx(1 / 12)
    assert int(shell_index((64, 64)).flatten()[at]) == round(64 * 1.5 / 12)
