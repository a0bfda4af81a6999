"""How much of a frame's power is specimen and how much is noise, told apart by what adds up over the frames.

With n aligned frames X_i = S + N_i, E|X|² = P_S + P_N and E|ΣX|² = n² P_S + n P_N, so both follow from the data. They
give the alignment its weights: with S Gaussian and integrated out, the log-likelihood of the shifts is

    L = Σ_k c(k) |Σ_i X_i exp(-2πi k·s_i)|² / P_N,   c = ρ / (1 + n ρ),   ρ = P_S / P_N

(the marginal likelihood of a linear Gaussian model; Bishop 2006, *Pattern Recognition and Machine Learning*, eq. 2.115).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.shells import shell_average, shell_count

#: Rings averaged together, to steady the ratio without hiding the rings of the CTF.
SMOOTHING = 5


@dataclass(frozen=True)
class SignalToNoise:
    """Ratio of powers of signal and noise in one frame, by spatial frequency.

    Parameters
    ----------
    frequency
        ``(shells,)`` in cycles per pixel of the shrunk frames.
    ratio
        ``(shells,)``, ρ, 0 or more.
    noise
        ``(shells,)``, power of the noise per pixel of the shrunk frame.
    """

    frequency: NDArray[np.float64]
    ratio: NDArray[np.float64]
    noise: NDArray[np.float64]

    def ratio_at(self, k: NDArray) -> NDArray[np.float64]:
        """ρ at frequencies ``k``; 0 beyond the last."""
        return np.interp(k, self.frequency, self.ratio, right=0.0)

    def noise_at(self, k: NDArray) -> NDArray[np.float64]:
        """Power of the noise per pixel at frequencies ``k``."""
        return np.interp(k, self.frequency, self.noise)

    def of_sums(self, frames: float) -> SignalToNoise:
        """The same for sums of so many frames."""
        return SignalToNoise(self.frequency, self.ratio * frames, self.noise * frames)

    def reach(self, frames: int, share: float = 0.85) -> float:
        """Frequency below which ``share`` of the information about the shifts of ``frames`` frames lies, Σ k³ ρ² / (1 + n ρ)."""
        information = np.cumsum(self.frequency**3 * self.ratio**2 / (1 + frames * self.ratio))
        if information[-1] <= 0:
            return float(self.frequency[-1])
        return float(self.frequency[min(np.searchsorted(information, share * information[-1]), len(information) - 1)])


def running_mean(curve: NDArray, width: int) -> NDArray:
    """Mean over ``width`` (odd) neighbours, fewer at the ends."""
    kernel = np.ones(width)
    return np.convolve(curve, kernel, mode="same") / np.convolve(np.ones_like(curve), kernel, mode="same")


def ring_power(power: Tensor, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Mean of ``power`` (|F|², a half transform) over each ring, per pixel."""
    return shell_average(power, shape).numpy() / (shape[0] * shape[1])


def separate(single: NDArray, summed: NDArray, frames: int, shape: tuple[int, int]) -> SignalToNoise:
    """Tell signal from noise.

    Parameters
    ----------
    single
        Mean power of the frames by ring.
    summed
        Power of the sum of the aligned frames by ring.
    frames
        How many were summed.
    shape
        (y, x) of a frame: ring s has the frequency s / (longer side).

    Notes
    -----
    Where the signal found is not clearly above its own error σ it is shrunk by S² / (S² + σ²), so that rings of noise alone
    do not take part.
    """
    signal = np.clip(running_mean((summed - frames * single) / (frames * frames - frames), SMOOTHING), 0.0, None)
    noise = np.maximum(running_mean(single, SMOOTHING) - signal, 1e-3 * single.clip(1e-30))
    rings = running_mean(shell_count(shape).numpy(), SMOOTHING) * SMOOTHING
    error = noise / (frames - 1) * np.sqrt(2 / rings.clip(1.0))
    signal = signal * signal**2 / (signal**2 + error**2 + 1e-300)
    return SignalToNoise(np.arange(len(single)) / max(shape), signal / noise, noise)


def high_pass(k: NDArray, cutoff: float) -> NDArray[np.float64]:
    """0 at zero frequency, ½ near ``cutoff``, 1 well above: 1 − exp(−(k/cutoff)⁴ ln 2)."""
    return 1 - np.exp(-np.log(2.0) * (k / cutoff) ** 4)


def prepared(frame: NDArray[np.float32], edge: float = 0.03) -> Tensor:
    """A frame with its mean taken away and its edges faded, ready to transform."""
    values = torch.from_numpy(frame)
    return (values - values.mean()).mul_(faded(*values.shape, edge))


@lru_cache(maxsize=1)
def faded(rows: int, columns: int, edge: float) -> Tensor:
    """1 in the middle of a frame, falling to 0 over the share ``edge`` at each side."""
    ramps = []
    for size in (rows, columns):
        distance = torch.minimum(torch.arange(size) + 0.5, size - torch.arange(size) - 0.5)
        ramps.append(0.5 - 0.5 * torch.cos(torch.pi * (distance / max(1.0, edge * size)).clamp(max=1.0)))
    return ramps[0][:, None] * ramps[1]
