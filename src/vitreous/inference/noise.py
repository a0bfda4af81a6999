"""The noise of particle images: one spectrum's shape, one level a group, updated from the residuals of the fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.numerics.disc import Disc


@dataclass(frozen=True, eq=False)
class NoiseSpectra:
    """Variance of each real component of a coefficient's noise, E|N|² / 2, per group and shell.

    The factor two matters: the log-likelihood of a complex coefficient is −|d|² / E|N|² = −|d|² / 2σ² with σ² = E|N|² / 2. With
    E|N|² in its place the posteriors are too flat and a search drifts to random orientations.

    Parameters
    ----------
    variance
        float64 ``(groups, shells)``.
    """

    variance: Tensor

    def weight(self, disc: Disc, group: Tensor, count: int) -> Tensor:
        """1 / σ² at the first ``count`` points for images of ``group`` ``(n,)``: float32 ``(n, count)``."""
        return (1.0 / self.variance).float()[group][:, disc.shell[:count]]

    def scaled(self, factor: Tensor) -> NoiseSpectra:
        """All groups times ``factor`` per shell; shells beyond its end keep their value."""
        variance = self.variance.clone()
        variance[:, : len(factor)] *= factor
        return replace(self, variance=variance)


def image_power(images: FourierImages, weight: Tensor | None = None) -> Tensor:
    """Mean of |X|² (times ``weight`` per image and shell, if given) at each coefficient, float64 ``(K,)``."""
    total = torch.zeros(images.values.shape[1], dtype=torch.float64)
    for rows in torch.arange(len(images)).split(1024):
        power = images.values[rows].abs() ** 2
        if weight is not None:
            power = power * weight[images.group[rows]][:, images.disc.shell]
        total += power.double().sum(0)
    return total / max(1, len(images))


def initial_noise(images: FourierImages) -> NoiseSpectra:
    """Noise from the images' own power: an upper bound, close where a single image's signal is far below its noise.

    The common spectrum is scaled by each group's total power: groups differ in level long before their shape can be measured.
    """
    power = images.disc.shell_mean(image_power(images)).clamp_min(1e-12) / images.open_area
    power = torch.cat([power[1:2], power[1:]])
    groups = int(images.group.max()) + 1 if len(images) else 1
    level, count = torch.zeros(groups, dtype=torch.float64), torch.zeros(groups, dtype=torch.float64)
    for rows in torch.arange(len(images)).split(1024):
        relative = (images.values[rows].abs() ** 2 / power.float()[images.disc.shell]).mean(1).double() / images.open_area
        level.index_add_(0, images.group[rows], relative)
        count.index_add_(0, images.group[rows], torch.ones_like(relative))
    level = torch.where(count > 0, level / count.clamp_min(1), 1.0)
    return NoiseSpectra(0.5 * level[:, None] * power)
