r"""Classes within the span of a few components: the same mixture, made so small that many starts cost nothing.

With class k at μ_k in the plane of the components, log p(R_i | k) = a_i·μ_k − ½ μ_k·B_i μ_k exactly, so expectation-maximisation needs
a_i and B_i only: μ_k = (Σ γ_ik B_i)⁻¹ Σ γ_ik a_i.
"""

from __future__ import annotations

import torch
from torch import Tensor

PASSES = 60


def responsibilities(gains: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Posterior of each class and log-evidence of each image, from log-likelihoods ``(…, n, K)`` and shares ``(…, K)``."""
    joint = gains + shares.clamp_min(1e-12).log().unsqueeze(-2)
    evidence = torch.logsumexp(joint, -1)
    return (joint - evidence.unsqueeze(-1)).exp(), evidence


def latent_classes(linear: Tensor, quadratic: Tensor, classes: int, *, starts: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Posterior of each class ``(n, K)`` and the shares, from the best of many starts.

    Parameters
    ----------
    linear, quadratic
        a_i ``(n, q)`` and B_i ``(n, q, q)``.
    classes
        K.
    starts
        How many; each begins at the latent means of K random images. The one of most evidence is taken.
    """
    n, q = linear.shape
    spread = torch.linalg.inv(torch.eye(q, dtype=torch.float64) + quadratic)
    mean = (spread @ linear[..., None])[..., 0]
    chosen = torch.stack([torch.randperm(n, generator=generator)[:classes] for _ in range(starts)])
    centre = mean[chosen]
    shares = torch.full((starts, classes), 1 / classes, dtype=torch.float64)
    for _ in range(PASSES):
        posterior, evidence = responsibilities(_gains(linear, quadratic, centre), shares)
        shares = posterior.mean(1)
        left = torch.einsum("snk,nab->skab", posterior, quadratic) + 1e-9 * torch.eye(q, dtype=torch.float64)
        right = torch.einsum("snk,na->ska", posterior, linear)
        centre = torch.linalg.solve(left, right[..., None])[..., 0]
    posterior, evidence = responsibilities(_gains(linear, quadratic, centre), shares)
    best = int(evidence.sum(1).argmax())
    return posterior[best], shares[best]


def _gains(linear: Tensor, quadratic: Tensor, centre: Tensor) -> Tensor:
    """a·μ − ½ μ·B μ for centres ``(starts, K, q)``: ``(starts, n, K)``."""
    return torch.einsum("na,ska->snk", linear, centre) - 0.5 * torch.einsum("ska,nab,skb->snk", centre, quadratic, centre)
