"""Weights of the frames by what the exposure has left of their detail.

Frame i with the exposure N_i at its end has the weight w_i(k) = exp(−N_i / 2 N_c(k)), and the sum is divided by √Σw_i² so
that its noise is that of a single frame at every frequency (Grant & Grigorieff 2015, eLife 4:e06980, eqs. 2-5, 9).

The weights of all frames, as functions of k, are nearly combinations of very few: w_i(k) ≈ Σ_q u_qi g_q(k). The weighted sum
Σ_i w_i(k) F_i(k) = Σ_q g_q(k) Σ_i u_qi F_i(k) then needs one transform for each q instead of one for each frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.physics.dose import exposure_weight

#: Largest error allowed in a weight, as a share of that of an unweighted frame, 1 / √frames.
TOLERANCE = 3e-2
#: Frequencies at which the weights are compared.
SAMPLES = 512


def doses(frames: int, dose_per_frame: float, pre_exposure: float) -> NDArray[np.float64]:
    """Exposure at the end of each frame, e/Å²."""
    return pre_exposure + dose_per_frame * np.arange(1, frames + 1)


def frame_weights(k: NDArray, dose: NDArray, voltage: float) -> NDArray[np.float64]:
    """w_i(k) / √Σ_j w_j(k)²: ``(frames, *k)``, k in Å⁻¹."""
    raw = exposure_weight(torch.as_tensor(k, dtype=torch.float64), torch.as_tensor(dose, dtype=torch.float64), voltage).numpy()
    return raw / np.sqrt((raw**2).sum(axis=0))


@dataclass(frozen=True)
class WeightBasis:
    """Few sums from which the weighted sum is made.

    Parameters
    ----------
    mixing
        ``(q, frames)``, u.
    k
        ``(samples,)`` in Å⁻¹.
    curves
        ``(q, samples)``, g at ``k``, the division by √Σw² included.
    plain
        ``(q,)``: Σ_q plain_q u_qi ≈ 1, which gives the unweighted sum.
    """

    mixing: NDArray[np.float64]
    k: NDArray[np.float64]
    curves: NDArray[np.float64]
    plain: NDArray[np.float64]

    @classmethod
    def of(cls, dose: NDArray, voltage: float, highest: float) -> WeightBasis:
        """Basis for frames with ``dose`` up to the frequency ``highest`` (Å⁻¹), from the singular vectors of the weights."""
        k = np.linspace(0.0, highest, SAMPLES)
        weights = frame_weights(k, dose, voltage)
        even = np.full((len(dose), 1), len(dose) ** -0.5)
        both = np.concatenate([weights, even], axis=1)
        left, size, right = np.linalg.svd(both, full_matrices=False)
        for rank in range(1, len(size) + 1):
            if np.abs((left[:, :rank] * size[:rank]) @ right[:rank] - both).max() <= TOLERANCE * even[0, 0]:
                break
        curves = size[:rank, None] * right[:rank]
        return cls(left[:, :rank].T, k, curves[:, :-1], curves[:, -1] / even[0, 0])
