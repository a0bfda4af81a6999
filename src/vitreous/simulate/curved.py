r"""Images of thick particles: every scatterer has the defocus of its own height. The truth for corrections of the Ewald sphere.

To first order in the potential a scatterer w at (x, y, z), a Gaussian of width σ, adds to the image

    w e^{−2π²σ²k²} e^{−2πi (kx x + ky y)} · c(k; defocus + b z),   c = −sin χ,

b = 1 where electrons travel towards +z and −1 where they travel towards −z: an underfocused lens looks at a plane before the
specimen, so that what lies further along the beam is more underfocused. Nothing is interpolated and no slice is taken of a
transform: −sin(χ + πλ b z k²) is two exponentials, and the height's part of each, e^{±iπλ b z (kx² + ky²)}, is a product of one
factor in kx and one in ky. So an image is two matrix products over the scatterers. What lies outside the field wraps.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, irfft2
from vitreous.physics.ctf import phase
from vitreous.physics.wavelength import wavelength
from vitreous.simulate.specimens import Specimen


def curved_images(
    specimen: Specimen, rotations: np.ndarray, shifts: np.ndarray, defocus: np.ndarray, optics: Optics, *, size: int, beam: int = 1
) -> Tensor:
    """Noiseless images of a weak object, thick or thin.

    Parameters
    ----------
    specimen
        The scatterers.
    rotations, shifts
        ``(m, 3, 3)`` and ``(m, 2)`` Å, as for :func:`~vitreous.simulate.specimens.project_atoms`.
    defocus
        ``(m, 4)``: u and v in Å of the specimen's origin, angle and phase shift in degrees.
    optics
        Microscope and pixel size.
    size
        Pixels a side, even.
    beam
        1 or −1: electrons travel towards +z or −z of the lab frame.

    Returns
    -------
    Tensor
        float32 ``(m, size, size)``, protein dark; what a thin object would give is c times
        :func:`~vitreous.simulate.specimens.project_atoms`.

    Raises
    ------
    InputError
        If ``beam`` or ``size`` is not allowed.
    """
    require(beam in (1, -1), "beam", beam, "1 or -1")
    require(size % 2 == 0, "size", size, "an even number of pixels")
    ky, kx = axis_frequencies(size, optics.pixel_size).double(), axis_frequencies(size, optics.pixel_size, half=True).double()
    weights, sigma = torch.from_numpy(specimen.weights), torch.from_numpy(specimen.sigma)
    out = torch.empty(len(rotations), size, size)
    for i, (rotation, shift) in enumerate(zip(rotations, shifts)):
        x, y, z = torch.from_numpy(specimen.positions @ np.asarray(rotation, float).T).unbind(1)
        place = (x + float(shift[0]), y + float(shift[1]))
        chi = phase(torch.from_numpy(np.asarray(defocus[i], float)), optics, *torch.broadcast_tensors(kx, ky[:, None]))
        bands = [_wave((kx, ky), place, sign * beam * wavelength(optics.voltage) * z, weights, sigma) for sign in (1, -1)]
        turn = torch.polar(torch.ones_like(chi), chi)
        # −sin a = (i/2) (e^{ia} − e^{−ia}), a = χ + πλ b z k².
        spectrum = 0.5j * (turn * bands[0] - turn.conj() * bands[1])
        # The origin goes from pixel 0 to pixel size / 2.
        spectrum = spectrum * torch.cos(math.pi * size * optics.pixel_size * (kx + ky[:, None]))
        out[i] = irfft2(spectrum, (size, size)).float() / optics.pixel_size**2
    return out


def _wave(frequencies: tuple[Tensor, Tensor], place: tuple[Tensor, Tensor], bend: Tensor, weights: Tensor, sigma: Tensor) -> Tensor:
    """Σ w e^{−2π²σ²k² − 2πi k·r + iπ bend k²} at (ky, kx), ``bend`` in Å²: one factor an axis, summed over scatterers."""
    factors = []
    for k, r in zip(frequencies, place):
        angle = math.pi * (bend[:, None] * k**2 - 2 * r[:, None] * k)
        factors.append(torch.polar(torch.exp(-2 * math.pi**2 * sigma[:, None] ** 2 * k**2).float(), angle.float()))
    return ((factors[1] * weights[:, None].float()).T @ factors[0]).to(torch.complex128)
