"""The CTF of a tilted specimen: points one by one, the contrast imaging function, and the separated filters against both."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.physics.ctf import ctf, phase
from vitreous.physics.tilted_ctf import focus_basis, harmonics, tilted_contrast
from vitreous.physics.wavelength import wavelength

OPTICS = Optics(pixel_size=1.5)
LAM = wavelength(300.0)
DEFOCUS = torch.tensor([16000.0, 15200.0, 30.0, 0.0], dtype=torch.float64)
SLOPE = (math.tan(math.radians(50)) * 0.8, math.tan(math.radians(50)) * 0.6)


def frequencies(count: int = 400) -> tuple[torch.Tensor, torch.Tensor]:
    """Scattered over the disc down to 3 Å."""
    rng = np.random.default_rng(0)
    kx, ky = rng.uniform(-1 / 3, 1 / 3, (2, 4 * count))
    inside = np.hypot(kx, ky) < 1 / 3
    return torch.from_numpy(kx[inside][:count]), torch.from_numpy(ky[inside][:count])


def points() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.uniform(-1500, 1500, (25, 2)), rng.normal(size=25)


def transform(kx: torch.Tensor, ky: torch.Tensor) -> torch.Tensor:
    place, weight = points()
    angle = -2 * math.pi * (kx[..., None] * torch.from_numpy(place[:, 0]) + ky[..., None] * torch.from_numpy(place[:, 1]))
    return (torch.polar(torch.ones_like(angle), angle) * torch.from_numpy(weight)).sum(-1)


def test_tilted_contrast_is_each_point_seen_at_its_own_defocus():
    """Points of a tilted plane, each with the ordinary CTF of its height, added up."""
    kx, ky = frequencies()
    place, weight = points()
    want = torch.zeros(len(kx), dtype=torch.complex128)
    for (x, y), w in zip(place, weight):
        higher = SLOPE[0] * x + SLOPE[1] * y
        own = ctf(DEFOCUS + torch.tensor([higher, higher, 0, 0], dtype=torch.float64), OPTICS, kx, ky)
        want += w * own * torch.exp(-2j * math.pi * (kx * x + ky * y))
    found = tilted_contrast(transform, phase(DEFOCUS, OPTICS, kx, ky), kx, ky, SLOPE, LAM)
    assert float((found - want).abs().max()) < 1e-8 * float(want.abs().max()) + 1e-8


def test_without_tilt_it_is_the_ctf():
    kx, ky = frequencies()
    found = tilted_contrast(transform, phase(DEFOCUS, OPTICS, kx, ky), kx, ky, (0.0, 0.0), LAM)
    want = ctf(DEFOCUS, OPTICS, kx, ky) * transform(kx, ky)
    assert float((found - want).abs().max()) < 1e-10 * float(want.abs().max()) + 1e-10


def test_harmonics_make_the_function_again():
    soft = harmonics(lambda chi: np.sin(chi) / np.sqrt(np.sin(chi) ** 2 + 0.09))
    chi = np.linspace(0, 7, 300)
    again = sum(f * np.sin(m * chi) for m, f in soft.items())
    assert np.abs(again - np.sin(chi) / np.sqrt(np.sin(chi) ** 2 + 0.09)).max() < 2e-3  # what is left out is below 1e-3 each
    assert harmonics(np.sin) == {1: pytest.approx(1.0)}


@pytest.mark.parametrize(("half_range", "soft"), [(150.0, False), (1200.0, False), (400.0, True)])
def test_no_error_of_a_separated_filter_is_beyond_its_bound(half_range, soft):
    """At random phases, frequencies and heights, with the bound the basis states; and no more functions than it must have."""
    wave = harmonics((lambda chi: np.sin(chi) / np.sqrt(np.sin(chi) ** 2 + 0.09)) if soft else np.sin, least=0.02)
    largest = math.pi * LAM / 9
    basis = focus_basis(wave, half_range, largest)
    rng = np.random.default_rng(2)
    chi, square = rng.uniform(-math.pi, math.pi, 3000).astype(np.float32), rng.uniform(0, largest, 3000).astype(np.float32)
    height = rng.uniform(-half_range, half_range, 200)
    weights = basis.weights(height)
    found = sum(np.outer(basis.filter(q, chi, square), weights[q]) for q in range(len(basis)))
    exact = sum(f * np.sin(m * (chi[:, None].astype(float) + np.outer(square, height))) for m, f in wave.items())
    error = np.abs(found - exact).max()
    assert error <= 1.1 * basis.bound + 1e-3  # between the samples of the bound, and tables read linearly
    assert error > 0.1 * basis.bound  # the bound says something
    assert basis.bound <= 1e-2
    # a time-bandwidth product of 2 A Δ / π functions, and some logarithmically many
    assert len(basis) < 2 * max(wave) * largest * half_range / math.pi + 8 + 4 * math.log(1 + max(wave) * largest * half_range)


def test_ranges_must_be_positive():
    with pytest.raises(InputError, match="half_range must be positive"):
        focus_basis({1: 1.0}, 0.0, 1.0)
    with pytest.raises(InputError, match="largest must be positive"):
        focus_basis({1: 1.0}, 10.0, -1.0)
