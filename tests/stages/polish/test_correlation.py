"""Curves of fit against direct sums over the coefficients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from vitreous.numerics.disc import disc
from vitreous.stages.polish.correlation import Fits, ShiftGrid

SIZE, PIXEL, RADIUS = 48, 2.0, 18
POINTS = disc(SIZE, RADIUS)
K = np.stack([POINTS.kx.numpy(), POINTS.ky.numpy()]) / (SIZE * PIXEL)


def weighted(count: int, seed: int = 0) -> torch.Tensor:
    return torch.view_as_complex(torch.randn(count, len(POINTS), 2, generator=torch.Generator().manual_seed(seed)))


def direct(values: torch.Tensor, shift: np.ndarray, damp: float = 0.0) -> np.ndarray:
    """Re Σ W e^{2πi k·d}, W damped by a blur of ``damp`` Å."""
    waves = np.exp(2j * np.pi * (shift @ K) - 2 * (np.pi * damp) ** 2 * (K**2).sum(0))
    return (values.numpy() * waves).sum(-1).real


@pytest.fixture
def fits() -> Callable[[torch.Tensor], Fits]:
    grid = ShiftGrid(POINTS, PIXEL, 10.0)
    return lambda values: Fits(grid(values)[:, None], grid.step)


def test_values_and_slopes_between_the_grid_points_are_those_of_the_sum(fits: Callable[[torch.Tensor], Fits]) -> None:
    values = weighted(200)
    shift = np.random.default_rng(1).uniform(-9, 9, (200, 1, 2))
    height, slope = fits(values).at(shift)
    want = direct(values, shift[:, 0])
    # a cubic spline at half the Nyquist step errs by up to 1 % at the highest frequencies
    assert np.abs(height[:, 0] - want).max() < 0.02 * want.std()
    step = 1e-4
    for axis in (0, 1):
        ahead = np.eye(2)[axis] * step
        exact = (direct(values, shift[:, 0] + ahead) - direct(values, shift[:, 0] - ahead)) / (2 * step)
        assert (slope[:, 0, axis] - exact).std() < 0.03 * exact.std()


def test_blurred_curves_are_those_of_damped_coefficients(fits: Callable[[torch.Tensor], Fits]) -> None:
    values = weighted(50)
    shift = np.random.default_rng(2).uniform(-3, 3, (50, 1, 2))
    want = direct(values, shift[:, 0], damp=1.5)
    # the blur reaches beyond the grid by little: 7 Å are more than four of its widths
    assert np.abs(fits(values).blurred(1.5).at(shift)[0][:, 0] - want).max() < 0.03 * want.std()


def test_beyond_the_reach_the_edge_counts(fits: Callable[[torch.Tensor], Fits]) -> None:
    found = fits(weighted(3))
    inside, beyond = np.full((3, 1, 2), found.reach), np.full((3, 1, 2), 99.0)
    np.testing.assert_allclose(found.at(beyond)[0], found.at(inside)[0])


def test_peaks_are_where_an_image_lies(fits: Callable[[torch.Tensor], Fits]) -> None:
    power = torch.exp(-torch.from_numpy((K**2).sum(0)) * 60).to(torch.complex64)
    shift = np.random.default_rng(3).uniform(-8, 8, (40, 2))
    values = torch.from_numpy(np.exp(-2j * np.pi * (shift @ K))).to(torch.complex64) * power
    assert np.abs(fits(values).peaks()[:, 0] - shift).max() < 0.05
