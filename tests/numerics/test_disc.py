"""The half disc: which points, in what order, and the way to images and back."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.errors import InputError
from vitreous.numerics.disc import disc
from vitreous.numerics.filters import low_pass
from vitreous.numerics.fourier import centred_rfft2, shift


@pytest.mark.parametrize("size", [8, 9, 16, 17])
def test_each_independent_coefficient_once(size: int):
    d = disc(size)
    points = {(int(x), int(y)) for x, y in zip(d.kx, d.ky)}
    both = points | {(-x, -y) for x, y in points}
    half = size // 2
    known = {
        (x, y) for x in range(-half, half + 1) for y in range(-half, half + 1) if 0 < round(math.hypot(x, y)) <= size // 2 - 1
    }
    assert len(points) == len(d)
    assert both == known
    assert len(both) == 2 * len(points), "no point with its mate"


def test_a_band_is_a_prefix_sorted_by_azimuth():
    d = disc(32)
    assert (d.shell.diff() >= 0).all()
    assert torch.equal(d.shell, torch.hypot(d.kx, d.ky).round().long())
    assert d.within(7) == int((torch.hypot(d.kx, d.ky).round() <= 7).sum())
    small = disc(32, 7)
    assert torch.equal(small.kx, d.kx[: len(small)])
    assert torch.equal(small.ky, d.ky[: len(small)])
    ring = torch.atan2(d.ky, d.kx)[d.shell == 9]
    assert (ring.diff() > 0).all()


@pytest.mark.parametrize("size", [16, 17])
def test_images_come_back(size: int, generator: torch.Generator):
    """Band-limited images of mean 0 survive coefficients; sums over the disc are half of Parseval's."""
    d = disc(size)
    noise = torch.randn(3, size, size, generator=generator, dtype=torch.float64)
    image = d.image(d.take(noise))
    torch.testing.assert_close(d.image(d.take(image)), image)
    torch.testing.assert_close(d.take(image), d.take(noise))
    torch.testing.assert_close(2 * (d.take(image).abs() ** 2).sum(-1), size**2 * (image**2).sum((-2, -1)))
    smooth = low_pass(noise, 6.0, 1.0, axes=2, width=0.2)
    smooth = smooth - smooth.mean((-2, -1), keepdim=True)
    torch.testing.assert_close(d.image(d.take(smooth)), smooth)


def test_a_prefix_is_a_low_pass(generator: torch.Generator):
    d = disc(16)
    coefficients = d.take(torch.randn(16, 16, generator=generator))
    count = d.within(4)
    found = centred_rfft2(d.image(coefficients[:count])).flatten()[d.flat]
    torch.testing.assert_close(found[:count], coefficients[:count], atol=1e-4, rtol=0)
    assert float(found[count:].abs().max()) < 1e-4


@pytest.mark.parametrize("size", [16, 17])
def test_phases_move_images_as_shift_does(size: int, generator: torch.Generator):
    d = disc(size)
    image = d.image(d.take(torch.randn(size, size, generator=generator)))
    by = torch.tensor([1.3, -2.2])
    torch.testing.assert_close(d.image(d.take(image) * d.shift_phases(by)), shift(image, by), atol=1e-5, rtol=0)
    assert d.shift_phases(torch.zeros(4, 3, 2)).shape == (4, 3, len(d))


def test_shell_means_and_frequencies():
    d = disc(20)
    mean = d.shell_mean(d.shell.float() * 2)
    assert mean.tolist() == [0.0, *(2.0 * s for s in range(1, 10))]
    assert d.shell_mean(torch.ones(d.within(3))).tolist() == [0, 1, 1, 1, *[0] * 6]
    kx, ky = d.frequencies(1.5)
    assert float(torch.hypot(kx, ky)[d.kx == 9].min()) == pytest.approx(9 / 30)


@pytest.mark.parametrize("radius", [0, 8, -1])
def test_bands_beyond_nyquist_are_refused(radius: int):
    with pytest.raises(InputError, match="radius must be from 1 to 7, below Nyquist of 16 px"):
        disc(16, radius)
