r"""How much larger the errors of poses are than their normal equations say, because the reference has noise of its own.

A pose found against a reference S' = w (S + M), M noise, obeys δ = A⁻¹ g: g is the gradient that the image's noise makes, of
covariance H = Σ c² ∂S'* ∂S' / σ², and A = Σ c² Re ∂S'* ∂S / σ² is how the expected gradient answers to a turn of the true particle.
So cov δ = A⁻¹ H A⁻¹. Were the noise of the reference distributed like the particle, and w the Wiener filter, A would be H and the
covariance its inverse; but noise reaches farther from the centre, where turns move more. The two half-sets tell A: their noises
are independent, so that ⟨∂S'₁* ∂S'₂⟩ = w² ∂S* ∂S, and with w = FSC shell by shell A = Σ c² Re ∂S'₁* ∂S'₂ / (w σ²).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import refine_poses
from vitreous.numerics.slices import HalfBall

#: Correlation of the halves that is counted at least: shells below it have next to no weight in either sum.
LEAST_CORRELATION = 0.05


def error_ratio(
    images: FourierImages, noise: NoiseSpectra, balls: tuple[HalfBall, HalfBall], own: int, fsc: Tensor, rotation: Tensor,
    shift: Tensor, *, radius: int,
) -> tuple[float, float]:  # fmt: skip
    """Variance of turns and of moves over what the inverse normal matrix says, at least 1, from a sample of images.

    Parameters
    ----------
    images, rotation, shift
        Some hundred images of one half-set and their poses.
    noise
        Of the images.
    balls
        Both halves' references.
    own
        Which of them the images were refined against, 0 or 1.
    fsc
        Of the half-maps by shell.
    radius
        Last shell of the refinement.
    """

    def normal(ball: HalfBall, spectra: NoiseSpectra) -> Tensor:
        return torch.linalg.inv(refine_poses(images, spectra, ball, rotation, shift, radius=radius, steps=0).covariance)

    first, second = balls
    shells = noise.variance.shape[1]
    weight = torch.ones(shells, dtype=torch.float64)
    weight[: min(shells, len(fsc))] = fsc.double()[:shells].clamp(LEAST_CORRELATION, 1.0)
    divided = NoiseSpectra(noise.variance * weight)
    both, apart = (replace(first, values=first.values + sign * second.values) for sign in (1, -1))
    answer = (normal(both, divided) - normal(apart, divided)) / 4
    plain = normal(balls[own], noise)
    inverse = torch.linalg.inv(answer)
    ratio = (inverse @ plain @ inverse).diagonal(dim1=1, dim2=2) / torch.linalg.inv(plain).diagonal(dim1=1, dim2=2)
    turn, move = float(ratio[:, :3].mean(1).median()), float(ratio[:, 3:].mean(1).median())
    return max(1.0, turn), max(1.0, move)
