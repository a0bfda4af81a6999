"""What is inserted for an image: against plain formulas, and without bias between thin and thick."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.numerics.disc import disc
from vitreous.physics.ctf import phase
from vitreous.physics.ewald import overlap, sag, sidebands
from vitreous.physics.wavelength import wavelength
from vitreous.reconstruct.weighing import Block, lens, spectra_of, weighed

OPTICS = Optics(pixel_size=1.3, voltage=200.0, spherical_aberration=2.0, amplitude_contrast=0.08)


def block(size: int, generator: torch.Generator, count: int = 5) -> tuple[Block, torch.Tensor, torch.Tensor]:
    """A block of noise, its images, and its noise weights; χ runs to 200 rad, and one image has a phase plate."""
    images = torch.randn(count, size, size, generator=generator)
    shift = torch.randn(count, 2, generator=generator, dtype=torch.float64) * 3
    defocus = torch.rand(count, 4, generator=generator, dtype=torch.float64) * torch.tensor([9000.0, 9000.0, 180.0, 0.0]) + 9000.0
    defocus[:, 3] = torch.tensor([0.0, 0.0, 90.0, 0.0, 30.0])
    inverse = 0.5 + torch.rand(count, size // 2, generator=generator)
    return Block(spectra_of(images, -1.0), shift, defocus, inverse), images, inverse


@pytest.mark.parametrize("side", [0, 1, -1])
@pytest.mark.parametrize("size", [32, 33])
def test_weighed_images_are_the_plain_formulas(size: int, side: int, generator: torch.Generator) -> None:
    d = disc(size)
    given, images, inverse = block(size, generator)
    kx, ky = d.frequencies(1.3)
    chi = phase(given.defocus, OPTICS, kx, ky)
    first, second = sidebands(chi)
    transfer = {0: -chi.sin().to(torch.complex128), 1: first, -1: second}[side]
    rho = overlap(2 * sag(kx**2 + ky**2, wavelength(200.0)), 60.0)
    power = chi.sin() ** 2 if side == 0 else 0.25 * (1 - rho * (2 * chi).cos())
    weight = inverse[:, d.shell]
    moved = d.take(-images) * d.shift_phases(-given.shift)
    values, weights = weighed(given, lens(d, OPTICS, 60.0), side)
    known = transfer.conj() * moved * weight
    # χ of 200 rad carries 200 · 2^-24 = 1e-5 of rounding.
    assert float((values - known).abs().max()) < 1e-4 * float(known.abs().max())
    assert float((weights - power * weight).abs().max()) < 1e-4


def test_two_sidebands_on_one_point_are_the_thin_object(generator: torch.Generator) -> None:
    """For an object without thickness ρ = 1: numerators and denominators of both sidebands sum to those of the central slice."""
    d = disc(32)
    given, *_ = block(32, generator)
    thin = lens(d, OPTICS, 1e-6)
    flat, one, other = (weighed(given, thin, side) for side in (0, 1, -1))
    for whole, a, b in zip(flat, one, other):
        assert float((whole - a - b).abs().max()) < 1e-4 * float(whole.abs().max())


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_the_denominator_leaves_no_bias(rho: float) -> None:
    """Monte Carlo: Σ A* X over many defoci is F₋ times the denominator, whatever the two sidebands have in common.

    χ is spread over less than a turn, so that cos 2χ has a mean of its own. 4e5 draws leave 0.002 in the mean.
    """
    generator = torch.Generator().manual_seed(4)
    count = 400_000
    below, apart = (torch.view_as_complex(torch.randn(count, 2, generator=generator, dtype=torch.float64)) for _ in range(2))
    above = rho * below + math.sqrt(1 - rho**2) * apart
    chi = torch.rand(count, generator=generator, dtype=torch.float64)
    first, second = sidebands(chi)
    image = first * below + second * above
    numerator = (first.conj() * image * below.conj()).real.sum() / (below.abs() ** 2).sum()
    denominator = (0.25 * (1 - rho * (2 * chi).cos())).mean()
    assert float(numerator) == pytest.approx(float(denominator), abs=0.005)
    assert abs(float(denominator) - 0.25) > 0.02 or rho == 0


def test_the_sine_holds_far_out() -> None:
    """χ of 2 000 rad (10 µm at 2 Å): a whole turn too many must not show beyond the rounding of χ itself, 1e-4."""
    d = disc(32)
    far = Block(torch.ones(1, 32, 17, dtype=torch.complex64), torch.zeros(1, 2, dtype=torch.float64),
                torch.tensor([[1e5, 1e5, 0.0, 0.0]], dtype=torch.float64), torch.ones(1, 16))  # fmt: skip
    thin = Optics(pixel_size=1.0, voltage=300.0, spherical_aberration=0.0)
    _, weights = weighed(far, lens(d, thin, 20.0))
    known = phase(far.defocus, thin, *d.frequencies(1.0)).sin() ** 2
    assert float((weights - known).abs().max()) < 1e-3
