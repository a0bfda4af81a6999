"""Slices and bent slices put back into one half ball: for all images at known poses, block after block."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.disc import Disc
from vitreous.numerics.kernels import curved
from vitreous.numerics.slices import PAD, Insertion, ball_margin


class BentInsertion(Insertion):
    """An :class:`~vitreous.numerics.slices.Insertion` whose slices may rise from their plane.

    One accumulator whatever the number of threads, and the same sums to the bit.

    Parameters
    ----------
    size
        Side of the volume, voxels.
    radius
        Last shell that will be inserted. A slice that rises must not leave the ball: √(k² + kz²) at most radius + 1.
    """

    def __init__(self, size: int, radius: int) -> None:
        super().__init__(size, radius, parts=1)

    def add(self, rotations: Tensor, values: Tensor, weights: Tensor, disc: Disc, rise: Tensor | None = None) -> None:
        """Add slices at Rᵀ (kx, ky, ``rise``), flat without it.

        Parameters
        ----------
        rotations
            ``(b, 3, 3)``.
        values, weights
            Complex and real, ``(b, k)``, k a prefix of ``disc``.
        rise
            kz of each point in units of ``disc``'s integer frequencies, ``(k,)``.

        Raises
        ------
        InputError
            If a point lies outside the ball.
        """
        count = values.shape[-1]
        kz = torch.zeros(count) if rise is None else rise.float()
        farthest = float((disc.kx[:count] ** 2 + disc.ky[:count] ** 2 + kz**2).max().sqrt())
        require(
            farthest <= self.radius + 1, "distance of a point from the origin", farthest, f"at most {self.radius + 1}, the ball's radius"
        )
        curved.insert(
            self._sums[0], ball_margin(self.radius), np.ascontiguousarray(rotations.float().numpy()),
            np.ascontiguousarray(values.numpy(), np.complex64).view(np.float32), np.ascontiguousarray(weights.numpy(), np.float32),
            disc.kx[:count].numpy(), disc.ky[:count].numpy(), np.ascontiguousarray(kz.numpy()), np.float32(PAD),
        )  # fmt: skip
