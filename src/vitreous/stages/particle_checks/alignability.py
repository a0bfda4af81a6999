r"""Do images know which way they look? How far the directions that fit best lie apart, against those that fit noise best.

Every image is held against all directions of a grid, each with its best turn in the plane and shift: cc = C / √P. The spread of the m best,

    T = Σ_{a<b} cc_a cc_b ∠(d_a, d_b) / Σ_{a<b} cc_a cc_b,

is small where they agree. The precision of an image is the probability that an image of noise has a larger one, its accuracy the
same for the mean angle to the direction it was assigned. Noise gives U(0, 1), particles about 1.

Vargas et al. 2016 (Sci. Rep. 6:21626) draw the directions of noise evenly from the sphere. But directions of a grid that lie side by
side give like views, and even noise is matched best by neighbours: against even draws noise would pass for a little alignable. Here
images of noise with the same spectrum and the same transfer functions are held against the same views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.pose_search import Grid, score_tables
from vitreous.numerics.rotations import from_euler, random_rotations
from vitreous.numerics.slices import slices
from vitreous.numerics.so3_grid import healpix, shift_disc
from vitreous.numerics.symmetry import Symmetry
from vitreous.stages.particle_checks.evidence import Posed
from vitreous.stages.particle_checks.fit import Fit
from vitreous.stages.particle_checks.search_again import weighted

#: Directions 10° apart, as in the search for better poses, and its last shell.
NSIDE, TURNS, SHELLS = 6, 36, 12
#: Share of the directions that are counted as the best, and how many at least.
BEST, LEAST = 0.01, 4


@dataclass(frozen=True, eq=False)
class Alignability:
    """How well images know their direction.

    Parameters
    ----------
    spread_deg, off_deg
        T, and the mean angle of the best directions to the assigned one, ``(n,)`` degrees.
    precision, accuracy
        Share of images of noise that do worse, 0 to 1, ``(n,)``.
    noise_spread_deg
        T of the images of noise, sorted.
    even_deg
        Mean angle between two directions of the grid: T of directions drawn evenly.
    """

    spread_deg: Tensor
    off_deg: Tensor
    precision: Tensor
    accuracy: Tensor
    noise_spread_deg: Tensor
    even_deg: float

    @property
    def room(self) -> float:
        """Median T of noise over that of even directions: where the map draws noise, too, to a few views, no image can do better."""
        return float(self.noise_spread_deg.median()) / self.even_deg


def alignability(posed: Posed, fit: Fit, symmetry: Symmetry, generator: torch.Generator) -> Alignability:
    """Score images.

    Parameters
    ----------
    posed, fit
        Images with their poses, and how they fit.
    symmetry
        Of the map.
    generator
        Chance, for the images of noise.
    """
    directions = grid_directions(symmetry)
    apart = angles_between(directions, directions, symmetry)
    scores, noise_scores = (torch.zeros(len(posed), len(directions)) for _ in range(2))
    for half in range(2):
        own = torch.nonzero(posed.half == half).flatten()
        for rows in own.split(64) if len(own) else ():
            here = posed.take(rows)
            images = weighted(here.images.take(torch.arange(len(rows))), fit, rows)
            scores[rows] = direction_scores(here, images, fit, directions, half)
            noise_scores[rows] = direction_scores(here, noise_twins(images, fit, generator), fit, directions, half)
    assigned = torch.cat([from_assigned(posed.rotation, directions, symmetry), from_assigned(
        random_rotations(len(posed), generator), directions, symmetry)])
    spread, off = spreads(torch.cat([scores, noise_scores]), apart, assigned)
    n = len(posed)
    null, null_off = spread[n:].sort().values, off[n:].sort().values
    return Alignability(spread[:n], off[:n], exceeding(null, spread[:n]), exceeding(null_off, off[:n]), null, float(apart.mean()))


def grid_directions(symmetry: Symmetry) -> Tensor:
    """(rot, tilt) in degrees of the group's asymmetric unit, float64 ``(d, 2)``."""
    angles = healpix(NSIDE)
    return angles[symmetry.holds(unit_vectors(angles))]


