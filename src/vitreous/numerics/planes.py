"""In-plane turns of images in Fourier space and the way back: the two-dimensional sisters of ``slices``.

An image turned by ψ from +x towards +y has the transform of the image at the point turned back. Half planes are the
transforms of images on a grid ``PAD`` times finer than their own, bilinear in between.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.disc import Disc
from vitreous.numerics.fourier import centred_irfft2, centred_rfft2, from_centre, to_centre
from vitreous.numerics.kernels import cpu
from vitreous.numerics.resample import centre_resize
from vitreous.numerics.slices import PAD, ball_margin, window


def half_planes(images: Tensor, radius: int) -> Tensor:
    """Transforms of images ``(c, n, n)`` ready to be turned, up to shell ``radius``: complex64 ``(c, 2m + 1, m + 1)``."""
    size = images.shape[-1]
    w = window(size)
    spectrum = to_centre(centred_rfft2(centre_resize(images.float() / (w[:, None] * w), PAD * size, axes=2)), (-2,))
    m, have = ball_margin(radius), PAD * size // 2
    extra = max(0, m - (have - 1))
    spectrum = torch.nn.functional.pad(spectrum, (0, extra, extra, extra))
    have += extra
    return spectrum[:, have - m : have + m + 1, : m + 1].to(torch.complex64).contiguous()


def turned(planes: Tensor, which: Tensor, angles: Tensor, disc: Disc, count: int) -> Tensor:
    """Half plane ``which[b]`` turned by ``angles[b]`` (rad) at the first ``count`` points of ``disc``: complex64 ``(b, count)``."""
    out = np.empty((len(angles), 2 * count), np.float32)
    flat = torch.view_as_real(planes).flatten(1).numpy()
    kx, ky = disc.kx[:count].numpy(), disc.ky[:count].numpy()
    cpu.slices_2d(flat, planes.shape[-1] - 1, which.numpy(), angles.double().numpy(), kx, ky, np.float32(PAD), out)
    return torch.from_numpy(out.view(np.complex64))


def put_back(values: Tensor, weights: Tensor, which: Tensor, angles: Tensor, classes: int, disc: Disc) -> tuple[Tensor, Tensor]:
    """Adjoint of :func:`turned`: numerators (complex64) and denominators (float32), ``(classes, 2m + 1, m + 1)``.

    ``which`` must not decrease.
    """
    count = values.shape[-1]
    m = ball_margin(int(disc.shell[count - 1]))
    sums = np.zeros((classes, 2 * m + 1, m + 1, 3), np.float32)
    starts = np.searchsorted(which.numpy(), np.arange(classes + 1))
    cpu.insert_2d(
        sums.reshape(classes, -1), m, starts, angles.double().numpy(), np.ascontiguousarray(values.numpy(), np.complex64).view(np.float32),
        np.ascontiguousarray(weights.numpy(), np.float32), disc.kx[:count].numpy(), disc.ky[:count].numpy(), np.float32(PAD),
    )  # fmt: skip
    line = sums[:, :, 0]
    sums[:, :, 0] = line + line[:, ::-1] * np.array([1, -1, 1], np.float32)
    total = torch.from_numpy(sums)
    return torch.view_as_complex(total[..., :2].contiguous()), total[..., 2].contiguous()


def images_of(planes: Tensor, size: int) -> Tensor:
    """Real images ``(c, size, size)`` of half planes of insertions."""
    m, grid = planes.shape[-1] - 1, PAD * size
    have = grid // 2
    keep = min(m, have - 1)
    spectrum = torch.zeros(len(planes), grid, have + 1, dtype=torch.complex64)
    spectrum[:, have - keep : have + keep + 1, : keep + 1] = planes[:, m - keep : m + keep + 1, : keep + 1]
    values = centred_irfft2(from_centre(spectrum, (-2,)), (grid, grid))
    w = window(size)
    return centre_resize(values, size, axes=2) / (w[:, None] * w)


def plane_shells(m: int) -> Tensor:
    """Shell of every cell of a half plane with margin ``m``: int64 ``(2m + 1, m + 1)``."""
    line = torch.arange(-m, m + 1) ** 2
    return ((line[:, None] + torch.arange(m + 1) ** 2).double().sqrt() / PAD).round().long()


def turns(step_deg: float) -> Tensor:
    """In-plane angles ``step_deg`` apart, radians, float64."""
    count = math.ceil(360 / step_deg)
    return torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
