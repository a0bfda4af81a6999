"""The whole state of a refinement between two iterations: what is saved, and what a resumed run starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Protocol

import numpy as np
import torch
from torch import Tensor


class Stop(Enum):
    """Why a refinement ended."""

    running = "Still improving."
    converged = "Neither resolution nor poses changed any more."
    budget = "The iteration limit was reached while still improving; raise the limit."
    no_signal = "The half-maps never agreed beyond the starting resolution: the data do not support a map."


@dataclass(frozen=True, eq=False)
class State:
    """State after ``iteration`` iterations.

    Parameters
    ----------
    iteration, stage
        Iterations done; "global", "local" or "done".
    halves
        Reference of each half-set, float32 ``(2, n, n, n)``.
    rotation, shift
        float64 ``(N, 3, 3)`` and ``(N, 2)`` pixels.
    confidence
        How much of each particle's posterior was near its pose when it was last searched for, ``(N,)``.
    settled
        Whether a particle's pose is refined where it is, bool ``(N,)``.
    noise, scale
        Variances ``(groups, shells)`` and scale of the signal ``(groups,)``.
    fsc
        Of the half-maps.
    radius, best_radius, stalled
        Band of the next pass, the best agreement so far, and iterations without progress.
    step
        Angular step of the last global pass, degrees.
    local_iterations
        Local iterations done.
    moved
        Median turn of the poses in the last local pass, degrees.
    covariance
        Of poses, ``(N, 5, 5)``, zero before the local stage.
    stop
        Name of a :class:`Stop`.
    """

    iteration: int
    stage: str
    halves: Tensor
    rotation: Tensor
    shift: Tensor
    confidence: Tensor
    settled: Tensor
    noise: Tensor
    scale: Tensor
    fsc: Tensor
    radius: int
    best_radius: int
    stalled: int
    step: float
    covariance: Tensor
    local_iterations: int = 0
    moved: float = 0.0
    stop: str = "running"

    def arrays(self) -> dict[str, np.ndarray]:
        """As arrays to save."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> State:
        """From saved arrays."""
        kept = {}
        for f in fields(cls):
            value = arrays[f.name]
            kept[f.name] = torch.from_numpy(np.array(value)) if value.ndim else value.item()
        return cls(**kept)


class Checkpoint(Protocol):
    """Where a state is kept between iterations."""

    def load(self) -> Mapping[str, np.ndarray] | None:
        """The last saved arrays, or None."""

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Save, atomically."""


class Forget:
    """A checkpoint that keeps nothing."""

    def load(self) -> None:
        """Nothing was kept."""

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep nothing."""
