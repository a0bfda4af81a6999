"""How much signal for how much noise: two ways to say it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.errors import require


@dataclass(frozen=True)
class PixelSnr:
    """Variance of the signal in the disc of the particle over the variance of the noise of a pixel.

    Parameters
    ----------
    value
        Positive; 0.05 to 0.2 is usual for good particles at 1.5 Å a pixel.
    """

    value: float

    def __post_init__(self) -> None:
        require(self.value > 0, "value of the SNR", self.value, "positive")


@dataclass(frozen=True)
class ShellSnr:
    """Power of the signal (CTF² averaged) over that of the noise in each shell of one image.

    Between the points log SNR is linear in log resolution; outside it goes on as before.

    Parameters
    ----------
    points
        (resolution in Å, SNR) from coarse to fine, at least two.
    """

    points: tuple[tuple[float, float], ...] = ((40.0, 1.0), (10.0, 0.1), (4.0, 0.01))

    def __post_init__(self) -> None:
        coarse_to_fine = all(a[0] > b[0] for a, b in zip(self.points, self.points[1:]))
        require(len(self.points) >= 2 and coarse_to_fine, "points", self.points, "at least two, from coarse to fine, in Å")
        require(all(snr > 0 for _, snr in self.points), "SNR", self.points, "positive")

    def scaled(self, factor: float) -> ShellSnr:
        """The same shape, ``factor`` times as much."""
        return replace(self, points=tuple((d, snr * factor) for d, snr in self.points))

    def at(self, k: Tensor) -> Tensor:
        """SNR at ``k`` in Å⁻¹ (positive)."""
        knots = torch.tensor([-math.log(d) for d, _ in self.points], dtype=torch.float64)
        values = torch.tensor([math.log(snr) for _, snr in self.points], dtype=torch.float64)
        x = k.double().clamp_min(1e-6).log()
        segment = (torch.searchsorted(knots, x) - 1).clamp(0, len(knots) - 2)
        slope = (values[segment + 1] - values[segment]) / (knots[segment + 1] - knots[segment])
        return torch.exp(values[segment] + slope * (x - knots[segment]))


@dataclass(frozen=True)
class NoiseColour:
    """Power of the noise over frequency: 1 + red / (1 + (k d)²).

    Parameters
    ----------
    red
        Extra power at the lowest frequencies; 0 is white.
    scale
        d in Å: where the extra power has fallen to a half.
    """

    red: float = 0.0
    scale: float = 60.0

    def __post_init__(self) -> None:
        require(self.red >= 0 and self.scale > 0, "red and scale", (self.red, self.scale), "0 or more, and positive in Å")

    def amplitude(self, k: Tensor) -> Tensor:
        """Square root of the power at ``k`` in Å⁻¹."""
        return torch.sqrt(1 + self.red / (1 + (k * self.scale) ** 2))
