"""What a user can say about a refinement, and how far an angular grid reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vitreous.numerics.symmetry import Symmetry


@dataclass(frozen=True, kw_only=True)
class RefineSettings:
    """Settings of a gold-standard refinement.

    Parameters
    ----------
    diameter
        Of the particle, Å.
    symmetry
        The point group.
    initial_lowpass
        Å to which the reference is filtered before the first pass.
    local_only
        Start from the particles' own poses; no global search.
    join
        Å: detail coarser than this is that of both half-sets together; 0 keeps them apart at all resolutions.
    turn_prior_deg, shift_prior
        Standard deviations of a local refinement's poses about those given, degrees and Å; 0 for no prior.
    most_global, most_local
        Limits on iterations.
    most_orientations
        Size of the largest global grid.
    regulariser
        "shells": the halves' agreement by shell; "local": by place as well, for particles with floppy parts.
    seed
        Of the split into halves.
    memory
        Bytes for the engine's tables.
    """

    diameter: float
    symmetry: Symmetry
    initial_lowpass: float = 40.0
    local_only: bool = False
    join: float = 0.0
    turn_prior_deg: float = 0.0
    shift_prior: float = 0.0
    most_global: int = 16
    most_local: int = 16
    most_orientations: int = 10_000
    regulariser: Literal["shells", "local"] = "shells"
    seed: int = 0
    memory: int = 400_000_000


#: Angular steps a global search goes through, degrees.
STEPS = (20.0, 15.0, 10.0, 7.5, 5.0, 3.75)


def orientation_count(step: float, symmetry: Symmetry) -> float:
    """About how many orientations a grid of ``step`` degrees has."""
    nside = max(1, math.ceil(58.63 / (1.1 * step)))
    return 12 * nside**2 * math.ceil(360 / step) / symmetry.order


def step_for(radius: int, relative_diameter: float, symmetry: Symmetry, most: int) -> float:
    """Coarsest step whose error at the particle's rim stays below half the finest detail in the band, within ``most``.

    Half a step moves the rim by (Δ / 2)(D / 2); half a detail is L / 2r: Δ = 2 L / (r D).
    """
    needed = math.degrees(2 / (radius * relative_diameter))
    affordable = [s for s in STEPS if orientation_count(s, symmetry) <= most] or [STEPS[0]]
    fine_enough = [s for s in affordable if s <= needed]
    return fine_enough[0] if fine_enough else affordable[-1]


def reach(step: float, relative_diameter: float) -> int:
    """Last shell for which a grid of ``step`` degrees is fine enough to find orientations, with a margin of 1.5."""
    return int(1.5 * 2 / (math.radians(step) * relative_diameter))
