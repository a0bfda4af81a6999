r"""Deblurring with the local resolution alone (Ramírez-Aportela et al. 2020, Bioinformatics 36:765, LocalDeblur).

A map whose resolution at r is d(r) is taken as the true one after a low-pass that follows d,

    A V = Σ_j w_j(r) · (h_j ∗ V),    ĥ_j = exp(−ln 2 (k d_j)²),

w_j the shares of r in neighbouring steps of resolution, which sum to 1. It is undone by the iteration of Landweber (1951, Am. J. Math.
73:615) for A V = V_obs,

    V ← V + λ [Aᵀ (V_obs − A V) − μ V],    V₀ = Aᵀ V_obs,

λ = 1 since no gain of A exceeds 1. With the ridge μ it settles at the gain ĥ / (ĥ² + μ): what A passes by half is raised over what it
passes whole, and beyond the local resolution nothing is. Without it (μ = 0) the noise grows with every step, and the map with it is best
after two or three steps and then gets worse.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn

#: Most steps of resolution, and the ratio between them at least.
MOST_STEPS, LEAST_RATIO = 6, 1.15
#: μ: of 0, 0.1, 0.2 and 0.3 on maps of two resolutions the least whose likeness to the truth does not fall again by 0.01.
RIDGE = 0.3
#: It ends when a step changes the map by less than this part of it, or after so many steps.
LEAST_CHANGE, MOST_ITERATIONS = 0.02, 5


def local_deblur(total: Volume, local_resolution: Tensor, *, iterations: int = MOST_ITERATIONS) -> Volume:
    """Undo a blur that follows the local resolution.

    Parameters
    ----------
    total
        Unsharpened map.
    local_resolution
        Å, ``(z, y, x)`` of the map's shape; NaN where unknown (the coarsest is taken there).
    iterations
        Most steps, 1 or more; it ends before if a step changes less than 2 %.

    Returns
    -------
    Volume
        Deblurred map.

    Raises
    ------
    InputError
        If the resolutions are of another shape, not positive, or all unknown.
    """
    require(local_resolution.shape == total.values.shape, "local_resolution", tuple(local_resolution.shape),
            f"of the map's shape, {total.shape}")  # fmt: skip
    known = local_resolution[torch.isfinite(local_resolution)]
    require(len(known) > 0, "local_resolution", "no finite value", "Å where the particle is")
    require(float(known.min()) > 0, "local_resolution", f"{float(known.min()):g} Å", "positive everywhere it is known")
    require(iterations >= 1, "iterations", iterations, "1 or more")
    steps, place = resolution_steps(local_resolution.float())
    squared = frequency_squared(total.shape, total.voxel_size)
    seen = total.values.float()
    deblurred = blurred_back(seen, steps, place, squared)
    for _ in range(iterations):
        change = blurred_back(seen - blurred(deblurred, steps, place, squared), steps, place, squared) - RIDGE * deblurred
        deblurred += change
        if float(change.norm()) < LEAST_CHANGE * float(deblurred.norm()):
            break
    return Volume(deblurred, total.voxel_size, total.corner)


def resolution_steps(local_resolution: Tensor) -> tuple[list[float], Tensor]:
    """Steps of resolution in Å, a constant ratio apart, and where between them each voxel lies: 0 the first, 1 the second …"""
    finite = local_resolution[torch.isfinite(local_resolution)]
    low, high = float(finite.min()), float(finite.max())
    count = 1 + min(MOST_STEPS - 1, math.ceil(math.log(high / low) / math.log(LEAST_RATIO)))
    ratio = (high / low) ** (1 / max(count - 1, 1))
    filled = local_resolution.nan_to_num(nan=high)
    place = torch.log(filled / low) / math.log(ratio) if count > 1 else torch.zeros_like(filled)
    return [low * ratio**step for step in range(count)], place


def blurred(values: Tensor, steps: list[float], place: Tensor, squared: Tensor) -> Tensor:
    """A V: each voxel of the low-pass that its resolution asks for."""
    spectrum, out = rfftn(values), torch.zeros_like(values)
    for step, resolution in enumerate(steps):
        out += irfftn(spectrum * _gain(squared, resolution), values.shape).mul_(_share(place, step))
    return out


def blurred_back(values: Tensor, steps: list[float], place: Tensor, squared: Tensor) -> Tensor:
    """Aᵀ V: the transpose of :func:`blurred`."""
    spectrum: Tensor | float = 0.0
    for step, resolution in enumerate(steps):
        spectrum = rfftn(_share(place, step).mul_(values)).mul_(_gain(squared, resolution)).add_(spectrum)
    return irfftn(spectrum, values.shape)


def _share(place: Tensor, step: int) -> Tensor:
    # In place: of a map of 512³ every copy is half a gigabyte.
    return (place - step).abs_().neg_().add_(1).clamp_min_(0)


def _gain(squared: Tensor, resolution: float) -> Tensor:
    return (squared * (-math.log(2) * resolution**2)).exp_()
