"""What the fit leaves over, per shell: the check and the update of the noise."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, image_power
from vitreous.inference.pose_search import SearchResult
from vitreous.numerics.slices import HalfBall, slices


def residual_factor(images: FourierImages, noise: NoiseSpectra, slices: Tensor, found: SearchResult) -> Tensor:
    """Mean of E|X − c S|² / 2σ² per shell under the posterior: 1 where the noise is right.

    Σ_i E|X_i − c S|² / σ² = Σ|X_i|² / σ² − 2 Re Σ_r S_r* M_r + Σ_r D_r |S_r|², with the sums M, D that the maximisation step
    needs anyway.

    Returns
    -------
    Tensor
        float64, one number a shell of the band of ``slices``.
    """
    k = slices.shape[1]
    power = image_power(images, (1.0 / noise.variance).float())[:k] * len(images)
    cross = (slices.conj() * found.weighted_images).real.double().sum(0)
    model = (found.weighted_transfer * slices.abs() ** 2).double().sum(0)
    mean = images.disc.shell_mean((power - 2 * cross + model) / (2 * len(images) * images.open_area))
    band = int(images.disc.shell[k - 1]) + 1
    factor = mean[:band].clamp(0.05, 20.0)
    factor[0] = factor[1]
    return factor


def known_pose_factor(images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor) -> Tensor:
    """The same mean for images whose poses are known: one number a shell of the ball's band."""
    count = images.disc.within(ball.radius)
    total = torch.zeros(count, dtype=torch.float64)
    for rows in torch.arange(len(images)).split(512):
        planes = slices(ball, rotation[rows], images.disc, count) * images.disc.shift_phases(shift[rows])[:, :count]
        misfit = (images.values[rows, :count] - images.transfer[rows, :count] * planes).abs() ** 2
        total += (misfit * noise.weight(images.disc, images.group[rows], count)).double().sum(0)
    mean = images.disc.shell_mean(total / (2 * len(images) * images.open_area))
    factor = mean[: ball.radius + 1].clamp(0.05, 20.0)
    factor[0] = factor[1]
    return factor
