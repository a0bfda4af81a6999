"""What the model leaves over of the images, in sums that add up over blocks of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

#: A pass never changes a variance by more than this.
BELIEVED = (0.05, 20.0)
#: Relative standard deviation that is expected of the signal's scale between groups.
SCALE_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class Misfit:
    """What images leave over, by noise group; sums that add up over blocks of images.

    Parameters
    ----------
    total
        Σ_i mean over a shell of |X − c S|² / 2σ² ``(groups, shells)``: the number of images where the noise is right.
    images
        Images ``(groups,)``; ``spread`` of them have no group of their own in ``total`` (their poses are spread over a grid).
    cross, power
        Σ Re⟨X, c S⟩ / σ² and Σ |c S|² / σ² ``(groups,)``: the scale of a group's signal is their ratio.
    spread_total, spread
        The same as ``total`` ``(shells,)`` and the number of images of those without a pose.
    """

    total: Tensor
    images: Tensor
    cross: Tensor
    power: Tensor
    spread_total: Tensor
    spread: float

    @classmethod
    def none(cls, groups: int, shells: int) -> Misfit:
        """No image yet."""
        shapes = [(groups, shells), (groups,), (groups,), (groups,), (shells,)]
        return cls(*(torch.zeros(shape, dtype=torch.float64) for shape in shapes), spread=0.0)

    def __add__(self, other: Misfit) -> Misfit:
        return Misfit(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def with_spread(self, factor: Tensor, count: int) -> Misfit:
        """With ``count`` images more whose mean misfit by shell is ``factor``; shells beyond it count as right."""
        mean = torch.ones_like(self.spread_total)
        mean[: len(factor)] = factor
        return replace(self, spread_total=self.spread_total + count * mean, spread=self.spread + count)

    def scale(self) -> Tensor:
        """Factor on each group's signal ``(groups,)``: cross / power, drawn to 1 as far as a group says little."""
        known = 1.0 / SCALE_SPREAD**2
        return ((self.cross + known) / (self.power + known)).clamp(0.5, 2.0)
