r"""What is left of each image when its view is taken off, E = X − (a c T P V + b), and how unusual that is.

Scores are z: standard deviations from what the set is like, by median and quartiles, so that the bad ones do not widen the measure.

* mean: b, the offset that is left, which is the image's mean less that of its view;
* variance: the power of E over that of the noise, (r − 1) √n for r = Σ |E|² / 2 σ² n of n coefficients;
* covariance: how far E is from the noise it should be, by the power of each shell, Σ_s p_s (r_s − r)² with p_s coefficients in
  shell s, and by the correlations of neighbouring pixels, which see what is not the same in all directions. Both are sums of
  squares of numbers that are normal for noise: ln of each is scored.

The noise of E of a shell, |E|² / 2σ², is exponential with mean 1; the mean of p has variance 1 / p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.inference.load import read_blocks
from vitreous.stages.particle_checks.evidence import BLOCK, Posed, ShellSums
from vitreous.stages.particle_checks.fit import Fit

#: Pixels between the two ends of the correlations looked at, (dx, dy).
LAGS = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0), (2.0, 0.0), (0.0, 2.0))


@dataclass(frozen=True, eq=False)
class ResidualScores:
    """What is left over of each image; all float64 ``(n,)``.

    Parameters
    ----------
    cost
        ½ Σ |E|² / σ² less ½ Σ |X|² / σ², nats: minus the log-likelihood of the view against noise alone; lower is better.
    scale, offset
        a, and b in the units of the images.
    z_mean, z_variance, z_covariance
        See the module.
    """

    cost: Tensor
    scale: Tensor
    offset: Tensor
    z_mean: Tensor
    z_variance: Tensor
    z_covariance: Tensor


def residual_scores(posed: Posed, sums: ShellSums, fit: Fit) -> ResidualScores:
    """Score what is left of every image.

    Parameters
    ----------
    posed, sums, fit
        Images at their poses.
    """
    offset = image_means(posed.particles)
    shells = slice(1, fit.radius + 1)
    points = sums.points[shells]
    left = fit.left[:, shells]
    ratio = (left * points).sum(1) / points.sum()
    by_shell = (points * (left - ratio[:, None]) ** 2).sum(1)
    directed = _neighbours(posed, fit)
    z_variance = z_scores((ratio - 1) * math.sqrt(float(points.sum())))
    z_covariance = torch.maximum(z_scores(by_shell.clamp_min(1e-9).log()), z_scores(directed.clamp_min(1e-9).log()))
    return ResidualScores(-0.5 * fit.cross**2 / fit.power.clamp_min(1e-30), fit.scale, offset, z_scores(offset), z_variance, z_covariance)


def image_means(particles: Particles) -> Tensor:
    """Mean of every image, float64 ``(n,)``: views have none, as zero frequency is not part of the model."""
    out = np.empty(len(particles))
    for at, block in read_blocks(particles, np.arange(len(particles))):
        out[at] = block.mean((1, 2), dtype=np.float64)
    return torch.from_numpy(out)


def z_scores(values: Tensor) -> Tensor:
    """Distance from the median in robust standard deviations (quartile distance over 1.349); 0 where all values are one."""
    low, middle, high = values.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=values.dtype))
    spread = (high - low) / 1.349
    return (values - middle) / spread if spread > 0 else torch.zeros_like(values)


def _neighbours(posed: Posed, fit: Fit) -> Tensor:
    """Σ over lags of (ρ − ρ̄)² / var ρ of the whitened residual, ρ̄ the mean over all images: ``(n,)``.

    ρ(d) = Σ_k |E|² / 2σ² cos(2π k·d / size) has the variance Σ cos² where |E|² / 2σ² is exponential.
    """
    count = posed.disc.within(fit.radius)
    shell, size = posed.disc.shell[:count], posed.disc.size
    waves = torch.stack([torch.cos(2 * math.pi * (posed.disc.kx[:count] * dx + posed.disc.ky[:count] * dy) / size) for dx, dy in LAGS])
    found = torch.empty(len(posed), len(LAGS))
    gain, inverse = fit.gain.float()[shell], (0.5 / fit.noise.variance).float()
    scale = fit.scale.float()
    for rows in torch.arange(len(posed)).split(BLOCK):
        here = posed.take(rows)
        values, c = here.images.block(slice(None), count)
        left = values - here.views(count) * c * gain * scale[rows, None]
        found[rows] = (left.abs() ** 2 * inverse[fit.group[rows]][:, shell]) @ waves.T
    spread = waves.square().sum(1).sqrt()
    return (((found - found.median(0).values) / spread) ** 2).sum(1).double()
