"""A tiny problem small enough for loops: 9 images, 6 references, 5 shifts, 3 noise groups."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.numerics.disc import Disc, disc


def gaussian(*shape: int, generator: torch.Generator) -> torch.Tensor:
    """Complex numbers whose real components have variance 1."""
    return torch.view_as_complex(torch.randn(*shape, 2, generator=generator))


@dataclass(frozen=True, eq=False)
class Tiny:
    """Images made of references at known shifts, with noise of the stated spectra."""

    images: FourierImages
    noise: NoiseSpectra
    slices: torch.Tensor
    shifts: torch.Tensor
    centres: torch.Tensor
    reference: torch.Tensor
    shift: torch.Tensor

    @property
    def disc(self) -> Disc:
        return self.images.disc


def tiny(generator: torch.Generator, *, count: int = 9, signal: float = 0.5, references: int = 6, radius: int = 5) -> Tiny:
    """``signal``: standard deviation of a reference's components; that of the noise is about 1."""
    d = disc(16, radius)
    shifts = torch.tensor([[0.0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]], dtype=torch.float64)
    slices = signal * gaussian(references, len(d), generator=generator)
    group = torch.arange(count) % 3
    shells = torch.arange(radius + 1, dtype=torch.float64)
    variance = torch.stack([level / (1 + 0.2 * shells) for level in (0.7, 1.0, 2.0)])
    transfer = 0.2 + torch.rand(count, len(d), generator=generator)
    centres = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    reference, shift = (torch.randint(n, (count,), generator=generator) for n in (references, len(shifts)))
    phases = d.shift_phases(centres + shifts[shift])
    deviation = variance.sqrt().float()[group][:, d.shell]
    values = transfer * phases * slices[reference] + deviation * gaussian(count, len(d), generator=generator)
    images = FourierImages(d, 2.0, values, transfer, group)
    return Tiny(images, NoiseSpectra(variance), slices, shifts, centres, reference, shift)


@pytest.fixture
def make_tiny():
    """The maker of tiny problems."""
    return tiny
