"""The artefact detective's bench: one specimen, faults switched on one at a time, and the map that comes of them.

Images are made in Fourier space as the forward model says, X = c S V + N, and put back with what a user would believe of them: poses
that may be wrong, a defocus that may be wrong. The reconstruction is the production one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.rotations import exponential, from_euler
from vitreous.numerics.slices import Insertion, half_ball, slices
from vitreous.physics.ctf import ctf
from vitreous.reconstruct.fourier import map_correlation, solve
from vitreous.simulate.specimens import density_map, specimen

#: Voxels a side, Å a voxel, and Å to which the specimen is blurred, so that no detail is finer than two voxels.
SIZE, PIXEL, DETAIL = 48, 4.5, 12.0
#: Least and greatest defocus of the images, Å.
DEFOCUS = (10000.0, 20000.0)

Transfer = Literal["right", "ignored", "wrong defocus", "one defocus"]
Culprit = Literal["nothing", "angles", "views", "noise", "few", "transfer"]

#: What each culprit is in words, in the order in which they are offered.
SUSPECTS: dict[Culprit, str] = {
    "nothing": "nothing is wrong",
    "angles": "errors of the angles",
    "views": "preferred views",
    "noise": "too low a signal-to-noise ratio",
    "few": "too few particles",
    "transfer": "a wrong contrast transfer function",
}


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is wrong with a set of images, and how many there are.

    Parameters
    ----------
    particles
        Images, at least 2: two half-sets are made of them.
    angle_deg
        Standard deviation of the error of the assumed orientation about each axis, degrees.
    cone_deg
        Views come from a cone of this half-angle about the specimen's z axis; 90 is every direction.
    snr
        Power of the signal over that of the noise in an image, all frequencies together; infinite for none.
    transfer
        How the CTF is dealt with: "right"; "ignored", as if the images were projections; "wrong defocus", off by ``defocus_error``;
        "one defocus", right, but all images were taken at the same.
    defocus_error
        Å.
    seed
        Of all chance.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    particles: int = 600
    angle_deg: float = 0.0
    cone_deg: float = 90.0
    snr: float = math.inf
    transfer: Transfer = "right"
    defocus_error: float = 3000.0
    seed: int = 1

    def __post_init__(self) -> None:
        require(self.particles >= 2, "particles", self.particles, "at least 2, one for each half")
        require(self.angle_deg >= 0, "angle_deg", self.angle_deg, "0 or more degrees")
        require(0 < self.cone_deg <= 90, "cone_deg", self.cone_deg, "above 0, at most 90 degrees")
        require(self.snr > 0, "snr", self.snr, "positive")


@dataclass(frozen=True, eq=False)
class Case:
    """A map and what can be seen of it.

    Parameters
    ----------
    volume, halves
        The map of all images, and of each half of them, float32 ``(SIZE, SIZE, SIZE)``.
    fsc, truth
        Correlation of the halves, and of the map with the specimen, by shell.
    weights
        How much was measured in the section kx = 0 of Fourier space, ``(kz, ky)``, zero frequency in the middle.
    rotations
        Poses as they were believed, ``(n, 3, 3)``.
    """

    volume: Tensor
    halves: tuple[Tensor, Tensor]
    fsc: Tensor
    truth: Tensor
    weights: Tensor
    rotations: Tensor


@lru_cache(maxsize=1)
def bench_specimen() -> Volume:
    """The head of a ribosome's small subunit at 12 Å: ``SIZE`` voxels of ``PIXEL`` Å."""
    return density_map(specimen("ribosome head"), SIZE, PIXEL, resolution=DETAIL)


def views_within(cone_deg: float, count: int, generator: torch.Generator) -> Tensor:
    """Rotations ``(count, 3, 3)`` that see the object from directions even over a cone of half-angle ``cone_deg`` about its z axis."""
    turn, height, roll = torch.rand(3, count, generator=generator, dtype=torch.float64)
    tilt = torch.rad2deg(torch.acos(1 - height * (1 - math.cos(math.radians(cone_deg)))))
    return from_euler(torch.stack([360 * turn, tilt, 360 * roll], -1))


def believed(rotations: Tensor, angle_deg: float, generator: torch.Generator) -> Tensor:
    """Rotations with an error of standard deviation ``angle_deg`` about each axis of the lab."""
    error = torch.randn(len(rotations), 3, generator=generator, dtype=torch.float64) * math.radians(angle_deg)
    return exponential(error) @ rotations


