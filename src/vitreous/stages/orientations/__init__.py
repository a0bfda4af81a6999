"""Is a map as good one way as another: agreement of half-maps by direction, and the views it came from."""

from __future__ import annotations

from vitreous.stages.orientations.coverage import TILTS, Coverage, orientation_coverage
from vitreous.stages.orientations.directions import Directions, compare_directions
from vitreous.stages.orientations.judge import judge_directions, judge_orientations
from vitreous.stages.orientations.point_spread import directional_spread, efficiency
from vitreous.stages.orientations.sampling import Sampling, sampling, sampling_after_tilt, views_of

__all__ = [
    "TILTS",
    "Coverage",
    "Directions",
    "Sampling",
    "compare_directions",
    "directional_spread",
    "efficiency",
    "judge_directions",
    "judge_orientations",
    "orientation_coverage",
    "sampling",
    "sampling_after_tilt",
    "views_of",
]
