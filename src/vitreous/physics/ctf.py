r"""The contrast transfer function.

An underfocused weak phase object of potential V gives the image contrast FT⁻¹{c · FT V} with

    c(k) = −sin χ(k),   χ(k) = πλ z(α) k² − (π/2) C_s λ³ k⁴ + φ + asin Q,

k in Å⁻¹ at azimuth α, Q the amplitude contrast, φ the phase plate's shift and
z(α) = ½[(u + v) + (u − v) cos 2(α − α₀)] the defocus in that direction. At k = 0 and φ = 0, c = −Q: protein is dark.
Even aberrations of the optics (:mod:`vitreous.physics.aberrations`) are added to χ; k is that of the undistorted projection.

References: Rohou & Grigorieff 2015, J. Struct. Biol. 192:216, eqs. 1-5; Mindell & Grigorieff 2003, ibid. 142:334.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.numerics.fourier import axis_frequencies
from vitreous.physics.aberrations import even_phase
from vitreous.physics.wavelength import wavelength


def phase(defocus: Tensor, optics: Optics, kx: Tensor, ky: Tensor) -> Tensor:
    """χ(k) in radians.

    Parameters
    ----------
    defocus
        ``(..., 4)``: u and v in Å, angle and phase shift in degrees.
    optics
        Voltage, Cs, amplitude contrast and even aberrations.
    kx, ky
        Å⁻¹, any common shape K.

    Returns
    -------
    Tensor
        ``(..., *K)``.

    Notes
    -----
    z(α) k² is linear in (k², kx² − ky², 2 kx ky), so a batch of phases is one matrix product.
    """
    lam = wavelength(optics.voltage)
    u, v, angle, plate = defocus.unbind(-1)
    twice = torch.deg2rad(2 * angle)
    k2 = kx**2 + ky**2
    terms = torch.stack([k2, kx**2 - ky**2, 2 * kx * ky]).flatten(1).to(defocus.dtype)
    half_difference = 0.5 * (u - v)
    weights = torch.stack([0.5 * (u + v), half_difference * twice.cos(), half_difference * twice.sin()], -1)
    spherical = -0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3 * k2.flatten().to(defocus.dtype) ** 2
    if any(optics.even_zernike):
        spherical = spherical + even_phase(optics, kx.double(), ky.double()).flatten().to(defocus.dtype)
    constant = torch.deg2rad(plate) + math.asin(optics.amplitude_contrast)
    chi = math.pi * lam * (weights @ terms) + spherical + constant[..., None]
    return chi.reshape(*defocus.shape[:-1], *k2.shape)


def ctf(defocus: Tensor, optics: Optics, kx: Tensor, ky: Tensor) -> Tensor:
    """c(k) = −sin χ(k); arguments as for :func:`phase`."""
    return -torch.sin(phase(defocus, optics, kx, ky))


def ctf_grid(defocus: Tensor, optics: Optics, shape: tuple[int, int]) -> Tensor:
    """c(k) on the half grid of an image of ``shape`` (y, x) at the optics' pixel size: ``(..., y, x // 2 + 1)``."""
    ky = axis_frequencies(shape[0], optics.pixel_size, like=defocus)[:, None].expand(-1, shape[1] // 2 + 1)
    kx = axis_frequencies(shape[1], optics.pixel_size, half=True, like=defocus).expand_as(ky)
    return ctf(defocus, optics, kx, ky)


def b_envelope(k2: Tensor, b_factor: float) -> Tensor:
    """exp(−B k² / 4), B in Å²; the convention of sharpening, not exp(−B k²)."""
    return torch.exp(-0.25 * b_factor * k2)
