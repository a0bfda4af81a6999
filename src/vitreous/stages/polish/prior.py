r"""What is believed of how particles move before they are measured.

Velocities v of P particles from frame to frame have the energy

    ½ Σ_f v_fᵀ K⁻¹ v_f + ½ Σ_f |v_{f+1} − v_f|² / σ_A²,   K_ij = σ_V² exp(−d_ij / σ_D),

for x and y alike: neighbours move together, and nothing changes its speed at once (Zivanov et al. 2019, IUCrJ 6:5, eqs. 6-10).
In the eigenvectors of K (values λ_b) and of the second difference along time (a cosine transform, values
μ_m = 2 − 2 cos(πm / M), M velocities) the prior is diagonal with variances 1 / (1/λ_b + μ_m/σ_A²).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.errors import require

#: Å: how far a particle may lie from where its pose puts it, standard deviation; wide, since refinement has centred it.
OFFSET = 10.0


@dataclass(frozen=True)
class MotionPrior:
    """How particles move.

    Parameters
    ----------
    velocity
        σ_V, standard deviation of a velocity, Å per e/Å².
    distance
        σ_D, the distance over which velocities become unlike, Å.
    acceleration
        σ_A, standard deviation of the change of a velocity from frame to frame, Å per e/Å².
    noise
        Factor on the variances of the measurements.

    Raises
    ------
    InputError
        If one is not positive.
    """

    velocity: float = 0.3
    distance: float = 5000.0
    acceleration: float = 0.6
    noise: float = 1.0

    def __post_init__(self) -> None:
        units = {"velocity": "Å per e/Å²", "distance": "Å", "acceleration": "Å per e/Å²", "noise": "a factor"}
        for name, unit in units.items():
            require(getattr(self, name) > 0, name, getattr(self, name), f"positive, {unit}")

    def logarithms(self) -> NDArray[np.float64]:
        """ln of each, in the order above."""
        return np.log([self.velocity, self.distance, self.acceleration, self.noise])

    @classmethod
    def from_logarithms(cls, values: NDArray) -> MotionPrior:
        """Undo :meth:`logarithms`."""
        return cls(*np.exp(values).tolist())


def likeness(places: NDArray, distance: float) -> NDArray[np.float64]:
    """exp(−d_ij / σ_D) between ``places`` ``(P, 2)`` in Å: ``(P, P)``."""
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=-1)
    return np.exp(-apart / distance)


def time_modes(frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the eigenvectors of velocity along time do to a track, and μ: ``(frames, frames − 1)`` and ``(frames − 1,)``.

    A track is 0 in the first frame and the running sum of its velocities after.
    """
    count = frames - 1
    m, f = np.arange(count), np.arange(count) + 0.5
    vectors = np.sqrt(np.where(m == 0, 1, 2) / count) * np.cos(np.pi * f[:, None] * m / count)
    return np.vstack([np.zeros((1, count)), np.cumsum(vectors, axis=0)]), 2 - 2 * np.cos(np.pi * m / count)


@dataclass(frozen=True)
class PriorModes:
    """The prior of some particles' tracks, diagonal in ``space``.

    Parameters
    ----------
    space
        ``(P, P)``: eigenvectors in columns.
    covariance
        ``(P, frames, frames)``: of the track of each, Å².
    """

    space: NDArray[np.float64]
    covariance: NDArray[np.float64]


def prior_modes(prior: MotionPrior, places: NDArray, frames: int, dose: float, scale: NDArray | None = None) -> PriorModes:
    """Diagonalise.

    Parameters
    ----------
    prior
        What is believed.
    places
        ``(P, 2)`` in Å.
    frames
        Number of frames, at least 2.
    dose
        Of a frame, e/Å²; 1 makes the prior's unit Å a frame.
    scale
        ``(P,)``: tracks are multiplied by it, which makes measurements of unlike precision alike; ones by default. The
        acceleration of every particle keeps σ_A.
    """
    require(frames >= 2, "number of frames", frames, "2 or more, to see motion")
    scale = np.ones(len(places)) if scale is None else scale
    kernel = (prior.velocity * dose) ** 2 * likeness(places, prior.distance) * np.outer(scale, scale)
    values, vectors = (each.numpy() for each in torch.linalg.eigh(torch.from_numpy(kernel)))
    tracks, roughness = time_modes(frames)
    values = values.clip(1e-12 * values[-1])[:, None]
    variance = values / (1 + values * roughness / (prior.acceleration * dose) ** 2)
    covariance = (tracks * variance[:, None, :]) @ tracks.T
    return PriorModes(vectors, covariance + OFFSET**2)


def draw_tracks(
    prior: MotionPrior, places: NDArray, frames: int, dose: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    """Tracks of particles at ``places`` drawn from the prior, 0 in the first frame: ``(P, frames, 2)`` in Å."""
    modes = prior_modes(prior, places, frames, dose)
    roots = np.linalg.cholesky(modes.covariance + 1e-9 * np.eye(frames))
    drawn = np.einsum("bfg,bga->bfa", roots, chance.standard_normal((len(places), frames, 2)))
    tracks = np.einsum("pb,bfa->pfa", modes.space, drawn)
    return tracks - tracks[:, :1]
