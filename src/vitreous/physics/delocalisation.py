r"""Delocalisation: how far the lens moves detail aside, and what a box loses by it.

The image of structure of frequency k is moved by ∇χ / 2π, forwards for one sideband and backwards for the other. In the
direction of k that is

    d(k) = (1 / 2π) dχ/dk = λ z k − C_s λ³ k³.

Detail of a particle of diameter D is found within D + 2 |d(k)|. The same slope says how finely the CTF must be sampled: from one
coefficient of a box of length L to the next, Δk = 1 / L, χ must turn by less than π, which is L > 2 |d(k)|. A smaller box
wraps what it cuts off, and its CTF is not that of the particle.

Reference: Reimer & Kohl, *Transmission Electron Microscopy*, 5th ed. (2008), sec. 6.4, on phase-contrast transfer.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.numerics.fourier import centred_irfft2, frequency_squared
from vitreous.physics.ctf import ctf_grid
from vitreous.physics.wavelength import wavelength

#: Points of the quadrature over a particle: radii, azimuths, directions of k.
RADII, AZIMUTHS, DIRECTIONS = 24, 32, 16


def _slopes(optics: Optics, defocus: float) -> tuple[float, float]:
    lam = wavelength(optics.voltage)
    return lam * defocus, optics.spherical_aberration * 1e7 * lam**3


def displacement(k: ArrayLike, optics: Optics, defocus: float) -> NDArray[np.float64]:
    """d(k) = λ z k − C_s λ³ k³ in Å, of the shape of ``k`` (Å⁻¹); ``defocus`` in Å, underfocus positive.

    >>> round(float(displacement(1 / 3, Optics(pixel_size=1.0), 20000.0)), 1)
    123.6
    """
    linear, cubic = _slopes(optics, defocus)
    k = np.asarray(k, float)
    return linear * k - cubic * k**3


def farthest(optics: Optics, defocus: float, resolution: float) -> float:
    """Largest |d| of detail from the coarsest down to ``resolution`` (Å, positive), in Å.

    Raises
    ------
    InputError
        If ``resolution`` is not positive.
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å", instead="3.0")
    linear, cubic = _slopes(optics, defocus)
    turning = math.sqrt(linear / (3 * cubic)) if cubic > 0 and linear > 0 else math.inf
    return float(np.abs(displacement([1 / resolution, min(1 / resolution, turning)], optics, defocus)).max())


def aliasing_box(optics: Optics, defocus: float, resolution: float) -> float:
    """Least length of a box in Å whose coefficients sample the CTF down to ``resolution`` (Å): 2 max |d|; errors as above."""
    return 2 * farthest(optics, defocus, resolution)


def aliasing_resolution(optics: Optics, defocus: float, box: float) -> float:
    """Å from which on, to the finer, the CTF is aliased in a box of ``box`` Å: there |d(k)| reaches half the box; 0 if never.

    Raises
    ------
    InputError
        If the box is not positive.
    """
    require(box > 0, "box", box, "positive, in Å")
    linear, cubic = _slopes(optics, defocus)
    roots = np.concatenate([np.roots([-cubic, 0.0, linear, side]) for side in (0.5 * box, -0.5 * box)])
    found = roots.real[(np.abs(roots.imag) < 1e-9 * np.abs(roots)) & (roots.real > 0)]
    return float(1 / found.min()) if len(found) else 0.0


def point_spread(optics: Optics, defocus: float, resolution: float, size: int) -> Tensor:
    """Image of a point, FT⁻¹ c within k < 1 / ``resolution``: float32 ``(size, size)`` at the optics' pixel size, its sum c(0).

    Raises
    ------
    InputError
        If the resolution is finer than two pixels.
    """
    finest = 2 * optics.pixel_size
    require(resolution >= finest, "resolution", resolution, f"two pixels or coarser, {finest:g} Å")
    shape = (size, size)
    transfer = ctf_grid(torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), optics, shape)
    inside = frequency_squared(shape, optics.pixel_size) <= 1 / resolution**2
    return centred_irfft2((transfer * inside).to(torch.complex64), shape)


def lost_share(k: ArrayLike, optics: Optics, defocus: float, *, diameter: float, box: float) -> NDArray[np.float64]:
    """Share of the power at each frequency that lies outside a square box in the middle of the particle.

    Parameters
    ----------
    k
        ``(s,)`` in Å⁻¹.
    optics, defocus
        Voltage, Cs; Å.
    diameter
        D of the particle in Å, taken for a ball of even fine structure: its power at r has the density √(D²/4 − r²).
    box
        Length of a side, Å.

    Returns
    -------
    ndarray
        ``(s,)``, 0 to 1: the mean over all directions of k.

    Raises
    ------
    InputError
        If a length is not positive.
    """
    for name, value in (("diameter", diameter), ("box", box)):
        require(value > 0, name, value, "positive, in Å")
    r = (np.arange(RADII) + 0.5) / RADII
    weight = r * np.sqrt(1 - r**2)
    azimuth = 2 * math.pi * (np.arange(AZIMUTHS) + 0.5) / AZIMUTHS
    x, y = (0.5 * diameter * np.outer(r, turn(azimuth)) for turn in (np.cos, np.sin))
    direction = math.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    share = np.zeros(np.size(k))
    for number, d in enumerate(np.ravel(displacement(k, optics, defocus))):
        away_x, away_y = (np.abs(at + d * turn(direction)[:, None, None]) for at, turn in ((x, np.cos), (y, np.sin)))
        outside = (np.maximum(away_x, away_y) > 0.5 * box).mean((0, 2))
        share[number] = weight @ outside / weight.sum()
    return share
