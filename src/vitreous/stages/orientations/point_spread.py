r"""The point spread of a set of views, and their efficiency.

Each view smears a point along its direction v and images it as a Gaussian across. Of all views together, along the unit vector u,

    P(ρ u) = ⟨exp(−ρ² (1 − (u · v)²) / 2σ²)⟩_v.

The resolution along u is taken as the ρ at which P falls to one half; along a direction that all views share it never does, and
``FARTHEST`` stands. The efficiency of the distribution (Naydenova & Russo 2017, Nat. Commun. 8:629) is

    E_od = 1 − 2 s / R̄,

R̄ the mean and s the standard deviation of the resolution over directions (their eq. 1): 1 for even views. The level matters: at e⁻², which
cisTEM's comments give as the paper's, even side views about one axis have 0.26 in place of 0.71, 60 % of views within 20° of one 0.13 in
place of 0.52, views up to 60° from it 0.59 in place of 0.76. So these are not the numbers of other programs; within one program their
order says what it should. Known: of side views P is exp(−ρ²/2σ²) along the axis and e^−x I₀(x), x = ρ²/4σ², across: E_od = 0.71.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.stages.orientations.sampling import Sampling

#: Distances tried, in σ, and the largest: a direction that does not fall to a half before it counts as this.
STEPS, FARTHEST = 200, 10.0
#: Bins of |u · v|.
COSINES = 400


def directional_spread(views: Tensor, directions: Tensor) -> Tensor:
    """ρ in units of σ at which P falls to one half along each of ``directions`` ``(d, 3)``; ``views`` is ``(n, 3)``."""
    middle = (torch.arange(COSINES, dtype=torch.float64) + 0.5) / COSINES
    distance = torch.linspace(0, FARTHEST, STEPS, dtype=torch.float64)
    kernel = torch.exp(-0.5 * distance**2 * (1 - middle[:, None] ** 2))
    reached = torch.empty(len(directions), dtype=torch.float64)
    for row, direction in enumerate(directions):
        cosine = ((views @ direction).abs() * COSINES).long().clamp_max(COSINES - 1)
        curve = torch.bincount(cosine, minlength=COSINES).double() / len(views) @ kernel
        reached[row] = _half(curve, distance)
    return reached


def efficiency(views: Tensor, sampled: Sampling) -> float:
    """E_od of views ``(n, 3)``, at the directions of ``sampled``; at least 0."""
    spread = directional_spread(views, sampled.directions)
    return max(0.0, float(1 - 2 * spread.std() / spread.mean()))


def _half(curve: Tensor, distance: Tensor) -> float:
    below = torch.nonzero(curve < 0.5).flatten()
    if not len(below):
        return FARTHEST
    at = int(below[0])
    share = (curve[at - 1] - 0.5) / (curve[at - 1] - curve[at])
    return float(distance[at - 1] + share * (distance[at] - distance[at - 1]))
