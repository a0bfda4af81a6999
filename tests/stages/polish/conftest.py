"""Frame images of particles whose tracks are known: a reference of random coefficients, moved and buried in noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from vitreous.numerics.disc import Disc, disc
from vitreous.stages.polish.ascent import Observed
from vitreous.stages.polish.correlation import Fits, ShiftGrid

SIZE, PIXEL, RADIUS = 64, 2.8, 24
DOSE = 2.0


@dataclass(frozen=True)
class Scene:
    """Particles at ``places`` (Å) that went along ``tracks``, and what their images say."""

    places: np.ndarray
    tracks: np.ndarray
    observed: Observed


def moved(images: torch.Tensor, points: Disc, shift: np.ndarray) -> torch.Tensor:
    """Coefficients of images displaced by ``shift`` (b, 2) in Å: times exp(−2πi k·d), by the definition."""
    k = np.stack([points.kx.numpy(), points.ky.numpy()]) / (SIZE * PIXEL)
    return images * torch.from_numpy(np.exp(-2j * np.pi * (shift @ k))).to(torch.complex64)


@pytest.fixture
def scene() -> Callable[..., Scene]:
    """Builds a scene; ``strength`` is the particles' amplitude against noise of standard deviation 1 per real component."""

    def build(places: np.ndarray, tracks: np.ndarray, *, strength: float = 0.25, seed: int = 1, reach: float = 15.0) -> Scene:
        generator = torch.Generator().manual_seed(seed)
        points = disc(SIZE, RADIUS)
        k = torch.hypot(points.kx, points.ky) / (SIZE * PIXEL)
        count, frames = tracks.shape[:2]

        def normal() -> torch.Tensor:
            return torch.view_as_complex(torch.randn(count, len(points), 2, generator=generator))

        reference = normal() * torch.exp(-75 * k**2)
        left = strength * np.exp(-np.arange(frames) / 12)
        grid = ShiftGrid(points, PIXEL, reach)
        fits = []
        for f in range(frames):
            image = float(left[f]) * moved(reference, points, tracks[:, f]) + normal()
            fits.append(grid(image * reference.conj() * float(left[f])))
        power = torch.zeros(count, RADIUS + 1).index_add_(1, points.shell, reference.abs() ** 2).double().numpy()
        amplitude = left[:, None] * np.ones(RADIUS + 1)
        observed = Observed(Fits(np.stack(fits, 1), grid.step), places, power, amplitude, np.arange(RADIUS + 1) / (SIZE * PIXEL), DOSE)
        return Scene(places, tracks, observed)

    return build


@pytest.fixture
def rms() -> Callable[[np.ndarray], float]:
    """R.m.s. of errors of tracks without their mean over the frames, which no motion changes."""
    return lambda error: float(np.sqrt(np.square(error - error.mean(1, keepdims=True)).mean()))
