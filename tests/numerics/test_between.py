"""Transforms between grid points against the plain sum."""

from __future__ import annotations

import math

import torch

from vitreous.numerics.between import Between


def test_it_is_the_plain_sum():
    """At any frequency up to Nyquist, on both sides of kx = 0, of noise that fills the box: the worst case."""
    size, chance = 20, torch.Generator().manual_seed(0)
    images = torch.randn(3, size, size, generator=chance)
    k = (torch.rand(2, 300, generator=chance, dtype=torch.float64) - 0.5) * size
    k[:, :3] = torch.tensor([[0.0, 3.0, -10.0], [0.0, -4.0, 9.99]])
    place = torch.arange(size).double() - size // 2
    waves = [torch.exp(-2j * math.pi * place[:, None] * q / size) for q in k]
    expected = torch.einsum("nyx,yk,xk->nk", images.to(torch.complex128), waves[1], waves[0])
    found = Between(size, *k)(images)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5
