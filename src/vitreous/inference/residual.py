"""What the fit leaves over, per shell: the check and the update of the noise."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.misfit import BELIEVED, Misfit
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
        float64 on the CPU, one number a shell of the band of ``slices``.
    """
    k = slices.shape[1]
    power = image_power(images, (1.0 / noise.variance).float())[:k] * len(images)
    cross = (slices.conj() * found.weighted_images).real.double().sum(0)
    model = (found.weighted_transfer * slices.abs() ** 2).double().sum(0)
    mean = images.disc.shell_mean((power - 2 * cross + model) / (2 * len(images) * images.open_area))
    band = int(images.disc.shell[k - 1]) + 1
    factor = mean[:band].cpu().clamp(*BELIEVED)
    factor[0] = factor[1]
    return factor


def known_pose_misfit(
    images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor, *, groups: int
) -> Misfit:
    """What images of known pose leave over within the ball's band; shells beyond it count as right."""
    count, shells = images.disc.within(ball.radius), images.disc.radius + 1
    found = Misfit.none(groups, shells)
    of_shell = torch.bincount(images.disc.shell[:count], minlength=shells).clamp_min(1).cpu()
    for rows in torch.arange(len(images)).split(512):
        planes = slices(ball, rotation[rows], images.disc, count) * images.disc.shift_phases(shift[rows])[:, :count]
        values, transfer = images.block(rows, count)
        model, group = transfer * planes, images.group[rows]
        weight = noise.weight(images.disc, group, count)
        left = (values - model).abs().square() * weight
        by_shell = torch.zeros(len(rows), shells, device=left.device).index_add_(1, images.disc.shell[:count], left).cpu().double()
        by_shell /= 2 * images.open_area * of_shell
        by_shell[:, ball.radius + 1 :] = 1.0
        cross = ((values.real * model.real + values.imag * model.imag) * weight).sum(1).cpu().double()
        power = (model.abs().square() * weight).sum(1).cpu().double()
        found.total.index_add_(0, group, by_shell)
        found.images.index_add_(0, group, torch.ones_like(power))
        found.cross.index_add_(0, group, cross)
        found.power.index_add_(0, group, power)
    return found


def known_pose_factor(images: FourierImages, noise: NoiseSpectra, ball: HalfBall, rotation: Tensor, shift: Tensor) -> Tensor:
    """Mean misfit of all images whose poses are known: one number a shell of the ball's band."""
    found = known_pose_misfit(images, noise, ball, rotation, shift, groups=int(images.group.max()) + 1)
    factor = (found.total.sum(0) / len(images))[: ball.radius + 1].clamp(*BELIEVED)
    factor[0] = factor[1]
    return factor
