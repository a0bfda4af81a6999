"""How far a map is resolved at every place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True, eq=False)
class LocalResolution:
    """Resolution of each voxel.

    Parameters
    ----------
    values
        Å, float32 ``(n, n, n)``; NaN outside ``mask``.
    mask
        Where it was asked for, bool, of the same shape.
    method
        How it was found, a word.
    levels
        Å, the resolutions that could be told apart, finest first; a value at either end may lie beyond it.
    """

    values: Tensor
    mask: Tensor
    method: str
    levels: Tensor

    def quantile(self, share: float) -> float:
        """Å below which this share of the voxels of the mask lies."""
        # numpy's: torch's takes no more than 16 million values.
        return float(np.quantile(self.values[self.mask].cpu().numpy(), share))
