"""Fourier transforms: the one file that calls an FFT, and so owns centring and normalisation.

The forward transform is F(k) = Σ_r f(r) exp(-2πi k·r), unnormalised, over a half grid along x, zero frequency first.
"Centred" transforms put the origin of real space at voxel ``n // 2``; plain ones at voxel 0. The two differ by a
phase ramp only, so power spectra and filters may use the plain, cheaper one.

References: Bracewell, *The Fourier Transform and Its Applications*, 3rd ed. (2000), chs. 6, 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import scipy.fft
import torch
from torch import Tensor

#: Rows or columns that are transformed together where memory is short.
PIECE = 128


def rfft2(images: Tensor) -> Tensor:
    """Half transform of the last two axes, origin at pixel (0, 0). ``(..., y, x)`` to ``(..., y, x // 2 + 1)``."""
    return torch.fft.rfft2(images)


def irfft2(spectrum: Tensor, shape: Sequence[int]) -> Tensor:
    """Inverse of :func:`rfft2`; ``shape`` is (y, x) of the real image."""
    return torch.fft.irfft2(spectrum, s=tuple(shape))


def irfft2_piecemeal(spectrum: Tensor, shape: Sequence[int]) -> Tensor:
    """As :func:`irfft2` for one large image, with half of its time and memory; ``spectrum`` is used up.

    Columns are transformed in their place and rows straight into the image, a few at a time, so that no second picture is made.
    """
    image = spectrum.real.new_empty(tuple(shape))
    for first in range(0, spectrum.shape[1], PIECE):
        columns = spectrum[:, first : first + PIECE]
        columns.copy_(torch.fft.ifft(columns, dim=0))
    for first in range(0, shape[0], PIECE):
        image[first : first + PIECE] = torch.fft.irfft(spectrum[first : first + PIECE], n=shape[1], dim=1)
    return image


def rfftn(volume: Tensor) -> Tensor:
    """Half transform of the last three axes, origin at voxel (0, 0, 0)."""
    return torch.fft.rfftn(volume, dim=(-3, -2, -1))


def irfftn(spectrum: Tensor, shape: Sequence[int]) -> Tensor:
    """Inverse of :func:`rfftn`; ``shape`` is (z, y, x) of the real volume."""
    return torch.fft.irfftn(spectrum, s=tuple(shape), dim=(-3, -2, -1))


def fft1(signals: Tensor) -> Tensor:
    """Full transform of the last axis, origin at sample 0."""
    return torch.fft.fft(signals)


def ifft1(spectrum: Tensor) -> Tensor:
    """Inverse of :func:`fft1`."""
    return torch.fft.ifft(spectrum)


def fft2(images: Tensor) -> Tensor:
    """Full transform of the last two axes, origin at pixel (0, 0)."""
    return torch.fft.fft2(images)


def ifft2(spectrum: Tensor) -> Tensor:
    """Inverse of :func:`fft2`."""
    return torch.fft.ifft2(spectrum)


def centred_rfft2(images: Tensor) -> Tensor:
    """Half transform of the last two axes, origin at pixel ``n // 2``."""
    return torch.fft.rfft2(torch.fft.ifftshift(images, dim=(-2, -1)))


def centred_irfft2(spectrum: Tensor, shape: Sequence[int]) -> Tensor:
    """Inverse of :func:`centred_rfft2`."""
    return torch.fft.fftshift(torch.fft.irfft2(spectrum, s=tuple(shape)), dim=(-2, -1))


def centred_rfftn(volume: Tensor) -> Tensor:
    """Half transform of the last three axes, origin at voxel ``n // 2``."""
    return torch.fft.rfftn(torch.fft.ifftshift(volume, dim=(-3, -2, -1)), dim=(-3, -2, -1))


def centred_irfftn(spectrum: Tensor, shape: Sequence[int]) -> Tensor:
    """Inverse of :func:`centred_rfftn`."""
    return torch.fft.fftshift(torch.fft.irfftn(spectrum, s=tuple(shape), dim=(-3, -2, -1)), dim=(-3, -2, -1))


def central_irfftn(spectrum: Tensor, grid: int, size: int) -> Tensor:
    """The middle of a cubic map of ``grid`` voxels from its low frequencies: undoes :func:`central_rfftn`.

    Each axis is padded just before it is transformed and cut just after.

    Parameters
    ----------
    spectrum
        complex64 ``(2 k + 1, 2 k + 1, k + 1)``, zero frequency at (k, k, 0), k at most grid // 2 - 1.
    grid
        Side of the whole map, even.
    size
        Voxels a side to keep.

    Returns
    -------
    Tensor
        float32 ``(size, size, size)``, the origin at size // 2.
    """
    keep = spectrum.shape[2] - 1
    for axis in (0, 1):
        gap = spectrum.new_zeros(*(grid - 2 * keep - 1 if a == axis else length for a, length in enumerate(spectrum.shape)))
        full = torch.cat([spectrum.narrow(axis, keep, keep + 1), gap, spectrum.narrow(axis, 0, keep)], axis)
        spectrum = _middle(torch.fft.ifft(full, dim=axis), axis, size)
    return _middle(torch.fft.irfft(spectrum, grid, dim=2), 2, size)


def _middle(values: Tensor, axis: int, size: int) -> Tensor:
    """``size`` voxels about index 0 of one axis, wrapping, index 0 moved to size // 2."""
    below = size // 2
    return torch.cat([values.narrow(axis, values.shape[axis] - below, below), values.narrow(axis, 0, size - below)], axis)


def central_rfftn(values: Tensor, grid: int, keep: int) -> Tensor:
    """The low frequencies of a cubic map padded with zeros to ``grid`` voxels, the origin at its centre voxel.

    What ``to_centre(centred_rfftn(padded), (0, 1))`` gives, cut to frequencies up to ``keep``; each axis is padded just before it
    is transformed and cut just after, which saves more than half of the work where the map is half of ``grid``.

    Parameters
    ----------
    values
        float32 ``(n, n, n)``, n at most ``grid``.
    grid
        Side of the padded map.
    keep
        Largest frequency along each axis, at most grid // 2 - 1.

    Returns
    -------
    Tensor
        complex64 ``(2 keep + 1, 2 keep + 1, keep + 1)``, zero frequency at (keep, keep, 0).
    """
    along = torch.fft.rfft(_wrapped(values, 2, grid), dim=2)[:, :, : keep + 1]
    for axis in (1, 0):
        full = torch.fft.fft(_wrapped(along, axis, grid), dim=axis)
        along = torch.cat([full.narrow(axis, grid - keep, keep), full.narrow(axis, 0, keep + 1)], axis)
    return along


def boxed_rfftn(values: Tensor, start: Sequence[int], grid: int, size: int) -> Tensor:
    """Low frequencies of a large cube that is zero but for a box.

    What ``resize_spectrum(rfftn(cube), (size,) * 3)`` gives; each axis is padded just before it is transformed and cut just after, so
    that neither the cube nor its transform is ever made.

    Parameters
    ----------
    values
        float32 ``(c, b, a)``: the box.
    start
        Its first voxel in the cube, (z, y, x); the box lies inside.
    grid, size
        Side of the cube, and of the real array whose half transform is kept, at most ``grid``.

    Returns
    -------
    Tensor
        complex64 ``(size, size, size // 2 + 1)``, the origin at voxel 0 of the cube.
    """
    along = torch.fft.rfft(_placed(values, 2, start[2], grid), dim=2)[:, :, : size // 2 + 1]
    for axis in (1, 0):
        full = torch.fft.fft(_placed(along, axis, start[axis], grid), dim=axis)
        along = torch.cat([full.narrow(axis, 0, (size + 1) // 2), full.narrow(axis, grid - size // 2, size // 2)], axis)
    return along


def _placed(values: Tensor, axis: int, start: int, grid: int) -> Tensor:
    """Padded with zeros to ``grid`` along one axis, index 0 moved to ``start``."""
    below, above = (
        values.new_zeros(*(gap if a == axis else length for a, length in enumerate(values.shape)))
        for gap in (start, grid - start - values.shape[axis])
    )
    return torch.cat([below, values, above], axis)


def _wrapped(values: Tensor, axis: int, grid: int) -> Tensor:
    """Padded with zeros to ``grid`` along one axis, index n // 2 moved to 0."""
    size = values.shape[axis]
    below = size // 2
    gap = values.new_zeros(*(grid - size if a == axis else length for a, length in enumerate(values.shape)))
    return torch.cat([values.narrow(axis, below, size - below), gap, values.narrow(axis, 0, below)], axis)


def to_centre(values: Tensor, axes: Sequence[int]) -> Tensor:
    """Move index 0 of ``axes`` to index ``n // 2`` (for pictures of spectra)."""
    return torch.fft.fftshift(values, dim=tuple(axes))


def from_centre(values: Tensor, axes: Sequence[int]) -> Tensor:
    """Move index ``n // 2`` of ``axes`` to index 0: undoes :func:`to_centre`."""
    return torch.fft.ifftshift(values, dim=tuple(axes))


def axis_frequencies(size: int, pixel_size: float = 1.0, *, half: bool = False, like: Tensor | None = None) -> Tensor:
    """Frequencies along one axis, in Å⁻¹ (cycles a pixel for ``pixel_size`` 1), zero first.

    Parameters
    ----------
    size
        Samples of the real axis.
    pixel_size
        Å per sample.
    half
        Only the ``size // 2 + 1`` frequencies that are not negative.
    like
        Tensor whose device and (real) precision to take; float32 on the CPU without it.
    """
    options = {} if like is None else {"device": like.device, "dtype": like.real.dtype if like.is_complex() else like.dtype}
    make = torch.fft.rfftfreq if half else torch.fft.fftfreq
    return make(size, pixel_size, **options)


def frequency_squared(shape: Sequence[int], pixel_size: float = 1.0, *, like: Tensor | None = None) -> Tensor:
    """|k|² in Å⁻² on the half grid of a real array of ``shape`` (two or three axes)."""
    total = axis_frequencies(shape[-1], pixel_size, half=True, like=like) ** 2
    for back, size in enumerate(reversed(tuple(shape)[:-1]), start=1):
        total = total + axis_frequencies(size, pixel_size, like=like).reshape(-1, *[1] * back) ** 2
    return total


def shift_phases(shape: Sequence[int], shifts: Tensor) -> Tensor:
    """Phase factors exp(-2πi k·d) that move an image by d pixels.

    Parameters
    ----------
    shape
        (y, x) of the real image.
    shifts
        ``(..., 2)`` as (dx, dy) in pixels; positive dx moves the content towards larger x.

    Returns
    -------
    Tensor
        Complex, ``(..., y, x // 2 + 1)``.
    """
    ky = axis_frequencies(shape[-2], like=shifts)[:, None]
    kx = axis_frequencies(shape[-1], half=True, like=shifts)
    angle = -2 * torch.pi * (shifts[..., 0, None, None] * kx + shifts[..., 1, None, None] * ky)
    return torch.polar(torch.ones_like(angle), angle)


def shift(images: Tensor, by: Tensor) -> Tensor:
    """Move images by a sub-pixel amount, wrapping at the edges.

    Parameters
    ----------
    images
        Real, ``(..., y, x)``.
    by
        (dx, dy) in pixels, ``(..., 2)``.

    Notes
    -----
    For even sizes the Nyquist frequency keeps only the cosine part of the ramp, so a round trip is exact only for
    images without Nyquist content.

    >>> dot = torch.zeros(5, 5); dot[2, 1] = 1.0
    >>> shift(dot, torch.tensor([2.0, 0.0]))[2].round(decimals=3).abs()
    tensor([0., 0., 0., 1., 0.])
    """
    return irfft2(rfft2(images) * shift_phases(images.shape[-2:], by.to(images.dtype)), images.shape[-2:])


def good_size(at_least: int, *, even: bool = True) -> int:
    """Smallest size not below ``at_least`` that transforms fast (factors 2, 3, 5).

    >>> good_size(131)
    144
    """
    size = scipy.fft.next_fast_len(at_least, real=True)
    while even and size % 2:
        size = scipy.fft.next_fast_len(size + 1, real=True)
    return size
