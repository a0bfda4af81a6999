r"""The transform of images between its grid points.

F(q) = Σ_j φ(P q / n − j) F_P(j): the transform of the image, padded to P = 2n pixels and divided beforehand by the transform of
the kernel φ, is interpolated with φ, a Kaiser-Bessel function six grid points wide. The error is below 10⁻⁵ of the largest
coefficient (Beatty, Nishimura & Pauly 2005, IEEE Trans. Med. Imaging 24:799, eq. 5 for its shape).
"""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from vitreous.numerics.fourier import centred_rfft2
from vitreous.numerics.resample import centre_resize

PAD = 2
WIDTH = 6
SHAPE = math.pi * math.sqrt((WIDTH / PAD * (PAD - 0.5)) ** 2 - 0.8)
#: Images transformed at a time.
CHUNK = 64


class Between:
    """Transforms of even square images of ``size`` pixels at frequencies (kx, ky), in units of the image's own grid.

    Parameters
    ----------
    size
        Pixels a side.
    kx, ky
        ``(K,)``, within ±size · 3/4 (what lies beyond ±size / 2 aliases).
    """

    def __init__(self, size: int, kx: Tensor, ky: Tensor) -> None:
        self.size = size
        axis = (torch.arange(size) - size // 2) / (PAD * size)
        line = _kernel_transform(axis.double())
        self._window = (1 / (line[:, None] * line)).float()
        self._matrices = _matrices(PAD * size, PAD * kx.double().numpy(), PAD * ky.double().numpy())

    def __call__(self, images: Tensor) -> Tensor:
        """Coefficients ``(n, K)``, complex64, origin at the box centre, of real ``(n, size, size)``."""
        return torch.cat([self._few(few) for few in images.split(CHUNK)])

    def _few(self, images: Tensor) -> Tensor:
        padded = centre_resize(images * self._window, PAD * self.size, axes=2)
        grid = centred_rfft2(padded).flatten(1).T.contiguous()
        parts = [torch.from_numpy(m @ part.contiguous().numpy()) for m, part in zip(self._matrices, (grid.real, grid.imag))]
        return torch.complex(*parts).T.contiguous()


def _kernel(u: np.ndarray) -> np.ndarray:
    """I₀(β √(1 − (2u / W)²)) within ± W / 2."""
    return np.where(np.abs(u) < WIDTH / 2, np.i0(SHAPE * np.sqrt(np.clip(1 - (2 * u / WIDTH) ** 2, 0, None))), 0.0)


def _kernel_transform(x: Tensor) -> Tensor:
    """W sinh(√(β² − (πWx)²)) / √(β² − (πWx)²), x in cycles a grid point, |x| ≤ ¼."""
    root = (SHAPE**2 - (math.pi * WIDTH * x) ** 2).sqrt()
    return WIDTH * torch.sinh(root) / root


def _matrices(grid: int, kx: np.ndarray, ky: np.ndarray) -> tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]:
    """Weights of the half grid's cells for real and imaginary parts; cells beyond it are read from their mates."""
    steps = np.arange(WIDTH) - WIDTH // 2 + 1
    ix, iy = np.floor(kx)[:, None].astype(int) + steps, np.floor(ky)[:, None].astype(int) + steps
    weight = _kernel(kx[:, None] - ix)[:, None, :] * _kernel(ky[:, None] - iy)[:, :, None]
    x, y = np.broadcast_arrays(ix[:, None, :], iy[:, :, None])
    mate = x % grid > grid // 2
    sign = np.where(mate, -1, 1)
    cell = (y * sign % grid) * (grid // 2 + 1) + x * sign % grid
    rows = np.repeat(np.arange(len(kx)), WIDTH**2)
    shape = (len(kx), grid * (grid // 2 + 1))
    return tuple(scipy.sparse.csr_array((w.astype(np.float32).ravel(), (rows, cell.ravel())), shape) for w in (weight, weight * sign))
