r"""Multislice: the wave of an electron on its way through a thick specimen, slice by slice, without the weak-phase approximation.

A slice turns the wave by its phase φ_n = σ ∫ V dz and the wave then spreads over the distance Δz to the next,

    ψ_{n+1} = FT⁻¹{P FT[e^{iφ_n} ψ_n]},   P = e^{−iπλ k² Δz},

both limited to two thirds of Nyquist's frequency so that products do not alias (Kirkland, *Advanced Computing in Electron Microscopy*,
2nd ed., secs. 6.4 and 6.8). The lens of phase χ forms |FT⁻¹{e^{iχ} FT ψ}|². Of a weak phase object ψ = 1 + iφ that is
1 + 2 FT⁻¹{−sin χ FT φ}, the CTF of :mod:`vitreous.physics.ctf`; amplitude contrast Q turns φ into φ e^{i asin Q} there as here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, fft2, ifft2
from vitreous.physics.wavelength import wavelength

#: Share of Nyquist's frequency that waves are limited to.
BAND = 2 / 3


def plane(shape: tuple[int, int], pixel_size: float) -> tuple[Tensor, Tensor]:
    """|k|² in Å⁻² on the whole plane, float64, zero frequency first, and 1 within the band, 0 beyond."""
    ky, kx = (axis_frequencies(n, pixel_size).double() for n in shape)
    k2 = ky[:, None] ** 2 + kx**2
    return k2, (k2 < (0.5 * BAND / pixel_size) ** 2).double()


def propagated(wave: Tensor, k2: Tensor, distance: float, voltage: float) -> Tensor:
    """The wave ``distance`` Å further on; complex128 ``(y, x)``, ``k2`` from :func:`plane`."""
    angle = -math.pi * wavelength(voltage) * distance * k2
    return ifft2(fft2(wave) * torch.polar(torch.ones_like(angle), angle))


def exit_wave(
    slices: Iterable[Tensor], *, pixel_size: float, voltage: float, spacing: float, amplitude_contrast: float = 0.0
) -> Tensor:
    """Wave behind the last slice, of a plane wave of height 1 before the first.

    Parameters
    ----------
    slices
        Phases in radians, each ``(y, x)``, in the order in which electrons meet them.
    pixel_size, voltage
        Å; kV.
    spacing
        Δz, Å from one slice to the next and behind the last, 0 or more.
    amplitude_contrast
        Q, 0 to 1: what is scattered is turned by asin Q.

    Returns
    -------
    Tensor
        complex128 ``(y, x)``.

    Raises
    ------
    InputError
        If there is no slice, or a value is out of its range.
    """
    require(spacing >= 0, "spacing", spacing, "0 or more, in Å")
    require(0 <= amplitude_contrast < 1, "amplitude_contrast", amplitude_contrast, "from 0 to below 1")
    wave, turn = None, complex(math.sqrt(1 - amplitude_contrast**2), amplitude_contrast)
    for phase in slices:
        if wave is None:
            k2, band = plane((phase.shape[-2], phase.shape[-1]), pixel_size)
            wave = torch.ones_like(phase, dtype=torch.complex128)
        transmission = ifft2(fft2(torch.exp(1j * turn * phase.to(torch.complex128))) * band)
        wave = propagated(ifft2(fft2(transmission * wave) * band), k2, spacing, voltage)
    require(wave is not None, "slices", 0, "at least one")
    return wave


def image_of(wave: Tensor, chi: Tensor) -> Tensor:
    """Intensity behind a lens: |FT⁻¹{e^{iχ} FT ψ}|², float64 ``(y, x)``; ``chi`` in radians on the whole plane, zero frequency first.

    χ is that of the plane of the wave: of a specimen ``t`` thick whose middle has the defocus z, z + t / 2, without asin Q.
    """
    return ifft2(fft2(wave) * torch.polar(torch.ones_like(chi), chi)).abs() ** 2


@dataclass(frozen=True)
class Approximations:
    """What two approximations make of a specimen's image: errors, root mean square, as shares of its true contrast.

    Parameters
    ----------
    weak
        Of the weak-phase image against that of the whole phase in one plane.
    projection
        Of the whole phase in one plane against multislice.
    """

    weak: float
    projection: float


def approximation_errors(slices: Tensor, chi: Tensor, *, pixel_size: float, voltage: float, spacing: float) -> Approximations:
    """How wrong the weak-phase approximation and the projection assumption are.

    The first grows with the phase, the second with λ k² t / 2 (Koeck & Karshikoff 2015, J. Microsc. 259:197).

    Parameters
    ----------
    slices
        Phases, ``(n, y, x)``, in radians.
    chi
        χ of the specimen's middle on the whole plane, zero frequency first.
    pixel_size, voltage, spacing
        As for :func:`exit_wave`.
    """
    k2, band = plane((slices.shape[-2], slices.shape[-1]), pixel_size)
    total = slices.double().sum(0)
    behind = math.pi * wavelength(voltage) * (0.5 * len(slices) * spacing) * k2
    options = {"pixel_size": pixel_size, "voltage": voltage}
    full = image_of(exit_wave(slices, **options, spacing=spacing), chi + behind) - 1
    flat = image_of(exit_wave([total], **options, spacing=0.0), chi) - 1
    weak = 2 * ifft2(fft2(total) * band * -torch.sin(chi)).real
    scale = float(full.square().mean().sqrt())
    return Approximations(*(float((a - b).square().mean().sqrt()) / scale for a, b in ((weak, flat), (flat, full))))
