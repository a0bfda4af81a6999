r"""Motion along the beam: how the defocus of a movie's particles changes while it is exposed.

A height z_f = z₀ + z' f of the specimen changes χ by δ_f(k) = πλ k² z_f, and the log-likelihood of the frames is

    Σ a (B₁ cos δ + B₂ sin δ) − ½ a² (A₁₁ cos² δ + 2 A₁₂ cos δ sin δ + A₂₂ sin² δ)

with the sums of :mod:`vitreous.stages.polish.sums` and a = D(k) q_f(k), D free in every shell: one movie's particles have nearly one
defocus, and an envelope of the wrong shape would look like another. z₀ and z' follow by Gauss-Newton with D eliminated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.physics.wavelength import wavelength
from vitreous.stages.polish.amplitude import fit_amplitude
from vitreous.stages.polish.sums import FrameSums

#: Gauss-Newton steps, and Å by which the defocus of any frame may change in one.
STEPS, LONGEST = 12, 200.0
#: Å: coarser detail says little of defocus and much of ice.
COARSEST = 30.0


@dataclass(frozen=True)
class HeightDrift:
    """Change of defocus of one movie.

    Parameters
    ----------
    offset, offset_sigma
        Å: by how much the mean defocus is larger than the table says.
    drift, drift_sigma
        Å: change of defocus from the first to the last frame; positive is more underfocus.
    """

    offset: float
    offset_sigma: float
    drift: float
    drift_sigma: float


def fit_height(sums: FrameSums, left: NDArray, voltage: float) -> HeightDrift:
    """Fit a linear change of defocus.

    Parameters
    ----------
    sums
        Of one movie, two frames or more.
    left
        ``(frames, shells)``: what damage leaves of the signal.
    voltage
        kV.

    Raises
    ------
    InputError
        If the particles do not agree with the reference.
    """
    fit_amplitude(sums, left)  # refuses a movie without signal
    frames = sums.cross.shape[1]
    times = np.stack([np.ones(frames), np.linspace(-0.5, 0.5, frames)])
    fine = (sums.k > 1 / COARSEST) & (sums.power[0] > 0)
    sums, left = FrameSums(sums.cross[..., fine], sums.power[:, fine], sums.k[fine]), left[:, fine]
    per_height = math.pi * wavelength(voltage) * sums.k**2
    found = np.zeros(2)
    for _ in range(STEPS):
        slope, normal = _normal_equations(_turned(sums, (found @ times)[:, None] * per_height), left, times, per_height)
        found = found + np.linalg.solve(normal, slope).clip(-LONGEST, LONGEST)
    sigma = np.sqrt(np.linalg.inv(normal).diagonal())
    return HeightDrift(float(found[0]), float(sigma[0]), float(found[1]), float(sigma[1]))


def _normal_equations(turned: tuple[NDArray, ...], left: NDArray, times: NDArray, per_height: NDArray) -> tuple[NDArray, NDArray]:
    """Slope of the log-likelihood in z₀ and z', and its expected bend when ln D follows: Schur's complement."""
    with_first, with_second, own, mixed, other = turned
    shared = (left * with_first).sum(0) / (left**2 * own).sum(0)
    a = left * shared.clip(0.0)
    slope = times @ ((a * with_second - a**2 * mixed) @ per_height)
    heights = (times * ((a**2 * other) @ per_height**2)) @ times.T
    coupled = times @ (a**2 * mixed * per_height)
    return slope, heights - (coupled / (a**2 * own).sum(0).clip(1e-12)) @ coupled.T


def _turned(sums: FrameSums, delta: NDArray) -> tuple[NDArray, ...]:
    """With c cos δ + c' sin δ and its slope −c sin δ + c' cos δ: cross with both, powers of first, of first and second, of second."""
    cos, sin = np.cos(delta), np.sin(delta)
    first, second = sums.cross
    own, mixed, other = sums.power
    return (
        cos * first + sin * second,
        cos * second - sin * first,
        cos**2 * own + 2 * cos * sin * mixed + sin**2 * other,
        cos * sin * (other - own) + (cos**2 - sin**2) * mixed,
        sin**2 * own - 2 * cos * sin * mixed + cos**2 * other,
    )
