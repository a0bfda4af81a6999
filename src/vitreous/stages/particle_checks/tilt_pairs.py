r"""Tilt pairs: the one test of a map that needs nothing but the microscope's goniometer.

Particles seen twice, the stage tilted by θ about an axis at φ in between, have poses R_t = D R_u with the same D for all. D turns the
beam's direction z to D z = sin θ (sin φ, −cos φ) + cos θ z, which does not ask how the first image lies in its plane. Right maps give
points that cluster about (θ, φ); random poses give points even over the sphere, of which a cap of radius r holds the share
(1 − cos r) / 2.

A map of the wrong hand turns D into F D F, F = diag(−1, −1, 1): the same tilt about the opposite axis, φ + 180°. With the sign of the tilt
known the hand is told (Rosenthal & Henderson 2003, J. Mol. Biol. 333:721; Wasilewski & Rosenthal 2014, J. Struct. Biol. 186:122).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.rotations import exponential
from vitreous.numerics.symmetry import Symmetry
from vitreous.stages.particle_checks.evidence import Posed

#: Degrees: radius of the cap that is counted as the cluster.
CAP_DEG = 5.0
#: Rounds in which the middle of the cluster is moved to the mean of what its cap holds.
ROUNDS = 20
#: Pairs, at least.
FEWEST = 10

Hand = Literal["right", "wrong", "not told"]


@dataclass(frozen=True, eq=False)
class TiltCluster:
    """Where the pairs say the stage was tilted to.

    Parameters
    ----------
    tilt_deg, axis_deg
        Of each pair, ``(n,)``: θ from 0 to 180, φ from −180 to 180 from +x towards +y.
    mean_tilt_deg, mean_axis_deg
        Of the cluster.
    within
        Share of pairs within the cap about it.
    p_value
        Probability of a cap as full anywhere on the sphere if poses were random.
    """

    tilt_deg: Tensor
    axis_deg: Tensor
    mean_tilt_deg: float
    mean_axis_deg: float
    within: float
    p_value: float

    @property
    def points(self) -> Tensor:
        """θ (cos φ, sin φ) of each pair, the polar plot: degrees ``(n, 2)``."""
        angle = torch.deg2rad(self.axis_deg)
        return self.tilt_deg[:, None] * torch.stack([angle.cos(), angle.sin()], 1)

    def hand(self, tilt_deg: float, axis_deg: float) -> Hand:
        """Of the map, if the stage was truly tilted by ``tilt_deg`` about ``axis_deg`` from the first to the second image.

        Told where the cluster lies within two caps of the truth, or of its opposite.
        """
        here = _beam(math.radians(self.mean_tilt_deg), math.radians(self.mean_axis_deg))
        right, wrong = (_angle_deg(here, _beam(math.radians(sign * tilt_deg), math.radians(axis_deg))) for sign in (1, -1))
        if min(right, wrong) > 2 * CAP_DEG or self.p_value > 0.01:
            return "not told"
        return "right" if right < wrong else "wrong"


def tilt_cluster(untilted: Tensor, tilted: Tensor, symmetry: Symmetry) -> TiltCluster:
    """Tilt and axis of every pair, and their cluster.

    Parameters
    ----------
    untilted, tilted
        Poses of the same particles in the first and the second image, float64 ``(n, 3, 3)``.
    symmetry
        Of the map: of the equivalent turns of a pair the one nearest to the cluster is taken.

    Raises
    ------
    InputError
        If there are fewer than 10 pairs, or not as many of one as of the other.
    """
    require(len(untilted) == len(tilted), "tilted particles", len(tilted), f"as many as untilted ones, {len(untilted)}")
    require(len(untilted) >= FEWEST, "tilt pairs", len(untilted), f"at least {FEWEST}")
    # beams[n, g] = R_t g R_uᵀ z
    beams = torch.einsum("nij,gjk,nk->ngi", tilted, symmetry.matrices.to(tilted), untilted[:, 2])
    middle = _fullest(beams)
    for _ in range(ROUNDS):
        nearest = _nearest(beams, middle)
        inside = nearest @ middle > math.cos(math.radians(CAP_DEG))
        middle = nearest[inside].sum(0) if inside.any() else middle
        middle = middle / middle.norm()
    nearest = _nearest(beams, middle)
    within = float((nearest @ middle > math.cos(math.radians(CAP_DEG))).double().mean())
    tilt, axis = _angles(nearest)
    mean_tilt, mean_axis = (float(value) for value in _angles(middle))
    return TiltCluster(tilt, axis, mean_tilt, mean_axis, within, _p_value(round(within * len(beams)), len(beams), symmetry.order))


def _fullest(beams: Tensor) -> Tensor:
    """The point whose cap holds the most pairs."""
    candidates = beams.reshape(-1, 3)
    near = torch.cos(torch.deg2rad(torch.tensor(CAP_DEG)))
    counts = torch.cat([((part @ beams.reshape(-1, 3).T).reshape(len(part), *beams.shape[:2]).amax(2) > near).sum(1)
                        for part in candidates.split(256)])  # fmt: skip
    return candidates[counts.argmax()]


def _nearest(beams: Tensor, middle: Tensor) -> Tensor:
    return beams[torch.arange(len(beams)), (beams @ middle).argmax(1)]


def _angles(beam: Tensor) -> tuple[Tensor, Tensor]:
    """θ and φ in degrees of directions ``(..., 3)`` of the turned beam."""
    x, y, z = beam.unbind(-1)
    return torch.rad2deg(torch.atan2(torch.hypot(x, y), z)), torch.rad2deg(torch.atan2(x, -y))


def _beam(tilt: float, axis: float) -> Tensor:
    """D z of a tilt about an axis, radians."""
    return torch.tensor([math.sin(tilt) * math.sin(axis), -math.sin(tilt) * math.cos(axis), math.cos(tilt)], dtype=torch.float64)


def _angle_deg(a: Tensor, b: Tensor) -> float:
    return math.degrees(math.acos(max(-1.0, min(1.0, float(a @ b)))))


def _p_value(inside: int, pairs: int, order: int) -> float:
    """Probability that any of the caps about the points holds so many: the binomial tail of the others, times the points."""
    from scipy.stats import binom

    share = min(1.0, order * (1 - math.cos(math.radians(CAP_DEG))) / 2)
    return min(1.0, pairs * order * float(binom.sf(inside - 2, pairs - 1, share)))


@dataclass(frozen=True, eq=False)
class TiltSearch:
    """Mean phase residual of the tilted images at every tilt of the stage.

    Parameters
    ----------
    residual_deg
        ``(s, s)`` degrees, 90 by chance: row by θ sin φ, column by θ cos φ.
    line_deg
        Those, ``(s,)`` degrees.
    """

    residual_deg: Tensor
    line_deg: Tensor

    @property
    def best(self) -> tuple[float, float]:
        """(θ, φ) of the least residual, degrees."""
        row, column = divmod(int(self.residual_deg.argmin()), len(self.line_deg))
        x, y = float(self.line_deg[column]), float(self.line_deg[row])
        return math.hypot(x, y), math.degrees(math.atan2(y, x))


def search_tilt(untilted: Tensor, tilted: Posed, *, most_deg: float = 40.0, step_deg: float = 2.0, radius: int) -> TiltSearch:
    r"""Hold each tilted image against the views that tilts of the stage would give of the particle in its untilted pose.

    Parameters
    ----------
    untilted
        Poses in the untilted images, ``(n, 3, 3)``.
    tilted
        The tilted images of the same particles with the map; their shifts are used, their rotations are not.
    most_deg, step_deg
        Tilts tried, to either side along both axes.
    radius
        Last shell used.

    Notes
    -----
    The residual is the mean phase difference weighted by both amplitudes, Σ |X| |cS| |Δφ| / Σ |X| |cS|.
    """
    require(len(untilted) == len(tilted), "tilted images", len(tilted), f"as many as untilted poses, {len(untilted)}")
    steps = round(most_deg / step_deg)
    line = torch.arange(-steps, steps + 1, dtype=torch.float64) * step_deg
    y, x = torch.meshgrid(line, line, indexing="ij")
    turns = exponential(torch.deg2rad(torch.stack([x, y, torch.zeros_like(x)], -1).reshape(-1, 3)))
    count = tilted.disc.within(min(radius, tilted.balls[0].radius))
    total = torch.zeros(len(turns), dtype=torch.float64)
    for row in range(len(tilted)):
        one = tilted.take(torch.tensor([row]))
        values, c = one.images.block(slice(None), count)
        many = Posed(one.particles, one.images, turns @ untilted[row], one.shift.expand(len(turns), 2), one.balls,
                     one.half.expand(len(turns)))  # fmt: skip
        product = values.conj() * (many.views(count) * c)
        size = product.abs()
        total += ((size * product.angle().abs()).sum(1) / size.sum(1).clamp_min(1e-30)).double()
    return TiltSearch(torch.rad2deg(total / len(tilted)).reshape(x.shape), line)
