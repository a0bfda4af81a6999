"""Spectral signal-to-noise ratio of a mean of K transforms, and what it has to do with shell correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.shells import shell_average, shell_count


@dataclass(frozen=True, eq=False)
class Ssnr:
    """SSNR by shell, float64 ``(s,)`` each.

    Parameters
    ----------
    mean
        Of the mean of all K: K times that of one. max(F − 1, 0).
    low, high
        95 % interval.
    f
        K Ŝ / N̂: power of the mean over that of the noise in it.
    significant
        What F exceeds once in twenty shells without any signal.
    """

    mean: Tensor
    low: Tensor
    high: Tensor
    f: Tensor
    significant: Tensor


def degrees_of_freedom(samples: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(n, (K − 1) n): real numbers in the mean of K transforms, and in the deviations from it."""
    return samples, (count - 1) * samples


def spectral_snr(transforms: Tensor, shape: Sequence[int]) -> Ssnr:
    """SSNR of K aligned images, or of K maps from parts of the data.

    Parameters
    ----------
    transforms
        Complex half transforms, ``(K, *half grid)``, K at least 2; signal the same in each, noise independent.
    shape
        Shape of the real arrays, two or three axes.

    Returns
    -------
    Ssnr
        By shell up to Nyquist.

    Raises
    ------
    InputError
        If there are fewer than two, or they do not fit ``shape``.

    Notes
    -----
    With X̂ the mean, Ŝ = ⟨|X̂|²⟩ and N̂ = ⟨Σ|F − X̂|² / (K − 1)⟩ over a shell, F = K Ŝ / N̂ has the expectation 1 + SSNR for many
    numbers (Unser et al. 2005, J. Struct. Biol. 149:243). Without signal it follows Snedecor's F of (n, (K − 1) n) degrees of
    freedom. Interval: normal, with the first-order variance 2 (1 + 2S) / n + 2 (1 + S)² / ((K − 1) n).
    """
    from scipy.stats import f as snedecor

    count, shape = len(transforms), tuple(shape)
    require(count >= 2, "transforms", count, "two or more, for noise is what differs between them")
    require(tuple(transforms.shape[1:]) == (*shape[:-1], shape[-1] // 2 + 1), "transforms", tuple(transforms.shape),
            f"K half transforms of arrays of {shape}")  # fmt: skip
    mean = transforms.mean(0)
    signal = shell_average(mean.abs() ** 2, shape)
    noise = sum(shell_average((each - mean).abs() ** 2, shape) for each in transforms) / (count - 1)
    d1, d2 = degrees_of_freedom(shell_count(shape), count)
    f = count * signal / noise
    found = (f - 1).clamp_min(0.0)
    reach = NormalDist().inv_cdf(0.975) * (2 * (1 + 2 * found) / d1 + 2 * (1 + found) ** 2 / d2).sqrt()
    level = torch.from_numpy(snedecor.ppf(0.95, d1.cpu().numpy(), d2.cpu().numpy()))
    return Ssnr(found, (f - 1 - reach).clamp_min(0.0), (f - 1 + reach).clamp_min(0.0), f, level)


def fsc_of_halves(ssnr: Tensor) -> Tensor:
    """S / (2 + S): expected correlation of two half-maps, S the SSNR of the whole map."""
    return ssnr / (2 + ssnr)


def ssnr_of_whole(fsc: Tensor) -> Tensor:
    """2 r / (1 − r): SSNR of the whole map from the correlation of its halves; the inverse of :func:`fsc_of_halves`."""
    return 2 * fsc / (1 - fsc)


def fsc_of_whole(fsc: Tensor) -> Tensor:
    """2 r / (1 + r): correlation of two maps that each hold all data, from that of halves (Spearman & Brown 1910)."""
    return 2 * fsc / (1 + fsc)


def fsc_ref(fsc: Tensor) -> Tensor:
    """√(2 r / (1 + r)): expected correlation of the whole map with the truth, C_ref of Rosenthal & Henderson 2003, eq. 14; r ≥ 0."""
    return fsc_of_whole(fsc.clamp_min(0.0)).sqrt()
