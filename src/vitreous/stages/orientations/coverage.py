"""All that a set of poses says of its own evenness, and what a tilted stage would change."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from vitreous.numerics.symmetry import Symmetry
from vitreous.stages.orientations.point_spread import efficiency
from vitreous.stages.orientations.sampling import Sampling, sampling, sampling_after_tilt, views_of

#: Tilts of the stage that are tried, degrees; at 40° ice is a third thicker, and beyond it charging and drift spoil most images.
TILTS = (0.0, 10.0, 20.0, 30.0, 40.0)


@dataclass(frozen=True, eq=False)
class Coverage:
    """How evenly a specimen was seen.

    Parameters
    ----------
    count
        Particles.
    symmetry
        Name of the point group.
    sampled
        Slices by direction.
    efficiency
        E_od, 0 to 1.
    tilted
        The sampling that the same specimen would give at each of ``TILTS``.
    """

    count: int
    symmetry: str
    sampled: Sampling
    efficiency: float
    tilted: tuple[Sampling, ...]

    @property
    def advised_tilt(self) -> float:
        """Smallest tilt in degrees whose SCF* is within a tenth of the best."""
        found = [each.scf_star for each in self.tilted]
        return next(tilt for tilt, value in zip(TILTS, found) if value >= 0.9 * max(found))


def orientation_coverage(rotations: Tensor, symmetry: Symmetry) -> Coverage:
    """Measure the evenness of poses ``(n, 3, 3)``, r_lab = R r_object.

    Raises
    ------
    InputError
        If there are fewer than 20.
    """
    views = views_of(rotations, symmetry)
    sampled = sampling(views)
    tilted = sampling_after_tilt(rotations, symmetry, list(TILTS))
    return Coverage(len(rotations), symmetry.name, sampled, efficiency(views, sampled), tuple(tilted))