def unit_vectors(angles_deg: Tensor) -> Tensor:
    """Of (rot, tilt): ``(d, 3)``."""
    rot, tilt = torch.deg2rad(angles_deg).unbind(-1)
    return torch.stack([tilt.sin() * rot.cos(), tilt.sin() * rot.sin(), tilt.cos()], -1)


def angles_between(a: Tensor, b: Tensor, symmetry: Symmetry) -> Tensor:
    """Degrees between directions (rot, tilt) ``(a, 2)`` and ``(b, 2)``, the nearest copies: ``(a, b)``."""
    return _angles(unit_vectors(a), unit_vectors(b), symmetry)


def from_assigned(rotation: Tensor, directions: Tensor, symmetry: Symmetry) -> Tensor:
    """Degrees from the direction of each pose to those of the grid: ``(n, d)``."""
    return _angles(rotation[:, 2], unit_vectors(directions), symmetry)


def _angles(a: Tensor, b: Tensor, symmetry: Symmetry) -> Tensor:
    closest = torch.full((len(a), len(b)), -1.0, dtype=torch.float64)
    for g in symmetry.matrices:
        closest = torch.maximum(closest, a @ g @ b.T)
    return torch.rad2deg(torch.arccos(closest.clamp(-1, 1)))


def noise_twins(images: FourierImages, fit: Fit, generator: torch.Generator) -> FourierImages:
    """Images of noise alone, with the spectra and transfer functions of ``images``."""
    shells = torch.full((len(fit.noise.variance), images.disc.radius + 1), 1.0, dtype=torch.float64)
    known = fit.noise.variance.shape[1]
    shells[:, :known] = fit.noise.variance.sqrt()
    drawn = torch.randn(*images.values.shape, 2, generator=generator)
    return replace(images, values=torch.view_as_complex(drawn) * shells[images.group][:, images.disc.shell].float())


def direction_scores(here: Posed, images: FourierImages, fit: Fit, directions: Tensor, half: int) -> Tensor:
    """cc of each image in each direction, the best of all turns and shifts: float32 ``(b, d)``."""
    count = images.disc.within(min(SHELLS, fit.radius))
    psi = torch.arange(TURNS, dtype=torch.float64) * (360 / TURNS)
    angles = torch.cat([directions[:, None].expand(-1, TURNS, 2), psi.expand(len(directions), -1)[..., None]], -1)
    planes = slices(here.balls[half], from_euler(angles.reshape(-1, 3)), images.disc, count)
    grid = Grid(planes, shift_disc(2.0, 4.0))
    out = torch.empty(len(images), len(directions))
    for table in score_tables(images, fit.noise, grid, centres=here.shift):
        best = table.cross.amax(1) / (2 * table.power).clamp_min(1e-20).sqrt()
        out[table.rows] = best.view(len(best), -1, TURNS).amax(2)
    return out


def spreads(scores: Tensor, apart: Tensor, assigned: Tensor) -> tuple[Tensor, Tensor]:
    """T and the mean angle to the assigned direction of each image's best directions, ``(n,)`` each, degrees."""
    m = max(LEAST, round(BEST * scores.shape[1]))
    weight, best = scores.double().clamp_min(1e-6).topk(m, 1)
    pair = weight[:, :, None] * weight[:, None, :] * (1 - torch.eye(m, dtype=torch.float64))
    between = (pair * apart[best[:, :, None], best[:, None, :]]).sum((1, 2)) / pair.sum((1, 2))
    off = (weight * assigned.gather(1, best)).sum(1) / weight.sum(1)
    return between, off


def exceeding(null: Tensor, values: Tensor) -> Tensor:
    """Share of the sorted ``null`` above each value, half a count from the ends."""
    above = len(null) - torch.searchsorted(null, values.contiguous(), right=True).double()
    return (above + 0.5) / (len(null) + 1)
