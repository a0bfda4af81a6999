r"""Correction of a tilted micrograph: filters that follow the defocus from pixel to pixel, exactly smooth, by few transforms.

With F(χ + a δ) ≈ Σ_q u_q(δ) g_q(k) (:mod:`vitreous.physics.tilted_ctf`) the corrected image is

    Ŝ(r) = Σ_q u_q(δ(r)) FT⁻¹[g_q X](r),

one transform for each q. For "multiplied", F = sin: the exact adjoint of the image formation of a tilted plane. A phase flip and a Wiener
filter are not smooth in χ; here they are softened to

    F = s / √(s² + ε²) (flipped),   F = s / (s² + max(1 / SNR, ε²)) (wiener),   s = sin χ,  ε = ``SOFTNESS``,

which weakens only what lies where |c| is below about ε. References: Philippsen, Engel & Engel 2007, Ultramicroscopy 107:202.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.micrograph import Micrograph
from vitreous.data.optics import Correction
from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, irfft2, rfft2
from vitreous.physics.ctf import phase
from vitreous.physics.tilted_ctf import FocusBasis, focus_basis, harmonics
from vitreous.physics.wavelength import wavelength

#: ε; smallest harmonic of softened filters, and the largest error of these and of plain ones.
SOFTNESS, LEAST, SOFT_ERROR, ERROR = 0.3, 0.02, 0.03, 0.01


def correct_tilted(
    image: Tensor, micrograph: Micrograph, correction: Correction, snr: float, *, corner: tuple[int, int], shape: tuple[int, int]
) -> Tensor:
    """Correct an image that wraps at its edges; what lies beyond Nyquist's circle, in the corners of its transform, is left out.

    Parameters
    ----------
    image
        ``(y, x)``: the micrograph with something around it.
    micrograph
        Its optics, defocus (of the middle) and slope of the defocus.
    correction, snr
        "flipped", "multiplied" or "wiener", and the SNR for the last.
    corner, shape
        (y, x) in pixels: where in the image the micrograph begins, and how large it is.

    Raises
    ------
    InputError
        If there is no such correction.
    """
    whole = (image.shape[0], image.shape[1])
    chi, square = lens_of(micrograph, whole)
    middle = (corner[1] + 0.5 * (shape[1] - 1), corner[0] + 0.5 * (shape[0] - 1))
    along = heights(micrograph, whole, middle)
    most = float(np.abs(along[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]]).max())
    largest = math.pi * wavelength(micrograph.optics.voltage) / (2 * micrograph.optics.pixel_size) ** 2
    within = irfft2(rfft2(image.float()) * torch.from_numpy(square <= largest), whole)
    return apply_basis(within, basis_for(correction, snr, most, largest), chi, square.clip(0, largest), along.clip(-most, most))


def apply_basis(
    image: Tensor, basis: FocusBasis, chi: NDArray[np.float32], square: NDArray[np.float32], offset: NDArray[np.float64]
) -> Tensor:
    """Σ_q u_q(δ(r)) FT⁻¹[g_q X](r).

    Parameters
    ----------
    image
        ``(y, x)``.
    basis
        u and g.
    chi, square
        χ and πλk² on the half grid.
    offset
        δ of each pixel, Å, ``(y, x)``.
    """
    spectrum = rfft2(image.float())
    total = torch.zeros(image.shape)
    for number, weights in enumerate(_weights(basis, offset)):
        part = irfft2(spectrum * torch.from_numpy(basis.filter(number, chi, square)), image.shape)
        total += part * weights
    return total


def _weights(basis: FocusBasis, offset: NDArray[np.float64]) -> Iterator[Tensor]:
    """u_q of every pixel, float32, one q after the other, from a fine table along δ."""
    step = (basis.offset[1] - basis.offset[0]) / 16
    line = np.arange(basis.offset[0], basis.offset[-1] + step, step)
    place = torch.from_numpy((offset - line[0]) / step).clamp(0, len(line) - 1.001)
    below = place.long()
    share = (place - below).float()
    for row in basis.weights(line):
        curve = torch.from_numpy(row).float()
        yield torch.lerp(curve[below], curve[below + 1], share)


def basis_for(correction: Correction, snr: float, half_range: float, largest: float) -> FocusBasis:
    """The separated filter of a correction, for offsets within ±``half_range`` Å and a up to ``largest`` rad/Å.

    Raises
    ------
    InputError
        If there is no such correction.
    """
    smooth = correction == "multiplied"
    wave = harmonics(_function(correction, snr), least=1e-6 if smooth else LEAST)
    return focus_basis(wave, half_range, largest, tolerance=ERROR if smooth else SOFT_ERROR * max(map(abs, wave.values())))


def _function(correction: Correction, snr: float) -> Callable[[NDArray], NDArray]:
    match correction:
        case "multiplied":
            return np.sin
        case "flipped":
            return lambda chi: np.sin(chi) / np.sqrt(np.sin(chi) ** 2 + SOFTNESS**2)
        case "wiener":
            floor = max(1 / max(snr, 1e-9), SOFTNESS**2)
            return lambda chi: np.sin(chi) / (np.sin(chi) ** 2 + floor)
    raise InputError(f"correction must be one of flipped, multiplied, wiener; got {correction!r}.")


def lens_of(micrograph: Micrograph, shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """χ in the middle, reduced to ±π, and πλk², on the half grid of ``shape``."""
    optics, d = micrograph.optics, micrograph.defocus
    ky = axis_frequencies(shape[0], optics.pixel_size).double()[:, None].expand(-1, shape[1] // 2 + 1)
    kx = axis_frequencies(shape[1], optics.pixel_size, half=True).double().expand_as(ky)
    row = torch.tensor([d.u, d.v, d.angle_deg, d.phase_shift_deg], dtype=torch.float64)
    chi = torch.remainder(phase(row, optics, kx, ky) + math.pi, 2 * math.pi) - math.pi
    return chi.float().numpy(), (math.pi * wavelength(optics.voltage) * (kx**2 + ky**2)).float().numpy()


def heights(micrograph: Micrograph, shape: tuple[int, int], middle: tuple[float, float]) -> NDArray[np.float64]:
    """δ of each pixel, Å, ``(y, x)``."""
    x, y = ((np.arange(n) - at) * micrograph.optics.pixel_size for n, at in zip(shape[::-1], middle))
    return micrograph.defocus_slope[0] * x[None] + micrograph.defocus_slope[1] * y[:, None]
