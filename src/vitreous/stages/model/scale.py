r"""Is the map's pixel size right? The magnification of the model that fits the map best.

With the model's density scaled to the map shell by shell (a_s M) and its change D with magnification about its centre, D made
orthogonal to M in each shell so that the a_s may adapt, the maximum-likelihood magnification is, to first order,

    δ = Σ Re (T − a M)* D / σ² / Σ |D|² / σ²,   standard error (Σ |D|² / σ²)^(−1/2),

with σ² the power of what the model leaves unexplained, whatever its reason, in each shell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.numerics.shells import shell_average, shell_sum, spread
from vitreous.stages.model.closeup import Closeup, closeup

#: Difference quotient, and steps of Newton's: a first error of 3 % is out of the linear range of atoms 50 Å from the centre.
STEP, ROUNDS = 0.002, 3
#: Å: finer shells add little, and a cube of finer voxels takes long.
FINEST_USED = 3.0


@dataclass(frozen=True)
class Magnification:
    """How much the model must grow to fit the map.

    Parameters
    ----------
    factor
        1 if the pixel size is right; the map's true pixel size is the present one divided by it.
    error
        Its standard error.
    """

    factor: float
    error: float


def magnified(model: AtomicModel, factor: float) -> AtomicModel:
    """The model enlarged about its centre."""
    centre = model.positions.mean(0)
    return replace(model, positions=(model.positions - centre) * factor + centre)


def magnification(volume: Volume, model: AtomicModel, resolution: float) -> Magnification:
    """Find the magnification of a model that lies where it fits best.

    Parameters
    ----------
    volume, model
        Map and heavy atoms, in place.
    resolution
        Å; finer shells, and those finer than 3 Å, are left out.
    """
    near = closeup(volume, model.positions, max(resolution, FINEST_USED))
    factor, error = 1.0, np.inf
    for _ in range(ROUNDS):
        change, error = _step(near, *(near.model(magnified(model, factor * (1 + e))) for e in (0.0, STEP, -STEP)))
        factor *= 1 + float(np.clip(change, -0.03, 0.03))
        if abs(change) < 0.3 * error:
            break
    return Magnification(factor, error)


def _step(near: Closeup, here: Tensor, larger: Tensor, smaller: Tensor) -> tuple[float, float]:
    shape = (near.size,) * 3
    slope = (larger - smaller) / (2 * STEP)
    shared = shell_average((slope * here.conj()).real, shape) / shell_average(here.abs() ** 2, shape).clamp_min(1e-30)
    slope = slope - spread(shared, shape) * here
    fitted = near.scaled(here)
    scale = spread(shell_average((near.target * here.conj()).real, shape) / shell_average(here.abs() ** 2, shape).clamp_min(1e-30), shape)
    slope = slope * scale
    left = near.target - fitted
    noise = (shell_average(left.abs() ** 2, shape) / near.share).clamp_min(1e-30)
    top = shell_sum((left * slope.conj()).real, shape) / noise
    bottom = shell_sum(slope.abs() ** 2, shape) / noise
    use = slice(1, near.shells)
    information = float(bottom[use].sum())
    return float(top[use].sum()) / max(information, 1e-12), float(1 / torch.tensor(max(information, 1e-12)).sqrt())
