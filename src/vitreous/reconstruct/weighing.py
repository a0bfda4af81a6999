r"""Images made ready to be inserted: moved to their centre, multiplied by their transfer function, weighted by their noise.

For a thin object the image is X = c F + N and least squares wants the sums of c X / σ² and c² / σ². For a thick one each sideband goes
where it comes from: with X = A F₋ + B F₊ + N (:mod:`vitreous.physics.ewald`) the normal equations for F₋ are

    Σ (A* X) / σ² = Σ (|A|² F₋ + A* B F₊) / σ²,   |A|² = ¼,   A* B = −¼ e^{−2iχ},

and the same for F₊ with A and B exchanged. The two points are ρ-correlated (ρ the overlap of the object), so that F₊ is ρ F₋ plus something
that changes sign from image to image with χ and averages out. The mean of the right-hand side is then F₋ Σ ¼ (1 − ρ e^{−2iχ}) / σ², whose
real part is the denominator here. Russo & Henderson (2018, Ultramicroscopy 187:26) insert with ρ = 0; this tends to theirs at high
frequency and, where ρ = 1 and both sidebands fall on one point, to the sums of the thin object exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numba as nb
import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.numerics.disc import Disc
from vitreous.numerics.fourier import rfft2
from vitreous.numerics.kernels.cpu import FAST
from vitreous.physics.ewald import overlap, sag
from vitreous.physics.wavelength import wavelength

#: Which part of an image is meant: all of it as a central slice, the sideband of A, or that of B.
Side = Literal[0, 1, -1]


@dataclass(frozen=True, eq=False)
class Lens:
    """What the points of a disc have to do with χ, for one optics group.

    Parameters
    ----------
    disc
        The points.
    terms
        float32 ``(4, K)``: k², kx² − ky², 2 kx ky (Å⁻²) and the spherical aberration's phase.
    constant
        asin Q.
    slope
        πλ: radians a unit of defocus times k².
    sag
        λk²/2 in units of the disc's integer frequencies, float32 ``(K,)``.
    overlap
        ρ of the two sidebands, float32 ``(K,)``.
    """

    disc: Disc
    terms: np.ndarray
    constant: float
    slope: float
    sag: Tensor
    overlap: np.ndarray


def lens(disc: Disc, optics: Optics, diameter: float) -> Lens:
    """Points of ``disc`` under ``optics`` (whose pixel size is the disc's), for an object of ``diameter`` Å."""
    lam, (kx, ky) = wavelength(optics.voltage), disc.frequencies(optics.pixel_size)
    k2 = kx**2 + ky**2
    spherical = -0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3 * k2**2
    height = sag(k2, lam)
    return Lens(
        disc, torch.stack([k2, kx**2 - ky**2, 2 * kx * ky, spherical]).float().numpy(), math.asin(optics.amplitude_contrast),
        math.pi * lam, (height * disc.size * optics.pixel_size).float(), overlap(2 * height, diameter).float().numpy(),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Block:
    """Some images as they are stored, and what is known of each.

    Parameters
    ----------
    spectra
        complex64 ``(b, n, n // 2 + 1)``: their transforms, origin at pixel (0, 0), in the microscope's sign.
    shift
        float64 ``(b, 2)``: where the particle sits relative to the box centre, (x, y) in pixels.
    defocus
        float64 ``(b, 4)``: u and v in Å, angle and phase shift in degrees.
    inverse_variance
        1 / σ² of a real component in each shell, float32 ``(b, shells)``.
    """

    spectra: Tensor
    shift: Tensor
    defocus: Tensor
    inverse_variance: Tensor


def spectra_of(images: Tensor, sign: float) -> Tensor:
    """Transforms of images ``(b, n, n)`` for a :class:`Block`, times ``sign`` (−1 for stored images whose protein is bright)."""
    return rfft2(images if sign > 0 else -images)


def weighed(block: Block, lens: Lens, side: Side = 0) -> tuple[Tensor, Tensor]:
    """Numerators and denominators to insert: complex64 and float32 ``(b, K)``.

    ``side`` 0: c X / σ² and c² / σ² at the central slice; 1: those of A, −1: those of B, as at the head of this module.
    """
    count, points = len(block.spectra), len(lens.disc)
    values, weights = np.empty((count, 2 * points), np.float32), np.empty((count, points), np.float32)
    u, v, angle, plate = block.defocus.double().unbind(-1)
    twice, half = torch.deg2rad(2 * angle), 0.5 * (u - v)
    phase = torch.stack([0.5 * lens.slope * (u + v), lens.slope * half * twice.cos(), lens.slope * half * twice.sin(),
                         torch.deg2rad(plate) + lens.constant], 1)  # fmt: skip
    disc = lens.disc
    _weigh(
        torch.view_as_real(block.spectra.contiguous()).flatten(1).numpy(), disc.flat.int().numpy(), disc.kx.short().numpy(),
        disc.ky.short().numpy(), disc.shell.short().numpy(), disc.size, lens.terms, lens.overlap, phase.float().numpy(),
        block.shift.double().numpy(), np.ascontiguousarray(block.inverse_variance.numpy()), side, values, weights,
    )  # fmt: skip
    return torch.from_numpy(values.view(np.complex64)), torch.from_numpy(weights)


@nb.njit(inline="always", fastmath=FAST)
def _sine(turns):
    """sin(π · turns) to 1e-6: the nearest whole number is taken off, the rest is a polynomial (Taylor to the 11th power)."""
    whole = np.floor(turns + np.float32(0.5))
    x = (turns - whole) * np.float32(math.pi)
    y = x * x
    series = np.float32(1 / 362880) - y * np.float32(1 / 39916800)
    series = np.float32(1 / 120) - y * (np.float32(1 / 5040) - y * series)
    value = x * (np.float32(1) - y * (np.float32(1 / 6) - y * series))
    odd = whole - np.float32(2) * np.floor(whole * np.float32(0.5))
    return value * (np.float32(1) - np.float32(2) * odd)


@nb.njit(inline="always")
def _ramp(shift, half, size, table):
    """exp(2πi k · shift / size) for k from −``half`` to ``half``, cos and sin side by side."""
    for k in range(-half, half + 1):
        angle = 2 * math.pi * k * shift / size
        table[k + half, 0], table[k + half, 1] = math.cos(angle), math.sin(angle)


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def _weigh(spectra, flat, kx, ky, shell, size, terms, rho, phase, shift, inverse, side, values, weights):
    half = size // 2
    one, two, quarter, per_turn = np.float32(1), np.float32(2), np.float32(0.25), np.float32(1 / math.pi)
    # P = (−s, 0) for a central slice, ½ (−s, ± cosine) for a sideband.
    real, imaginary = np.float32(1.0 if side == 0 else 0.5), np.float32(0.5 * side)
    for b in nb.prange(len(spectra)):
        along_x, along_y = np.empty((2 * half + 1, 2), np.float32), np.empty((2 * half + 1, 2), np.float32)
        # Half the box more: the origin goes from its corner to its centre.
        _ramp(shift[b, 0] + half, half, size, along_x)
        _ramp(shift[b, 1] + half, half, size, along_y)
        p0, p1, p2, p3 = phase[b, 0], phase[b, 1], phase[b, 2], phase[b, 3]
        image, w, value, weight = spectra[b], inverse[b], values[b], weights[b]
        for k in range(len(flat)):
            turns = (p0 * terms[0, k] + p1 * terms[1, k] + p2 * terms[2, k] + terms[3, k] + p3) * per_turn
            s = _sine(turns)
            weight[k] = s
            value[2 * k] = turns
        for k in range(len(flat)):
            s, v = weight[k], w[shell[k]]
            cosine = _sine(value[2 * k] + np.float32(0.5)) if side != 0 else np.float32(0)
            pr, pi = -real * s * v, imaginary * cosine * v
            x, y = kx[k] + half, ky[k] + half
            cr = along_x[x, 0] * along_y[y, 0] - along_x[x, 1] * along_y[y, 1]
            ci = along_x[x, 0] * along_y[y, 1] + along_x[x, 1] * along_y[y, 0]
            ar, ai = pr * cr + pi * ci, pr * ci - pi * cr
            xr, xi = image[2 * flat[k]], image[2 * flat[k] + 1]
            value[2 * k] = ar * xr - ai * xi
            value[2 * k + 1] = ar * xi + ai * xr
            weight[k] = s * s * v if side == 0 else quarter * (one - rho[k] * (one - two * s * s)) * v
