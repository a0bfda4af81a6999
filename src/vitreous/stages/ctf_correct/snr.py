r"""The spectral signal-to-noise ratio of images, from the height of their Thon rings.

The power of an image is P(k) = c(k)² S(k) + B(k): the straight line of |X|² against c² in a band of frequencies has the slope S, the
signal's power before the CTF, and the intercept B, that of what the CTF did not modulate. Their ratio is the SNR that a Wiener filter
asks for. Bands are as wide as half a ring on either side, so that c² takes all its values in each.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.shells import shell_count, shell_sum

#: Shells on either side of a band at least.
LEAST_WIDTH = 3


def spectral_snr(power: Tensor, c: Tensor, shape: tuple[int, int], *, ring: NDArray[np.float64] | None = None) -> Tensor:
    """SNR by shell.

    Parameters
    ----------
    power
        |X|² on the half grid, ``(n, y, x // 2 + 1)``: of one micrograph, or of many particles.
    c
        CTF there, of the same shape.
    shape
        (y, x) of the images.
    ring
        Width of a Thon ring (a period of c²) at each shell, in shells, ``(max(shape) // 2 + 1,)``; without it bands are as narrow as
        they may be, which will do for many images of different defocus.

    Returns
    -------
    Tensor
        float64 ``(max(shape) // 2 + 1,)``, 0 or more.

    Raises
    ------
    InputError
        If the shapes differ.

    Notes
    -----
    Sums go over all images before the line is fitted: with m = ⟨c²⟩, S = (⟨P c²⟩ − ⟨P⟩ m) / (⟨c⁴⟩ − m²), B = ⟨P⟩ − m S.
    """
    require(power.shape == c.shape, "the shape of the CTFs", tuple(c.shape), f"that of the power, {tuple(power.shape)}")
    square = c.double() ** 2
    count = shell_count(shape) * len(power)
    sums = [shell_sum(each.sum(0), shape) for each in (power.double(), square, square**2, power.double() * square)]
    n, p, m, mm, pm = (_banded(each.numpy(), ring) for each in (count, *sums))
    p, m, mm, pm = (each / n for each in (p, m, mm, pm))
    slope = (pm - p * m) / np.maximum(mm - m**2, 1e-6)
    rest = np.maximum(p - m * slope, 1e-3 * p + 1e-30)
    return torch.from_numpy(np.clip(slope, 0, None) / rest)


def _banded(values: NDArray[np.float64], ring: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Sums over a band about each shell."""
    shell = np.arange(len(values))
    half = np.full(len(values), LEAST_WIDTH)
    if ring is not None:
        half = np.clip(np.ceil(0.5 * ring), LEAST_WIDTH, np.maximum(LEAST_WIDTH, shell // 2))
    total = np.concatenate([[0.0], np.cumsum(values)])
    low, high = np.maximum(shell - half, 1).astype(int), np.minimum(shell + half + 1, len(values)).astype(int)
    return total[high] - total[np.minimum(low, high - 1)]
