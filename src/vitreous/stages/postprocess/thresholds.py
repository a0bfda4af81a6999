"""Every line that people draw across a shell correlation, and the resolution with its interval that each one gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.correlation_statistics import information_level, noise_level
from vitreous.stages.postprocess.fsc import FscCurves
from vitreous.stages.postprocess.resolution import Resolution, resolution


@dataclass(frozen=True, eq=False)
class Threshold:
    """One criterion and what it gives.

    Parameters
    ----------
    name
        "0.143", "0.5", "1/3", "2 sigma", "3 sigma", "5 sigma", "half-bit" or "1-bit".
    meaning
        What it asks, in words.
    level
        The line: float64, one number a shell.
    found
        Resolution with its 95 % interval; None where the maps agree no better than noise.
    """

    name: str
    meaning: str
    level: Tensor
    found: Resolution | None


def levels(samples: Tensor) -> dict[str, tuple[str, Tensor]]:
    """Every criterion for two half-maps: its name, what it asks, and its line.

    Parameters
    ----------
    samples
        Independent real degrees of freedom in each shell.

    Notes
    -----
    With R = 2 FSC / (1 + FSC) the correlation of two maps of all data, √R is that of the whole map with the truth: 1/2 at
    FSC = 1/7 (Rosenthal & Henderson 2003, J. Mol. Biol. 333:721). The whole map's SNR is 2 FSC / (1 − FSC): 1/3 at 1/7, 1 at 1/3
    (often printed 0.3), 2 at 1/2. The other two kinds depend on n: what noise reaches
    (:func:`~vitreous.numerics.correlation_statistics.noise_level`), and
    bits (:func:`~vitreous.numerics.correlation_statistics.information_level`), which are Shannon's for a channel that nobody sends
    anything through: read them as SNR 0.41 and 1 with an allowance for small n.
    """
    flat = torch.ones_like(samples)
    return {
        "0.143": ("the whole map correlates with the truth by 1/2", GOLD_STANDARD * flat),
        "0.5": ("each half has as much signal as noise", 0.5 * flat),
        "1/3": ("the whole map has as much signal as noise", flat / 3),
        "2 sigma": ("more than noise reaches in 97.7 of 100 shells", noise_level(samples, 2.0)),
        "3 sigma": ("more than noise reaches in 99.87 of 100 shells", noise_level(samples, 3.0)),
        "5 sigma": ("more than noise reaches in all but one of 3.5 million shells", noise_level(samples, 5.0)),
        "half-bit": ("half a bit a voxel: signal 0.41 times the noise in the whole map", information_level(samples, 0.5)),
        "1-bit": ("a bit a voxel: as much signal as noise in the whole map", information_level(samples, 1.0)),
    }


def threshold_table(curves: FscCurves) -> tuple[Threshold, ...]:
    """What each criterion says of two half-maps, in the order of :func:`levels`."""
    return tuple(Threshold(name, meaning, level, resolution(curves, level)) for name, (meaning, level) in levels(curves.samples).items())
