"""Phase errors as square maps to look at."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.disc import Disc

#: Frequencies to either side that are averaged: noise of single ones hides the pattern.
BLUR = 2


def phase_map(phases: Tensor, weight: Tensor, disc: Disc, *, odd: bool) -> Tensor:
    """Weighted mean phase around each frequency: float32 ``(2r + 1, 2r + 1)``, row 0 at ky = −r; NaN where nothing is known.

    Parameters
    ----------
    phases, weight
        ``(K,)``: radians, and how much each counts.
    odd
        Whether the other half plane has the phase's opposite.
    """
    r = disc.radius
    grid = torch.zeros(3, 2 * r + 1, 2 * r + 1)
    x, y = disc.kx.long(), disc.ky.long()
    for sign in (1, -1):
        turned = phases * (sign if odd else 1)
        grid[:, r + sign * y, r + sign * x] = torch.stack([weight * turned.cos(), weight * turned.sin(), weight]).float()
    mean = torch.nn.functional.avg_pool2d(grid[None], 2 * BLUR + 1, stride=1, padding=BLUR)[0]
    return torch.where((mean[2] > 0) & (grid[2] > 0), torch.atan2(mean[1], mean[0]), torch.nan)
