"""Ice as the beam sees it: a random phase object whose molecules wander while they are looked at."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.physics.solvent import ice_memory, ice_phase_power


class WanderingIce:
    """Projected phase of ice, one frame after another.

    Each Fourier component is a first-order autoregressive process: it keeps the share ``ice_memory`` of itself over a frame and
    gains new noise for the rest, so its power stays P(k) while neighbouring frames agree more than distant ones.

    Parameters
    ----------
    shape
        (y, x) of the canvas.
    k
        |k| on the half grid, Å⁻¹.
    chance
        For the molecules.
    optics
        Voltage and pixel size.
    thickness
        Å.
    dose_per_frame
        e/Å².
    """

    def __init__(
        self, shape: tuple[int, int], k: Tensor, chance: np.random.Generator, *, optics: Optics, thickness: float,
        dose_per_frame: float,
    ) -> None:  # fmt: skip
        self._shape, self._chance = shape, chance
        self._amplitude = ice_phase_power(k, thickness, optics.voltage).sqrt() / optics.pixel_size
        self._memory = ice_memory(k, dose_per_frame)
        self._new = (1 - self._memory**2).clamp_min(0).sqrt()
        self._white = self._draw()

    def _draw(self) -> Tensor:
        return rfft2(torch.from_numpy(self._chance.standard_normal(self._shape, np.float32)))

    def advance(self) -> None:
        """Let one frame's dose pass."""
        self._white = self._memory * self._white + self._new * self._draw()

    def spectrum(self) -> Tensor:
        """Transform of the phase in radians, on the half grid."""
        return self._white * self._amplitude

    def phase(self) -> Tensor:
        """The phase itself, radians."""
        return irfft2(self.spectrum(), self._shape)
