"""Filters by their gains on single waves; soft edges by their widths."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.numerics import filters


def wave(period: float, size: int = 64, pixel: float = 2.0) -> torch.Tensor:
    return torch.cos(2 * math.pi * torch.arange(size, dtype=torch.float64) * pixel / period).expand(size, size)


def test_gain_curves():
    k = torch.tensor([0.0, 0.09, 0.1, 0.11, 0.2], dtype=torch.float64)
    torch.testing.assert_close(filters.raised_cosine(k, 0.1, 0.02), torch.tensor([1, 1, 0.5, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(filters.gaussian(k[2:3], 0.1), torch.tensor([math.exp(-0.5)], dtype=torch.float64))


@pytest.mark.parametrize(("period", "kept"), [(32.0, 1.0), (16.0, 0.5), (8.0, 0.0)])
def test_low_and_high_pass_of_waves(period: float, kept: float):
    """Periods of 128 / n Å have a coefficient of their own; the cut-off, 16 Å, keeps one half."""
    image = wave(period)
    torch.testing.assert_close(filters.low_pass(image, 16.0, 2.0, axes=2), kept * image)
    torch.testing.assert_close(filters.high_pass(image, 16.0, 2.0, axes=2), (1 - kept) * image)


@pytest.mark.parametrize("shape", [(5, 6, 7), (8, 8, 8)])
def test_filters_keep_shape_precision_and_mean(shape: tuple[int, ...], generator: torch.Generator):
    values = torch.randn(shape, generator=generator) + 3
    found = filters.low_pass(values, 9.0, 1.5, axes=3)
    assert (found.shape, found.dtype) == (values.shape, torch.float32)
    assert float(found.mean()) == pytest.approx(float(values.mean()), rel=1e-5)
    assert float(found.var()) < float(values.var())
    assert float(filters.high_pass(values, 9.0, 1.5, axes=3).mean()) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (9, 9), (6, 9), (4, 5, 6)])
def test_radius_is_measured_from_the_origin_voxel(shape: tuple[int, ...]):
    found = filters.radius(shape)
    assert found.shape == shape
    assert float(found[tuple(n // 2 for n in shape)]) == 0
    assert float(found[(0,) * len(shape)]) == pytest.approx(math.sqrt(sum((n // 2) ** 2 for n in shape)))
    assert filters.radius(shape, like=torch.zeros(1, dtype=torch.float64)).dtype == torch.float64


def test_soft_disc():
    disc = filters.soft_disc((33, 33), 8.0, 4.0)[16]
    assert disc[16 + 8] == 1
    assert float(disc[16 + 10]) == pytest.approx(0.5)
    assert disc[16 + 12] == 0
    assert (disc[16:].diff() <= 0).all()
    hard = filters.soft_disc((9, 9, 9), 2.0, 0.0)
    inside = filters.radius((9, 9, 9))
    assert (hard[inside < 2] == 1).all()
    assert (hard[inside > 2] == 0).all()