def reconstruct_case(faults: Faults, volume: Volume | None = None) -> Case:
    """Make images of a specimen, by default :func:`bench_specimen`, and the map that the faults leave of it.

    Half-sets are odd and even images. The same seed draws the same views, errors and noise whatever else is changed.
    """
    truth = bench_specimen() if volume is None else volume
    size, points = truth.shape[0], disc(truth.shape[0])
    of = {name: torch.Generator().manual_seed(1000 * faults.seed + at) for at, name in enumerate(("views", "errors", "noise", "defocus"))}
    rotations = views_within(faults.cone_deg, faults.particles, of["views"])
    defocus = _defocus(faults, of["defocus"])
    lens = _lens(defocus, points, truth.voxel_size)
    images = lens * slices(half_ball(truth.values, points.radius, scale=truth.voxel_size), rotations, points)
    if math.isfinite(faults.snr):
        noise = torch.view_as_complex(torch.randn(*images.shape, 2, generator=of["noise"]))
        images = images + noise * math.sqrt(float(images.abs().square().mean()) / (2 * faults.snr))
    poses = believed(rotations, faults.angle_deg, of["errors"])
    used = _lens(defocus + faults.defocus_error, points, truth.voxel_size) if faults.transfer == "wrong defocus" else lens
    used = -torch.ones_like(lens) if faults.transfer == "ignored" else used
    sums = []
    for half in (slice(0, None, 2), slice(1, None, 2)):
        insertion = Insertion(size, points.radius)
        insertion.add(poses[half], used[half] * images[half], used[half] ** 2, points)
        sums.append(insertion.total())
    maps = [_solved(*each, truth, points.radius) for each in (*sums, (sums[0][0] + sums[1][0], sums[0][1] + sums[1][1]))]
    return Case(maps[2], (maps[0], maps[1]), map_correlation(maps[0], maps[1]), map_correlation(maps[2], truth.values),
                _plane(sums[0][1] + sums[1][1]), poses)  # fmt: skip


def _solved(numerator: Tensor, denominator: Tensor, truth: Volume, radius: int) -> Tensor:
    return solve(numerator, denominator, truth.shape[0], ssnr=None, radius=radius, voxel_size=truth.voxel_size)


def _defocus(faults: Faults, generator: torch.Generator) -> Tensor:
    low, high = DEFOCUS
    drawn = low + (high - low) * torch.rand(faults.particles, generator=generator)
    return torch.full_like(drawn, 0.5 * (low + high)) if faults.transfer == "one defocus" else drawn


def _lens(defocus: Tensor, points: Disc, pixel_size: float) -> Tensor:
    """c of each image at the points of the disc, float32 ``(n, K)``."""
    zero = torch.zeros_like(defocus)
    return ctf(torch.stack([defocus, defocus, zero, zero], -1), Optics(pixel_size=pixel_size), *points.frequencies(pixel_size)).float()


def _plane(denominator: Tensor) -> Tensor:
    """Section kx = 0 of a half ball."""
    return denominator[:, :, 0]


def hidden_case(number: int) -> tuple[Culprit, Faults]:
    """What is wrong with case ``number`` of the guessing game, 1 or more: every six cases hold each culprit once.

    Numbers of particles and other strengths vary from case to case, so that no one figure gives the culprit away.
    """
    require(number >= 1, "number of the case", number, "1 or more")
    chance = torch.Generator().manual_seed((number - 1) // len(SUSPECTS) + 77)
    order = torch.randperm(len(SUSPECTS), generator=chance)
    culprit = list(SUSPECTS)[int(order[(number - 1) % len(SUSPECTS)])]
    strength = 0.8 + 0.4 * float(torch.rand(1, generator=torch.Generator().manual_seed(number)))
    sound = Faults(particles=round(800 * strength), snr=0.5, seed=number)
    faulty: dict[Culprit, Faults] = {
        "nothing": sound,
        "angles": replace(sound, angle_deg=9.0 * strength),
        "views": replace(sound, cone_deg=25.0 * strength),
        "noise": replace(sound, snr=0.004 / strength),
        "few": replace(sound, particles=2 * round(6 * strength), snr=30.0),
        "transfer": replace(sound, transfer="ignored" if number % 2 else "wrong defocus"),
    }
    return culprit, faulty[culprit]
