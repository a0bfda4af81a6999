r"""Motion along the beam: how the defocus of a movie's particles changes while it is exposed.

A height z_f = z₀ + z' f of the specimen changes χ by δ_f(k) = πλ k² z_f, and the log-likelihood of the frames is

    Σ a (B₁ cos δ + B₂ sin δ) − ½ a² (A₁₁ cos² δ + 2 A₁₂ cos δ sin δ + A₂₂ sin² δ)

with the sums of :mod:`vitreous.stages.polish.sums`. z₀ and z' follow by Gauss-Newton, the amplitudes a being fitted in turns.
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
    frames = sums.cross.shape[1]
    times = np.stack([np.ones(frames), np.linspace(-0.5, 0.5, frames)])
    fine = (sums.k > 1 / COARSEST).astype(float)
    sums = FrameSums(sums.cross * fine, sums.power * fine, sums.k)
    per_height = math.pi * wavelength(voltage) * sums.k**2
    found = np.zeros(2)
    for _ in range(STEPS):
        delta = (found @ times)[:, None] * per_height
        turned = _turned(sums, delta)
        a = fit_amplitude(FrameSums(turned[0][None], turned[2].mean(0)[None], sums.k), left)
        slope = (a * turned[1] - a**2 * turned[3]) @ per_height
        bend = (a**2 * turned[4]) @ per_height**2
        normal = (times * bend) @ times.T
        found = found + (np.linalg.solve(normal, times @ slope)).clip(-LONGEST, LONGEST)
    sigma = np.sqrt(np.linalg.inv(normal).diagonal())
    return HeightDrift(float(found[0]), float(sigma[0]), float(found[1]), float(sigma[1]))


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
