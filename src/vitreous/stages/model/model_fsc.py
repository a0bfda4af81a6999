"""Fourier shell correlation of a map with its model, with the band of chance: the model is fixed, and the map holds it in noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.correlation_statistics import interval, variance_against_truth
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import redundancy, shell_correlation, shell_count
from vitreous.stages.model.mask import solvent_level
from vitreous.stages.model.pair import Pair

#: Thresholds of d_FSC_model.
LEVELS = (0.0, 1 / 7, 0.5)


@dataclass(frozen=True, eq=False)
class ModelFsc:
    """Correlation of map and model by shell, float64 ``(s,)`` from shell 0.

    Parameters
    ----------
    k
        Å⁻¹.
    masked, low, high
        Inside a soft mask around the atoms, and its 95 % interval.
    unmasked
        Over the whole box.
    samples
        Independent real numbers of each shell under the mask.
    """

    k: Tensor
    masked: Tensor
    low: Tensor
    high: Tensor
    unmasked: Tensor
    samples: Tensor

    def resolution(self, level: float, curve: Tensor | None = None) -> float | None:
        """d_FSC_model, Å: where a curve (the masked one) first falls to ``level``; the finest if it never does, None if it starts below."""
        values = self.masked if curve is None else curve
        below = torch.nonzero(values[1:] <= level).flatten()
        if not len(below):
            return 1 / float(self.k[-1])
        shell = 1 + int(below[0])
        if shell == 1:
            return None
        high, low = float(values[shell - 1]), float(values[shell])
        return 1 / float(self.k[1] * (shell - 1 + (high - level) / (high - low)))


def masked_target(both: Pair, mask: Tensor) -> Tensor:
    """Transform of the map inside a mask, the solvent's level (the median of the map) taken away first so that the mask does not show."""
    return rfftn((both.volume.values - solvent_level(both.volume)) * mask)


def model_fsc(both: Pair, target: Tensor, mask: Tensor) -> ModelFsc:
    """Correlate by shell.

    Parameters
    ----------
    both
        Map and model.
    target
        The map's transform inside ``mask``: :func:`masked_target`. The model needs no mask: it has nothing outside.
    mask
        In [0, 1], not empty.
    """
    shape = both.volume.shape
    samples = (shell_count(shape) * redundancy(mask)).clamp_min(1.0)
    masked = shell_correlation(target, both.model, shape)
    low, high = interval(masked, variance_against_truth(masked, samples), samples)
    k = torch.arange(len(samples), dtype=torch.float64) / both.length
    return ModelFsc(k, masked, low, high, shell_correlation(both.target, both.model, shape), samples)
