"""What the microscope did to an image, in Fourier space: its transfer function, and what is taken off before anything else.

An image's coefficients are X(k) = c(q) e^{iφ(q)} S(q), q = M k: distorted by the magnification M, with odd aberrations φ. Both are
undone once, here, so that everything that follows sees images of an undistorted microscope with a real transfer function. So is what
was done about the CTF before the images were stored (:mod:`vitreous.physics.corrected`).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import UNDISTORTED, Optics
from vitreous.data.particles import Particles
from vitreous.numerics.between import Between
from vitreous.numerics.disc import Disc, disc
from vitreous.physics.aberrations import has_odd_phase, odd_phase
from vitreous.physics.corrected import seen_after, undoing
from vitreous.physics.ctf import ctf

#: Rows of transfer functions made at a time.
BLOCK = 512


def coefficients(images: Tensor, particles: Particles, rows: np.ndarray, small: Disc) -> Tensor:
    """The coefficients of ``small``'s points from images that may be larger than its size, distortion and odd phases undone.

    Parameters
    ----------
    images
        ``(b, box, box)``, the images of ``rows``.
    particles
        Whose they are.
    rows
        ``(b,)``.
    small
        Points wanted.

    Returns
    -------
    Tensor
        complex64 ``(b, K)``; 0 at points that lie beyond a distorted image's Nyquist frequency.
    """
    group = particles.group[rows]
    found = [torch.from_numpy(np.flatnonzero(group == g)) for g in range(len(particles.optics))]
    out = torch.empty(len(images), len(small), dtype=torch.complex64)
    for optics, which in zip(particles.optics, found):
        if len(which):
            out[which] = _of_one_group(images[which], optics, small)
            if optics.correction != "none":
                _undo(out, which, optics, particles.defocus[rows[which.numpy()]], small, images.shape[-1])
    return out


def _undo(values: Tensor, which: Tensor, optics: Optics, defocus: np.ndarray, small: Disc, box: int) -> None:
    """Undo, in place, what was done about the CTF in the images ``which``."""
    kx, ky = small.frequencies(optics.pixel_size * box / small.size)
    for part in torch.arange(len(which)).split(BLOCK):
        known = torch.from_numpy(defocus[part.numpy()]).float().double()
        factor = undoing(ctf(known, optics, kx, ky), torch.hypot(kx, ky), optics, known[:, :2].mean(1), box * optics.pixel_size)
        values[which[part]] *= factor.float()


def _of_one_group(images: Tensor, optics: Optics, small: Disc) -> Tensor:
    box = images.shape[-1]
    if optics.magnification == UNDISTORTED:
        values = disc(box, small.radius).take(images).to(torch.complex64)
    else:
        values = _undistorted(images, optics, small)
    if has_odd_phase(optics):
        phase = odd_phase(optics, *small.frequencies(optics.pixel_size * box / small.size))
        values *= torch.polar(torch.ones_like(phase), -phase).to(torch.complex64)
    return values


def _seen_at(optics: Optics, small: Disc) -> Tensor:
    """Where in the image the points q of ``small`` are found, M⁻¹ q: float64 ``(2, K)`` in grid units."""
    inverse = torch.linalg.inv(torch.tensor(optics.magnification, dtype=torch.float64))
    return inverse @ torch.stack([small.kx, small.ky]).double()


def _undistorted(images: Tensor, optics: Optics, small: Disc) -> Tensor:
    """X(M⁻¹ q) / |det M|: an image I(r) = I₀(M⁻ᵀ r) has the transform |det M| I₀'(M k)."""
    box = images.shape[-1]
    kx, ky = _seen_at(optics, small)
    values = Between(box, kx, ky)(images.float()) / float(np.linalg.det(optics.magnification))
    values[:, _unseen(optics, small, box)] = 0
    return values


def _unseen(optics: Optics, small: Disc, box: int) -> Tensor:
    """Points of ``small`` beyond the Nyquist frequency of an image of ``box`` pixels."""
    return _seen_at(optics, small).abs().amax(0) >= box / 2


def transfer_functions(particles: Particles, rows: np.ndarray, small: Disc, pixel_size: float) -> Tensor:
    """c(k) of the particles at ``rows`` at the points of ``small``, whose pixels are of ``pixel_size`` Å: float32 ``(n, K)``.

    0 at points beyond a distorted image's Nyquist frequency.
    """
    kx, ky = small.frequencies(pixel_size)
    out = torch.empty(len(rows), len(small))
    defocus = torch.from_numpy(particles.defocus[rows])
    group = torch.from_numpy(particles.group[rows])
    for g, optics in enumerate(particles.optics):
        seen = ~_unseen(optics, small, round(small.size * pixel_size / optics.pixel_size))
        for block in torch.nonzero(group == g).flatten().split(BLOCK):
            known = defocus[block].float().double()
            c = ctf(known, optics, kx, ky)
            if optics.correction != "none":
                c = seen_after(c, torch.hypot(kx, ky), optics, known[:, :2].mean(1), small.size * pixel_size)
            out[block] = c.float() * seen
    return out
