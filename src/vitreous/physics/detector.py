"""A counting detector: every electron is one count in one pixel, each pixel a little more or less sensitive.

The expected image loses sharpness to the pixels' square aperture before anything is counted, so the noise of a counted frame
is white and its variance equals its mean (Poisson) up to the gain. Raw counts are repaired by *multiplying* with the gain
reference, RELION's and MotionCor2's custom; there a pixel of 0 marks a defect.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies
from vitreous.runtime.threads import threads

#: Rows counted with one generator: fixes the random numbers whatever the number of threads.
ROWS_A_BLOCK = 256


def aperture(shape: tuple[int, int]) -> Tensor:
    """Transfer of a square pixel, sinc(kx) sinc(ky) with k in cycles a pixel, on the half grid of an image of ``shape``."""
    return torch.sinc(axis_frequencies(shape[0]))[:, None] * torch.sinc(axis_frequencies(shape[1], half=True))


@dataclass(frozen=True)
class Detector:
    """Pixels and what is wrong with them.

    Parameters
    ----------
    gain
        ``(y, x)``, float32: what counts are multiplied by; 0 for dead pixels.
    hot
        ``(n, 2)`` as (x, y): pixels that count without electrons and that the gain does not mark.
    hot_rate
        Mean counts of those a frame.
    """

    gain: NDArray[np.float32]
    hot: NDArray[np.int64]
    hot_rate: float = 60.0

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x)."""
        return self.gain.shape  # type: ignore[return-value]


def detector(
    shape: tuple[int, int], chance: np.random.Generator, *, spread: float = 0.03, dead: int = 0, hot: int = 0
) -> Detector:
    """Make a detector.

    Parameters
    ----------
    shape
        (y, x) in pixels.
    chance
        Where its flaws are.
    spread
        Standard deviation of the gain from pixel to pixel, 0 to 0.2; smooth steps of as much again between readout tiles.
    dead, hot
        Numbers of such pixels.
    """
    require(0 <= spread <= 0.2, "spread", spread, "from 0 to 0.2")
    tiles = chance.normal(0, spread, (4, 8))
    rows, columns = (np.arange(n) * k // n for n, k in zip(shape, tiles.shape))
    gain = 1 + tiles[rows][:, columns] + chance.normal(0, spread, shape)
    gain = np.clip(gain / gain.mean(), 0.3, 3.0)
    flawed = chance.choice(shape[0] * shape[1], dead + hot, replace=False)
    places = np.stack([flawed % shape[1], flawed // shape[1]], 1).astype(np.int64)
    gain[places[:dead, 1], places[:dead, 0]] = 0.0
    return Detector(gain.astype(np.float32), places[dead:])


def count(expected: NDArray[np.float32], camera: Detector, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Count one frame.

    Parameters
    ----------
    expected
        Electrons a pixel that a perfect detector would count, ``(y, x)``, 0 or more.
    camera
        The detector.
    chance
        For the Poisson draws.

    Returns
    -------
    ndarray
        uint8 ``(y, x)``; counts above 255 are 255.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    require(expected.shape == camera.shape, "expected", expected.shape, f"of the detector's shape {camera.shape}")
    with np.errstate(divide="ignore"):
        mean = np.where(camera.gain > 0, np.maximum(expected, 0) / camera.gain, 0.0)
    mean[camera.hot[:, 1], camera.hot[:, 0]] += camera.hot_rate
    blocks = [slice(start, start + ROWS_A_BLOCK) for start in range(0, len(mean), ROWS_A_BLOCK)]
    counts = np.empty(mean.shape, np.uint8)

    def fill(block: slice, own: np.random.Generator) -> None:
        counts[block] = np.minimum(own.poisson(mean[block]), 255)

    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(fill, blocks, chance.spawn(len(blocks))))
    return counts
