"""Corrected images: particles in their boxes, micrographs with what lies beyond their edge made up by mirroring."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.micrograph import Defocus, Micrograph
from vitreous.data.optics import Correction, Optics, require_as_recorded
from vitreous.errors import InputError, require
from vitreous.numerics.fourier import good_size, irfft2, rfft2
from vitreous.numerics.shells import spread
from vitreous.physics.ctf import ctf_grid
from vitreous.physics.delocalisation import displacement, farthest
from vitreous.stages.ctf_correct.filters import correction_filter
from vitreous.stages.ctf_correct.snr import spectral_snr
from vitreous.stages.ctf_correct.tilted import correct_tilted

#: Å: detail for whose displacement there is room beside a micrograph, and the largest share of its side that room may take.
FINEST, MOST_ROOM = 4.0, 0.25


def correct_images(images: Tensor, defocus: Tensor, optics: Optics, correction: Correction, snr: Tensor | float = 0.0) -> Tensor:
    """Correct images in their boxes, without padding, so that what was done can be undone.

    Parameters
    ----------
    images
        ``(b, y, x)``.
    defocus
        ``(b, 4)``: u and v in Å, angle and phase shift in degrees.
    optics
        Of all of them; as recorded.
    correction
        "flipped", "multiplied" or "wiener".
    snr
        For "wiener": one number, or one for each shell, ``(max(y, x) // 2 + 1,)``.

    Raises
    ------
    InputError
        If they were corrected before.
    """
    require_as_recorded([optics], "are to be corrected")
    shape = (images.shape[-2], images.shape[-1])
    c = ctf_grid(defocus.double(), optics, shape).float()
    return irfft2(rfft2(images) * correction_filter(c, correction, _on_grid(snr, shape)), shape)


def _on_grid(snr: Tensor | float, shape: tuple[int, int]) -> Tensor | float:
    return spread(snr.float(), shape) if isinstance(snr, Tensor) and snr.ndim else snr


def correct_micrograph(image: Tensor, micrograph: Micrograph, correction: Correction, snr: Tensor | float = 0.0) -> Tensor:
    """Correct a micrograph; where the specimen is tilted the filter follows its defocus.

    Parameters
    ----------
    image
        ``(y, x)``.
    micrograph
        Its optics, defocus, and slope of the defocus.
    correction, snr
        As for :func:`correct_images`; an SNR by shell must be that of this micrograph and is taken for one number where it is tilted.

    Returns
    -------
    Tensor
        float32 ``(y, x)``, its mean as it was.

    Raises
    ------
    InputError
        If it has no defocus, was corrected before, or holds values that are not numbers.
    """
    require_as_recorded([micrograph.optics], "are to be corrected")
    if micrograph.defocus is None:
        raise InputError(f"{micrograph.path} must have a defocus; it has none. Try: vitreous estimate-ctf first.")
    require(bool(torch.isfinite(image).all()), "image", "NaN or infinities", f"numbers, in {micrograph.path}")
    mean = float(image.mean())
    padded, corner = mirrored(image.float() - mean, _room(micrograph, image.shape))
    if any(micrograph.defocus_slope):
        level = snr if not isinstance(snr, Tensor) or not snr.ndim else snr[1 : len(snr) // 2].mean()
        found = correct_tilted(padded, micrograph, correction, float(level), corner=corner, shape=(image.shape[0], image.shape[1]))
    else:
        shape = (padded.shape[-2], padded.shape[-1])
        c = ctf_grid(defocus_row(micrograph.defocus), micrograph.optics, shape).float()
        found = irfft2(rfft2(padded) * correction_filter(c, correction, _stretched(snr, shape)), shape)
    return found[corner[0] : corner[0] + image.shape[0], corner[1] : corner[1] + image.shape[1]] + mean


def _stretched(snr: Tensor | float, shape: tuple[int, int]) -> Tensor | float:
    """A curve by shell of another size on the grid of ``shape``."""
    if not isinstance(snr, Tensor) or not snr.ndim:
        return snr
    wanted = max(shape) // 2 + 1
    curve = torch.nn.functional.interpolate(snr[None, None].float(), wanted, mode="linear", align_corners=True)[0, 0]
    return spread(curve, shape)


def defocus_row(defocus: Defocus) -> Tensor:
    """(u, v, angle, phase shift), float64."""
    return torch.tensor([defocus.u, defocus.v, defocus.angle_deg, defocus.phase_shift_deg], dtype=torch.float64)


def _room(micrograph: Micrograph, shape: tuple[int, ...]) -> int:
    """Pixels beside the image for what the lens has spread across its edge."""
    pixel = micrograph.optics.pixel_size
    wanted = farthest(micrograph.optics, micrograph.defocus.mean, max(FINEST, 2 * pixel)) / pixel
    return min(math.ceil(wanted), int(MOST_ROOM * min(shape)))


def mirrored(image: Tensor, room: int) -> tuple[Tensor, tuple[int, int]]:
    """The image with at least ``room`` pixels of its mirror image around it, of a good size, and (y, x) of its corner."""
    rows, columns = (good_size(n + 2 * room) for n in image.shape)
    below, left = (rows - image.shape[0]) // 2, (columns - image.shape[1]) // 2
    sides = (left, columns - image.shape[1] - left, below, rows - image.shape[0] - below)
    return torch.nn.functional.pad(image[None, None], sides, mode="reflect")[0, 0], (below, left)


def micrograph_snr(image: Tensor, micrograph: Micrograph) -> Tensor:
    """SNR by shell of a micrograph, from its Thon rings; see :func:`~vitreous.stages.ctf_correct.snr.spectral_snr`."""
    shape = (image.shape[0], image.shape[1])
    power = rfft2(image.float() - image.mean()).abs() ** 2
    c = ctf_grid(defocus_row(micrograph.defocus), micrograph.optics, shape).float()
    length = max(shape) * micrograph.optics.pixel_size
    k = torch.arange(max(shape) // 2 + 1).numpy() / length
    d = abs(displacement(k, micrograph.optics, micrograph.defocus.mean))
    return spectral_snr(power[None], c[None], shape, ring=0.5 * length / d.clip(1e-6))
