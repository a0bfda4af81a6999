"""Movies with planted motion, from a simulator of a few lines that shares no code with the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter


@dataclass(frozen=True)
class Planted:
    """A movie and the truth about it.

    Parameters
    ----------
    frames
        Counts ``(n, y, x)``.
    way
        Position of the specimen at ``(frame, x, y)`` minus that at rest, pixels, ``(..., 2)``.
    """

    frames: np.ndarray
    way: Callable[[int, np.ndarray, np.ndarray], np.ndarray]

    def shift_error(self, found: Callable[[np.ndarray, np.ndarray], np.ndarray], edge: float = 0.08) -> np.ndarray:
        """RMS of |found + way| by frame, pixels, without the mean over the frames; ``found(x, y)`` is ``(m, n, 2)``."""
        height, width = self.frames.shape[1:]
        x, y = (g.ravel() for g in np.meshgrid(np.linspace(edge, 1 - edge, 9) * width, np.linspace(edge, 1 - edge, 9) * height))
        off = found(x, y) + np.stack([self.way(i, x, y) for i in range(len(self.frames))], axis=1)
        off = off - off.mean(axis=1, keepdims=True)
        return np.sqrt((off**2).sum(axis=-1).mean(axis=0))


def specimen(shape: tuple[int, int], rng: np.random.Generator, contrast: float) -> np.ndarray:
    """Discs of a protein's size with finer texture, band-limited, of the given contrast; periodic."""
    picture = rng.normal(size=shape)
    picture = gaussian_filter(picture, 3.0, mode="wrap") * 3 + gaussian_filter(rng.normal(size=shape), 12.0, mode="wrap") * 12
    return contrast * picture / picture.std()


def plant(
    shape: tuple[int, int], frames: int, way: Callable[[int, np.ndarray, np.ndarray], np.ndarray], seed: int,
    *, dose: float = 1.0, contrast: float = 0.15, gain: np.ndarray | float = 1.0,
) -> Planted:  # fmt: skip
    """Poisson counts of ``dose`` e/pixel/frame over a specimen of which each point follows ``way``, divided by ``gain``."""
    rng = np.random.default_rng(seed)
    picture = spline_filter(specimen(shape, rng, contrast), mode="grid-wrap")
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    out = []
    for i in range(frames):
        px, py = x, y
        for _ in range(2):  # each step leaves about a hundredth of the error: 0.001 pixels after two
            d = way(i, px, py)
            px, py = x - d[..., 0], y - d[..., 1]
        image = map_coordinates(picture, [py, px], order=3, mode="grid-wrap", prefilter=False)
        out.append(rng.poisson(np.clip(dose * (1 + image) / gain, 0, None)))
    return Planted(np.array(out, dtype=np.uint8), way)


@pytest.fixture(scope="session")
def make_movie() -> Callable[..., Planted]:
    """The simulator."""
    return plant


def drifting(seed: int, frames: int, step: float = 1.5) -> np.ndarray:
    """A random walk that starts at 0: ``(frames, 2)``."""
    walk = np.cumsum(np.random.default_rng(seed).normal(0.4, step, (frames, 2)), axis=0)
    return walk - walk[0]


@pytest.fixture(scope="session")
def drifted() -> tuple[Planted, np.ndarray]:
    """512 x 480, 12 frames at 1 e/pixel, a drift that all points share."""
    walk = drifting(1, 12)
    return plant((480, 512), 12, lambda i, x, y: np.broadcast_to(walk[i], (*np.shape(x), 2)), 1, contrast=0.3), walk


@pytest.fixture(scope="session")
def warped() -> Planted:
    """768 x 768, 16 frames at 1 e/pixel: drift and a local motion that no cubic follows."""
    walk = drifting(2, 16, 0.6)

    def way(i: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        grown = 1 - np.exp(-i / 3.0)
        u, v = x / 768, y / 768
        return walk[i] + grown * np.stack([2.0 * np.sin(4.0 * u + 1.5 * v), -1.5 * np.cos(3.5 * v - u)], axis=-1)

    return plant((768, 768), 16, way, 2, contrast=0.2)
