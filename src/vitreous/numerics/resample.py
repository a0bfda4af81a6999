"""Change the sampling of images and volumes by cutting or padding their transform.

Cropping is an ideal low-pass: what lies below the new Nyquist frequency is unchanged, the rest is gone, and nothing
aliases. The physical extent n × pixel size stays, so the new pixel size is old × n / m.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vitreous.numerics.fourier import irfft2, irfftn, rfft2, rfftn


def _cut_axis(spectrum: Tensor, axis: int, size: int) -> Tensor:
    """Crop or zero-pad a full (not half) axis to ``size`` frequencies, zero frequency first."""
    have = spectrum.shape[axis]
    if size == have:
        return spectrum
    small = min(size, have)
    positive, negative = (small + 1) // 2, small // 2
    parts = [spectrum.narrow(axis, 0, positive)]
    if size > have:
        zeros = list(spectrum.shape)
        zeros[axis] = size - small
        parts.append(spectrum.new_zeros(zeros))
    parts.append(spectrum.narrow(axis, have - negative, negative))
    out = torch.cat(parts, dim=axis)
    if size > have and have % 2 == 0:
        # The coefficient at the old Nyquist frequency stands for both signs, which now have places of their own.
        out.narrow(axis, size - negative, 1).mul_(0.5)
        out.narrow(axis, have // 2, 1).copy_(out.narrow(axis, size - negative, 1))
    return out


def resize_spectrum(spectrum: Tensor, size: Sequence[int]) -> Tensor:
    """Crop or pad a half transform to that of a real array of shape ``size`` (the last two or three axes).

    A half axis does not tell whether its last coefficient is at Nyquist: where an even x axis grows, its caller halves that one
    (as :func:`fourier_resize` does) or the array has nothing there.
    """
    size = tuple(size)
    half = size[-1] // 2 + 1
    have = spectrum.shape[-1]
    out = spectrum[..., :half] if half <= have else torch.nn.functional.pad(spectrum, (0, half - have))
    for back, n in enumerate(reversed(size[:-1]), start=2):
        out = _cut_axis(out, out.ndim - back, n)
    return out


def fourier_resize(values: Tensor, size: Sequence[int]) -> Tensor:
    """Resample the last ``len(size)`` (2 or 3) axes to ``size`` samples, mean kept, origin at voxel 0 kept.

    Notes
    -----
    Voxel 0 stays voxel 0. The point at voxel n // 2 goes to n // 2 × m / n, which is m // 2 when both sizes are even.
    """
    size = tuple(size)
    axes = len(size)
    forward, backward = (rfft2, irfft2) if axes == 2 else (rfftn, irfftn)
    scale = 1.0
    for new, old in zip(size, values.shape[-axes:]):
        scale *= new / old
    spectrum = forward(values)
    if size[-1] > values.shape[-1] and values.shape[-1] % 2 == 0:
        spectrum[..., -1] *= 0.5
    return backward(resize_spectrum(spectrum, size) * scale, size)


def centre_resize(values: Tensor, size: int, *, axes: int, fill: float = 0.0) -> Tensor:
    """Cut out or pad the middle of the last ``axes`` axes so that the origin voxel n // 2 stays the origin."""
    for back in range(1, axes + 1):
        have = values.shape[-back]
        before = size // 2 - have // 2
        if before < 0:
            values = values.narrow(-back, -before, size)
        elif size != have:
            pad = [0, 0] * (back - 1) + [before, size - have - before]
            values = torch.nn.functional.pad(values, pad, value=fill)
    return values
