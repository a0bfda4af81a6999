"""Micrographs with known particles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from vitreous.data.optics import Optics
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.numerics.rotations import random_rotations
from vitreous.physics.ctf import ctf_grid


@dataclass(frozen=True)
class Scene:
    """A micrograph, its particles' centres (x, y), and pictures of the particle alone, seen from all sides, dark."""

    image: torch.Tensor
    true: np.ndarray
    views: torch.Tensor


def atoms(rng: np.random.Generator, diameter: float, axes: tuple[float, float, float]) -> np.ndarray:
    """Uniform in an ellipsoid, with cavities at its rim."""
    points = rng.normal(size=(6000, 3))
    points *= (rng.random(6000) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    holes = rng.normal(size=(8, 3))
    holes *= 0.9 / np.linalg.norm(holes, axis=1)[:, None]
    far = np.linalg.norm(points[:, None] - holes, axis=-1).min(1) > 0.35
    points = points[far] * np.array(axes) * diameter / 2
    return points - points.mean(0)


def places(rng: np.random.Generator, side: int, count: int, apart: float) -> np.ndarray:
    found: list[np.ndarray] = []
    for trial in rng.uniform(0, side - 1, (200 * count, 2)):
        if len(found) < count and all(np.hypot(*(trial - other)) > apart for other in found):
            found.append(trial)
    return np.array(found).reshape(-1, 2)


def splat(points: np.ndarray, side: int, blur: float) -> np.ndarray:
    inside = ((points > -0.5) & (points < side - 0.5)).all(1)
    x, y = np.round(points[inside]).astype(int).T
    image = np.zeros((side, side))
    np.add.at(image, (y, x), 1.0)
    return gaussian_filter(image, blur)


def imaged(projection: np.ndarray, pixel_size: float) -> torch.Tensor:
    defocus = torch.tensor([15000.0, 15000.0, 0.0, 0.0], dtype=torch.float64)
    transfer = ctf_grid(defocus, Optics(pixel_size=pixel_size), projection.shape)
    return irfft2(rfft2(torch.as_tensor(projection)) * transfer, projection.shape)


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    """Make a micrograph of 700 pixels of 3 Å with particles 150 Å across.

    ``snr`` is the variance of the signal within the particles' discs over that of the noise.
    """

    def make(seed: int, count: int = 40, snr: float = 0.05, axes=(1.0, 1.0, 1.0), apart: float = 1.05, side: int = 700) -> Scene:
        rng = np.random.default_rng(seed)
        pixel, across = 3.0, 50.0
        body = atoms(rng, 150.0, axes)
        true = places(rng, side, count, apart * across)
        turns = random_rotations(max(count, 6), torch.Generator().manual_seed(seed)).numpy()
        flat = [(body @ turn.T)[:, :2] / pixel for turn in turns]
        signal = imaged(splat(np.concatenate([f + t for f, t in zip(flat, true)]), side, 1.0), pixel)
        y, x = np.mgrid[:side, :side]
        inside = np.any([np.hypot(x - a, y - b) < across / 2 for a, b in true[:30]], axis=0)
        noise = torch.as_tensor(rng.normal(size=(side, side)))
        image = signal + noise * float(signal[torch.as_tensor(inside)].std()) / np.sqrt(snr)
        views = torch.stack([imaged(splat(f + 40, 80, 1.0), pixel) for f in flat[:6]])
        return Scene(image.float(), true, views.float())

    return make
