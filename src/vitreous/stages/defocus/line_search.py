"""Steps that are shortened until they help."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

HALVINGS = 6


def descend(objective: Callable[[Tensor], float], values: Tensor, step: Tensor, best: float) -> tuple[Tensor, float]:
    """Take ``step``, or a half, quarter, … of it; stay at ``values``, where the objective is ``best``, if none is as good."""
    for halving in range(HALVINGS):
        trial = values + step * 0.5**halving
        new = objective(trial)
        if new <= best:
            return trial, new
    return values, best
