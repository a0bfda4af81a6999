"""The noise of particle images: one spectrum's shape, one level a group, updated from the residuals of the fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.misfit import BELIEVED, Misfit
from vitreous.numerics.disc import Disc

#: κ: coefficients for which the common shape counts when a group's own is estimated.
PRIOR_POINTS = 300.0


@dataclass(frozen=True, eq=False)
class NoiseSpectra:
    """Variance of each real component of a coefficient's noise, E|N|² / 2, per group and shell.

    The factor two matters: the log-likelihood of a complex coefficient is −|d|² / E|N|² = −|d|² / 2σ² with σ² = E|N|² / 2. With
    E|N|² in its place the posteriors are too flat and a search drifts to random orientations.

    Parameters
    ----------
    variance
        float64 ``(groups, shells)``, on the CPU.
    """

    variance: Tensor

    def weight(self, disc: Disc, group: Tensor, count: int) -> Tensor:
        """1 / σ² at the first ``count`` points for images of ``group`` ``(n,)``: float32 ``(n, count)``, where the disc is."""
        return (1.0 / self.variance).float()[group].to(disc.shell.device)[:, disc.shell[:count]]

    def scaled(self, factor: Tensor) -> NoiseSpectra:
        """All groups times ``factor`` per shell; shells beyond its end keep their value."""
        variance = self.variance.clone()
        variance[:, : len(factor)] *= factor
        return replace(self, variance=variance)

    def updated(self, misfit: Misfit) -> NoiseSpectra:
        """Spectra after a pass: each group's own where its images say enough, else the common shape at its level.

        With m the mean misfit of a group in a shell of p coefficients, and n images, the factor is
        (n p m + κ f l) / (n p + κ): f is the mean over all images, l the group's level relative to it.
        """
        shells = self.variance.shape[1]
        points = 2 * torch.pi * torch.arange(shells, dtype=torch.float64).clamp_min(0.5) / 2
        common = (misfit.total.sum(0) + misfit.spread_total) / (misfit.images.sum() + misfit.spread)
        seen = misfit.images[:, None].clamp_min(1)
        own = torch.where(misfit.images[:, None] > 0, misfit.total / seen, common)
        level = (own * points).sum(1, keepdim=True) / (common * points).sum()
        weight = misfit.images[:, None] * points
        factor = (weight * own + PRIOR_POINTS * common * level) / (weight + PRIOR_POINTS)
        factor[:, 0] = factor[:, 1]
        return replace(self, variance=self.variance * factor.clamp(*BELIEVED))


def image_power(images: FourierImages, weight: Tensor | None = None) -> Tensor:
    """Mean of |X|² (times ``weight`` per image and shell, if given) at each coefficient, float64 ``(K,)``."""
    count = len(images.disc)
    total = torch.zeros(count, dtype=torch.float64, device=images.device)
    for rows in torch.arange(len(images)).split(1024):
        power = images.block(rows, count)[0].abs() ** 2
        if weight is not None:
            power = power * weight[images.group[rows]].to(images.device)[:, images.disc.shell]
        total += power.double().sum(0)
    return total / max(1, len(images))


def initial_noise(images: FourierImages) -> NoiseSpectra:
    """Noise from the images' own power: an upper bound, close where a single image's signal is far below its noise.

    The common spectrum is scaled by each group's total power: groups differ in level long before their shape can be measured.
    """
    power = images.disc.shell_mean(image_power(images)).cpu().clamp_min(1e-12) / images.open_area
    power = torch.cat([power[1:2], power[1:]])
    groups = int(images.group.max()) + 1 if len(images) else 1
    level, count = torch.zeros(groups, dtype=torch.float64), torch.zeros(groups, dtype=torch.float64)
    for rows in torch.arange(len(images)).split(1024):
        found = images.block(rows, len(images.disc))[0].abs() ** 2
        relative = (found / power.float().to(images.device)[images.disc.shell]).mean(1).cpu().double() / images.open_area
        level.index_add_(0, images.group[rows], relative)
        count.index_add_(0, images.group[rows], torch.ones_like(relative))
    level = torch.where(count > 0, level / count.clamp_min(1), 1.0)
    return NoiseSpectra(0.5 * level[:, None] * power)
