r"""MonoDir: local resolution along each direction, and where the map was seen from too rarely.

MonoRes within a double cone about each of 24 directions of the half sphere (Vilas, Tagare, Vargas, Carazo & Sorzano 2020, Nat. Commun.
11:55). Two questions are read from it. Over the map as a whole: along which axis is it worst, the axis across which it was seldom
seen? At each place: is it worse along the radius or across it? Errors of the angles blur across the radius, the more the farther out;
a tangential resolution that grows with the radius while the radial one does not is their mark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.bands import Band
from vitreous.numerics.directional import half_sphere
from vitreous.numerics.filters import raised_cosine
from vitreous.stages.local_resolution.descent import check_maps
from vitreous.stages.local_resolution.monogenic import Gain, monogenic

#: Directions are the centres of HEALPix pixels of this many a side, 29° apart; half-angle of the cones and width of their edge.
NSIDE, CONE, EDGE = 2, math.radians(30.0), math.radians(15.0)
#: Directions more than 60° from the radius count as across it.
ACROSS = 0.5


@dataclass(frozen=True, eq=False)
class DirectionalResolution:
    """Resolution by direction, Å.

    Parameters
    ----------
    directions
        Unit vectors (x, y, z), float64 ``(d, 3)``, of the half sphere.
    medians
        Over the mask along each, float64 ``(d,)``.
    radial, tangential
        At each place, along the radius from the middle of the mask and the mean of directions across it; float32 ``(z, y, x)``, NaN
        outside the mask.
    """

    directions: Tensor
    medians: Tensor
    radial: Tensor
    tangential: Tensor

    def axes(self) -> tuple[Tensor, Tensor]:
        """Resolution along three principal axes, Å, finest first ``(3,)``, and these axes as columns ``(3, 3)``.

        Of ln d(u) = uᵀ Q u, least squares over the directions: a quadratic form is the least that has an axis.
        """
        x, y, z = self.directions.unbind(-1)
        terms = torch.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z], -1)
        a, b, c, d, e, f = torch.linalg.lstsq(terms, self.medians.log()[:, None]).solution[:, 0].tolist()
        logs, axes = torch.linalg.eigh(torch.tensor([[a, d, e], [d, b, f], [e, f, c]], dtype=torch.float64))
        return logs.exp(), axes


def monodir(
    first: Volume, second: Volume | None, mask: Tensor, *, finest: float | None = None, coarsest: float | None = None
) -> DirectionalResolution:
    """Local resolution along each of 24 directions; arguments and errors as for :func:`~.monogenic.monogenic`.

    Notes
    -----
    24 times the work of MonoRes: shrink a map to its resolution before (:meth:`~vitreous.data.volume.Volume.resized`).
    """
    inside = check_maps(first, second, mask)
    directions, outwards = half_sphere(NSIDE), _outwards(inside)
    medians, closest = [], torch.full(first.shape, -1.0)
    radial, total, count = torch.full(first.shape, torch.nan), torch.zeros(first.shape), torch.zeros(first.shape)
    for each in directions:
        found = monogenic(first, second, mask, finest=finest, coarsest=coarsest, gain=cone(each))
        medians.append(found.quantile(0.5))
        cosine = sum(float(u) * r for u, r in zip(each, outwards)).abs()  # type: ignore[union-attr]
        nearer = cosine > closest
        radial, closest = torch.where(nearer, found.values, radial), torch.where(nearer, cosine, closest)
        across = cosine < ACROSS
        total, count = total + torch.where(across, found.values, 0.0), count + across
    return DirectionalResolution(directions, torch.tensor(medians, dtype=torch.float64), radial, total / count)


def cone(direction: Tensor) -> Gain:
    """A soft double cone about a direction, as a factor on the transform of a band."""

    def gain(band: Band) -> Tensor:
        z, y, x = band.frequencies()
        along = float(direction[0]) * x + float(direction[1]) * y + float(direction[2]) * z
        cosine = along.abs() / (x**2 + y**2 + z**2).sqrt().clamp_min(1e-12)
        return raised_cosine(torch.arccos(cosine.clamp(0, 1)), CONE, EDGE)

    return gain


def _outwards(inside: Tensor) -> tuple[Tensor, ...]:
    """Unit vectors from the middle of the mask, as x, y and z components."""
    places = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in inside.shape), indexing="ij")
    z, y, x = (axis - axis[inside].mean() for axis in places)
    length = (x**2 + y**2 + z**2).sqrt().clamp_min(1e-6)
    return x / length, y / length, z / length
