"""Iterative data refinement where its end is known: many images of one view, whose map is their mean."""

from __future__ import annotations

import pytest
import torch

from vitreous.errors import InputError
from vitreous.stages.ctf_correct.refinement import refined_data

COUNT, POINTS = 12, 200


@pytest.fixture
def series() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    truth = torch.view_as_complex(torch.randn(POINTS, 2, generator=chance))
    transfer = torch.rand(COUNT, POINTS, generator=chance)
    return truth, transfer, transfer * truth


def mean(data: torch.Tensor) -> torch.Tensor:
    return data.mean(0).expand(len(data), -1)


def test_without_noise_the_data_become_what_no_ctf_had_touched(series):
    truth, transfer, flipped = series
    found = refined_data(flipped, transfer, mean, iterations=60)
    assert float((mean(found)[0] - truth).abs().max()) < 1e-4
    once = mean(refined_data(flipped, transfer, mean, iterations=1))[0]
    assert float((once - truth).abs().max()) > 0.1  # not before


def test_it_ends_at_the_ratio_of_sums(series):
    _, transfer, flipped = series
    noisy = flipped + 0.3 * torch.view_as_complex(torch.randn(COUNT, POINTS, 2, generator=torch.Generator().manual_seed(1)))
    found = mean(refined_data(noisy, transfer, mean, iterations=100, relaxation=0.7))[0]
    assert torch.allclose(found, noisy.sum(0) / transfer.sum(0), atol=1e-4)


def test_its_error_shrinks_by_the_mean_transfer_each_time(series):
    truth, _, _ = series
    half = torch.full((COUNT, POINTS), 0.5)
    errors = [float((mean(refined_data(half * truth, half, mean, iterations=n))[0] - truth).abs().max()) for n in (3, 4)]
    assert errors[1] / errors[0] == pytest.approx(0.5, rel=1e-3)


def test_values_out_of_range_are_refused(series):
    _, transfer, flipped = series
    with pytest.raises(InputError, match="relaxation must be above 0"):
        refined_data(flipped, transfer, mean, relaxation=0.0)
    with pytest.raises(InputError, match="iterations must be at least 1"):
        refined_data(flipped, transfer, mean, iterations=0)
    with pytest.raises(InputError, match="shape of the transfer"):
        refined_data(flipped, transfer[:3], mean)
