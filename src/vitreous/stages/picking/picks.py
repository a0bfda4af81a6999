"""What a picker gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitreous.errors import require


@dataclass(frozen=True, kw_only=True)
class Picks:
    """Particles found in one micrograph, best first.

    Parameters
    ----------
    coordinate
        float64 ``(n, 2)``: (x, y) of the particle's centre in pixels of the micrograph, 0-based.
    score
        float64 ``(n,)``: correlation with the best template, -1 to 1, falling.
    threshold
        The lowest score that was accepted; infinite if nothing stood out from noise.
    template
        float32 ``(k, m, m)``: what was looked for, in working pixels, particle bright.
    working_pixel
        Å per pixel of ``template``.
    bad_fraction
        Share of the micrograph left out as ice, carbon or dirt, 0 to 1.

    Raises
    ------
    InputError
        If coordinates and scores differ in length.
    """

    coordinate: np.ndarray
    score: np.ndarray
    threshold: float
    template: np.ndarray
    working_pixel: float
    bad_fraction: float = 0.0

    def __post_init__(self) -> None:
        shape = (len(self.score), 2)
        require(self.coordinate.shape == shape, "coordinate", self.coordinate.shape, f"of shape {shape}, one row a score")

    def __len__(self) -> int:
        return len(self.score)
