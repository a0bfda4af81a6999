r"""How evenly a set of views samples the directions of Fourier space, and what unevenness costs.

A view along v measures the central slice of directions k̂ with v · k̂ = 0. On the sphere of radius r (in shells) it counts as sampled
where |v · k̂| < 1 / 2r, the thickness of a slice (Baldwin & Lyumkis 2020, Prog. Biophys. Mol. Biol. 150:160). With c(k̂) counted slices
of n views and their mean m = n / 2r, the sampling is S = c / m, 1 everywhere for even views. As the noise of a coefficient falls with
1 / S, its mean over directions rises by

    1 / SCF = ⟨1 / S(k̂)⟩,

the sampling compensation factor: SCF N even views would have done as well as the N there are. A direction never sampled makes it 0.
SCF* keeps telling such sets apart (Baldwin & Lyumkis 2021, Prog. Biophys. Mol. Biol. 160:53): with the share Q of directions unsampled,
P = 1 − Q, and SCF₀ taken over the others, SCF* = SCF₀ / (1 + (Q / P) (m / 2) SCF₀).

A count of mean λ by chance has ⟨1 / c⟩ ≈ (1 + 1/λ) / λ, which would make few views look uneven; ⟨1 / (c + 1)⟩ = (1 − e^−λ) / λ does not.

**Known.** Views of all azimuths about one axis, at the angle a from it: S = (2/π) / √(sin²a − cos²θ) where |cos θ| < sin a, 0 elsewhere, θ
from the axis. So Q = 1 − sin a and ⟨1/S⟩ over the sampled ones is π² sin a / 8: a series of side views (a = 90°) has SCF = 8/π² = 0.81, top
views have 0, and tilting the stage by 30° halves what top views leave out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.directional import half_sphere
from vitreous.numerics.symmetry import Symmetry

#: HEALPix side of the directions at which sampling is counted: 384, 7.3° apart.
NSIDE = 8
#: Radius of the sphere in shells, as published; smaller for few views, so that slices are counted at least so often on average.
RADIUS, LEAST_COUNT = 50.0, 40.0
#: Views with their symmetric copies counted at most: the counts' own errors are then below 2 %.
MOST_VIEWS = 200_000
#: Fewer particles say nothing of a distribution.
FEWEST = 20


@dataclass(frozen=True, eq=False)
class Sampling:
    """Slices counted by direction.

    Parameters
    ----------
    directions
        Unit vectors (x, y, z) of the half sphere, float64 ``(384, 3)``.
    relative
        S, of mean 1, ``(384,)``.
    expected
        m, slices a direction on average.
    """

    directions: Tensor
    relative: Tensor
    expected: float

    @property
    def unsampled(self) -> float:
        """Share of directions that no view samples, 0 to 1."""
        return float((self.relative == 0).double().mean())

    @property
    def scf(self) -> float:
        """Sampling compensation factor, 0 (a direction is missing) to 1 (even)."""
        return 0.0 if self.unsampled else self._of_sampled()

    @property
    def scf_star(self) -> float:
        """SCF*, equal to SCF where all directions are sampled."""
        missing = self.unsampled
        if missing == 1:
            return 0.0
        known = self._of_sampled()
        return known / (1 + missing / (1 - missing) * 0.5 * self.expected * known)

    def _of_sampled(self) -> float:
        sampled = self.relative[self.relative > 0]
        return min(1.0, float(1 / (1 / (sampled + 1 / self.expected)).mean()))


def views_of(rotations: Tensor, symmetry: Symmetry, *, tilt_deg: float = 0.0) -> Tensor:
    """Directions from which the object is seen, with all symmetric copies: unit vectors ``(n · order, 3)``.

    Parameters
    ----------
    rotations
        r_lab = R r_object, ``(n, 3, 3)``.
    symmetry
        Point group.
    tilt_deg
        Turn of the whole specimen about the lab's x axis: the beam then runs along (0, sin, cos) of the lab as it is now.

    Raises
    ------
    InputError
        If there are fewer than 20 rotations.
    """
    require(len(rotations) >= FEWEST, "number of views", len(rotations), f"at least {FEWEST}")
    kept = rotations[:: max(1, math.ceil(len(rotations) * symmetry.order / MOST_VIEWS))].double()
    angle = math.radians(tilt_deg)
    seen = math.sin(angle) * kept[:, 1] + math.cos(angle) * kept[:, 2]
    return torch.einsum("ni,gij->gnj", seen, symmetry.matrices).reshape(-1, 3)


def sampling(views: Tensor) -> Sampling:
    """Count slices in 384 directions; ``views`` are unit vectors ``(n, 3)``."""
    directions = half_sphere(NSIDE)
    radius = min(RADIUS, 0.5 * len(views) / LEAST_COUNT)
    expected = 0.5 * len(views) / max(radius, 0.5)
    counts = torch.zeros(len(directions), dtype=torch.float64)
    for part in views.split(20_000):
        counts += ((directions @ part.T).abs() < 0.5 / radius).sum(1)
    return Sampling(directions, counts / expected, expected)


def sampling_after_tilt(rotations: Tensor, symmetry: Symmetry, tilts_deg: list[float]) -> list[Sampling]:
    """What the same specimen would give on a stage tilted by each angle: poses turned with it, all else alike."""
    return [sampling(views_of(rotations, symmetry, tilt_deg=tilt)) for tilt in tilts_deg]
