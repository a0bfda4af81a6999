"""In-plane turns against closed forms and against their own adjoint."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics import planes as pl
from vitreous.numerics.disc import disc

SIGMA = 2.0


def blobs(size: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Two images of Gaussians within half the box, and the centres (x, y) about the origin pixel, ``(2, p, 2)``."""
    centres = (torch.rand(2, 8, 2, generator=generator, dtype=torch.float64) - 0.5) * size * 0.5
    line = (torch.arange(size) - size // 2).double()
    x, y = (torch.exp(-((line - centres[..., i, None]) ** 2) / (2 * SIGMA**2)) for i in range(2))
    return torch.einsum("cpx,cpy->cyx", x, y), centres


def transform(centres: torch.Tensor, d, size: int) -> torch.Tensor:
    kx, ky = d.kx.double() / size, d.ky.double() / size
    angle = -2 * math.pi * (centres[..., 0, None] * kx + centres[..., 1, None] * ky)
    height = 2 * math.pi * SIGMA**2 * torch.exp(-2 * math.pi**2 * SIGMA**2 * (kx**2 + ky**2))
    return torch.polar(torch.ones_like(angle), angle).sum(1) * height


@pytest.mark.parametrize("size", [32, 33])
def test_turned_images_are_those_of_turned_blobs(size: int, generator: torch.Generator):
    images, centres = blobs(size, generator)
    d = disc(size)
    which, angles = torch.tensor([0, 1, 1, 0]), torch.tensor([0.3, 2.0, -1.1, math.pi / 2], dtype=torch.float64)
    found = pl.turned(pl.half_planes(images, d.radius), which, angles, d, len(d))
    c, s = angles.cos(), angles.sin()
    turn = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)
    known = transform(torch.einsum("bij,bpj->bpi", turn, centres[which]), d, size)
    # Bilinear at twofold oversampling: as for slices, and 4 % where all points fall on the grid.
    assert float((found - known)[:3].norm() / known[:3].norm()) < 0.025
    assert float((found - known).norm() / known.norm()) < 0.05
    back = transform(torch.einsum("bji,bpj->bpi", turn, centres[which]), d, size)
    assert float((found - back).norm() / back.norm()) > 0.3, "control: the other sense of turning"


def test_put_back_is_the_adjoint(generator: torch.Generator):
    d = disc(24)
    m = pl.ball_margin(d.radius)
    planes = torch.view_as_complex(torch.randn(3, 2 * m + 1, m + 1, 2, generator=generator))
    # Cells on the line x = 0 and their mates are one number.
    planes[:, :, 0] = 0.5 * (planes[:, :, 0] + planes[:, :, 0].flip(1).conj())
    which, angles = torch.tensor([0, 0, 1, 2, 2]), 7 * torch.rand(5, generator=generator, dtype=torch.float64)
    values = torch.view_as_complex(torch.randn(5, len(d), 2, generator=generator))
    weights = torch.rand(5, len(d), generator=generator)
    forward = pl.turned(planes, which, angles, d, len(d))
    numerator, denominator = pl.put_back(values, weights, which, angles, 3, d)
    left = float((forward.conj() * values).real.sum())
    inner = planes.conj() * numerator
    inner[:, :, 0] *= 0.5
    assert abs(left - float(inner.real.sum())) < 1e-4 * float(forward.norm() * values.norm())
    heavy = denominator.clone()
    heavy[:, :, 0] *= 0.5
    assert float(heavy.sum()) == pytest.approx(float(weights.sum()), rel=1e-4)


def test_classes_without_images_stay_empty(generator: torch.Generator):
    d = disc(16)
    numerator, denominator = pl.put_back(
        torch.ones(2, len(d), dtype=torch.complex64), torch.ones(2, len(d)), torch.tensor([1, 1]), torch.zeros(2, dtype=torch.float64), 3, d
    )
    assert float(numerator[[0, 2]].abs().max()) == 0
    assert float(denominator[1].sum()) > 0


@pytest.mark.parametrize("size", [32, 33])
def test_an_average_of_turned_images_is_the_image(size: int, generator: torch.Generator):
    images, _ = blobs(size, generator)
    d = disc(size)
    angles = pl.turns(3.0)
    which = torch.zeros(len(angles), dtype=torch.int64)
    seen = pl.turned(pl.half_planes(images[:1], d.radius), which, angles, d, len(d))
    numerator, denominator = pl.put_back(seen, torch.ones(seen.shape), which, angles, 1, d)
    found = pl.images_of(numerator / denominator.clamp_min(1e-6), size)[0]
    found, known = d.image(d.take(found)), d.image(d.take(images[0].float()))
    # Three degrees leave gaps between turns and none near the middle: what was put back is averaged over uneven distances.
    assert float((found - known).norm() / known.norm()) < 0.08


def test_turns_go_once_around():
    angles = pl.turns(7.0)
    assert len(angles) == 52
    assert float(angles[-1] + angles[1]) == pytest.approx(2 * math.pi)
    assert pl.plane_shells(4)[4, 0] == 0
    assert pl.plane_shells(4)[4, 4] == 2
