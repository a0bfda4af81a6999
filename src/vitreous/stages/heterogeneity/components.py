r"""Principal components of what the consensus leaves unexplained, by expectation-maximisation.

R_i = c_i P_i Σ_a z_ia U_a + N_i with z_i ~ N(0, 1): probabilistic principal components seen through projections (Tagare et al.
2015, J. Struct. Biol. 191:245). For an image, a_i = Re⟨c R / σ², P U⟩ and B_i = Re⟨c² / σ², P U_a^* P U_b⟩ are all it says about z:

    log p(R_i | z) = a_i·z − ½ z·B_i z + const,      z | R_i ~ N(C_i a_i, C_i),  C_i = (1 + B_i)⁻¹

The M-step solves, cell by cell, Σ_b (Σ_i E[z_a z_b] c²/σ² + δ_ab / τ²) U_b = Σ_i E[z_a] c R / σ². A split by the sign of the first
component is the start that random assignments find late or never: those fall back to one class at low signal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.slices import slices, volume_of
from vitreous.stages.heterogeneity.prior import DifferencePrior
from vitreous.stages.heterogeneity.residuals import BLOCK, Residuals


def components(found: Residuals, count: int, prior: DifferencePrior, *, passes: int, generator: torch.Generator) -> Tensor:
    """``count`` component maps, each scaled to latent variance 1, float32 ``(count, s, s, s)``.

    Parameters
    ----------
    found
        Residuals, at low resolution.
    prior
        Of the maps.
    passes
        Of expectation-maximisation.
    generator
        Of the random start.
    """
    mean = torch.randn(len(found), count, generator=generator, dtype=torch.float64)
    maps = maximise(found, mean, mean[:, :, None] * mean[:, None], prior)
    for _ in range(passes):
        linear, quadratic = projections(found, maps)
        spread = torch.linalg.inv(torch.eye(count, dtype=torch.float64) + quadratic)
        mean = (spread @ linear[..., None])[..., 0]
        second = spread + mean[:, :, None] * mean[:, None]
        maps = maximise(found, mean, second, prior)
        # The scale that the prior on z asks for, at once: plain passes approach it slowly.
        scale = torch.linalg.cholesky(second.mean(0))
        maps = torch.einsum("ab,azyx->bzyx", scale.float(), maps)
    return maps


def projections(found: Residuals, maps: Tensor) -> tuple[Tensor, Tensor]:
    """a_i ``(n, q)`` and B_i ``(n, q, q)`` of every image, float64."""
    balls = [found.ball(each) for each in maps]
    count, q = found.weighted.shape[1], len(maps)
    linear, quadratic = torch.empty(len(found), q, dtype=torch.float64), torch.empty(len(found), q, q, dtype=torch.float64)
    for rows in torch.arange(len(found)).split(BLOCK):
        planes = [torch.view_as_real(slices(ball, found.rotation[rows], found.disc, count)) for ball in balls]
        residual, weight = torch.view_as_real(found.weighted[rows]), found.weight[rows]
        for a in range(q):
            linear[rows, a] = (residual * planes[a]).sum((1, 2)).double()
            for b in range(a + 1):
                product = (weight * (planes[a] * planes[b]).sum(2)).sum(1).double()
                quadratic[rows, a, b] = quadratic[rows, b, a] = product
    return linear, quadratic


def maximise(found: Residuals, mean: Tensor, second: Tensor, prior: DifferencePrior) -> Tensor:
    """Component maps from the moments of z, ``(n, q)`` and ``(n, q, q)``."""
    q, none = mean.shape[1], torch.zeros(len(found))
    sums = {(a, b): found.insert(mean[:, a] if a == b else none, second[:, a, b]) for a in range(q) for b in range(a + 1)}
    cells = prior.cells(sums[0, 0][0].shape[-1] - 1)
    right = torch.stack([sums[a, a][0] for a in range(q)], -1)
    left = torch.stack([torch.stack([sums[max(a, b), min(a, b)][1] for b in range(q)], -1) for a in range(q)], -2)
    left = left + torch.diag_embed(cells[..., None].expand(*cells.shape, q))
    solved = torch.linalg.solve(left.to(torch.complex64), right[..., None])[..., 0]
    size = prior.mask.shape[-1]
    return torch.stack([volume_of(solved[..., a].contiguous(), size, scale=prior.voxel_size) * prior.mask for a in range(q)])
