"""The choices a picker leaves open; all have defaults that need no tuning from micrograph to micrograph."""

from __future__ import annotations

from dataclasses import dataclass

from vitreous.data.particles import Contrast
from vitreous.errors import require


@dataclass(frozen=True, kw_only=True)
class PickParams:
    """How to pick.

    Parameters
    ----------
    contrast
        "dark" where particles are darker than the ice (a micrograph as recorded), else "bright".
    false_fraction
        Share of the picks that may be noise, as estimated from decoys, above 0 to 0.5.
    spacing
        Least distance of two picks as a fraction of the diameter, 0.3 to 3.
    edge
        Least distance of a pick from the micrograph's edge as a fraction of the diameter, 0 to 2. At 0.35 a tenth of
        the particle's disc is cut off.
    seed
        Seed of the decoys.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    contrast: Contrast = "dark"
    false_fraction: float = 0.05
    spacing: float = 0.7
    edge: float = 0.35
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.contrast in ("dark", "bright"), "contrast", self.contrast, '"dark" or "bright"')
        require(0 < self.false_fraction <= 0.5, "false_fraction", self.false_fraction, "above 0 to 0.5", instead="0.05")
        require(0.3 <= self.spacing <= 3, "spacing", self.spacing, "0.3 to 3 particle diameters", instead="0.7")
        require(0 <= self.edge <= 2, "edge", self.edge, "0 to 2 particle diameters", instead="0.35")
