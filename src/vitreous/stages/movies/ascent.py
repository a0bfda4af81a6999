"""One step uphill on the likelihood of the shifts, by Gauss and Newton.

For L of :mod:`vitreous.stages.movies.signal`, with Z_i = X_i exp(-2πi k·s_i) and Y = Σ Z_i,

    ∂L/∂s_i = Σ 4π c k Im(Z_i Y*),   −E ∂²L/∂s_i² = Σ 8π² c (n − 1) ρ k kᵀ

over one of each Friedel pair. The expected curvature is also the precision of the measured shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frequencies:
    """Grid of a half transform, cropped to the frequencies that matter.

    Parameters
    ----------
    ky, kx
        ``(h,)``, ``(w,)`` in cycles per pixel; kx >= 0.
    rows
        Rows of the full half transform that ``ky`` stands for.
    """

    ky: NDArray[np.float64]
    kx: NDArray[np.float64]
    rows: NDArray[np.int64]

    @classmethod
    def up_to(cls, shape: tuple[int, int], highest: float) -> Frequencies:
        """Those of a real image of ``shape`` not above ``highest`` along either axis, short of Nyquist."""
        ky = np.where(np.arange(shape[0]) < (shape[0] + 1) // 2, np.arange(shape[0]), np.arange(shape[0]) - shape[0]) / shape[0]
        kx = np.arange(shape[1] // 2 + 1) / shape[1]
        highest = min(highest, 0.4999)
        rows = np.nonzero(np.abs(ky) <= highest)[0]
        return cls(ky[rows], kx[kx <= highest], rows)

    @property
    def magnitude(self) -> NDArray[np.float64]:
        """|k|, ``(h, w)``."""
        return np.hypot(self.ky[:, None], self.kx)

    @property
    def share(self) -> NDArray[np.float64]:
        """½ where a Friedel pair is there twice (kx = 0), 0 at the origin, else 1: ``(h, w)``."""
        share = np.ones((len(self.ky), len(self.kx)))
        share[:, 0] = 0.5
        share[self.ky == 0, 0] = 0.0
        return share

    def phases(self, shifts: NDArray) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """exp(-2πi k s) along y and along x for ``(n, 2)`` shifts (x, y) in pixels."""
        along_y = np.exp(-2j * np.pi * shifts[:, 1, None] * self.ky)
        along_x = np.exp(-2j * np.pi * shifts[:, 0, None] * self.kx)
        return along_y.astype(np.complex64), along_x.astype(np.complex64)

    def curvature(self, weight: NDArray, ratio: NDArray, frames: int) -> NDArray[np.float64]:
        """Expected curvature of L for one frame's shift along x and along y, ``(2,)``; the cross term is left out."""
        base = 8 * np.pi**2 * weight * ratio * (frames - 1)
        return np.array([(base * self.kx**2).sum(), (base * self.ky[:, None] ** 2).sum()])


@numba.njit(nogil=True, cache=True, fastmath=True)
def power_over_frames(spectra):
    """Σ_i |X_i|²: ``(n, h, w)`` to ``(h, w)``."""
    out = np.zeros(spectra.shape[1:], dtype=np.float32)
    for one in spectra:
        for y in range(out.shape[0]):
            for x in range(out.shape[1]):
                out[y, x] += one[y, x].real ** 2 + one[y, x].imag ** 2
    return out


@numba.njit(nogil=True, cache=True, fastmath=True)
def shifted_sum(spectra, rows, along_y, along_x):
    """Y = Σ_i X_i exp(-2πi k·s_i): ``rows`` and the first columns of ``(n, ., .)`` with phases ``(n, h)`` and ``(n, w)`` to ``(h, w)``."""
    frames, height, width = len(spectra), along_y.shape[1], along_x.shape[1]
    total = np.zeros((height, width), dtype=np.complex64)
    for i in range(frames):
        for y in range(height):
            turn = along_y[i, y]
            for x in range(width):
                phase = turn * along_x[i, x]
                value = spectra[i, rows[y], x]
                real = value.real * phase.real - value.imag * phase.imag
                imag = value.real * phase.imag + value.imag * phase.real
                total[y, x] += complex(real, imag)
    return total


@numba.njit(nogil=True, cache=True, fastmath=True)
def slopes(spectra, rows, along_y, along_x, total, weight, ky, kx):
    """∂L/∂s_i along x and y: ``(n, 2)``; ``total`` is Y, ``weight`` is c times the share of each pair; see :func:`shifted_sum`."""
    frames, (height, width) = len(spectra), total.shape
    out = np.zeros((frames, 2))
    narrow = kx.astype(np.float32)
    for i in range(frames):
        for y in range(height):
            turn = along_y[i, y]
            sum_x = np.float32(0)
            sum_y = np.float32(0)
            for x in range(width):
                phase = turn * along_x[i, x]
                a, b = spectra[i, rows[y], x], total[y, x]
                real = a.real * phase.real - a.imag * phase.imag
                imag = a.real * phase.imag + a.imag * phase.real
                cross = weight[y, x] * (imag * b.real - real * b.imag)
                sum_x += narrow[x] * cross
                sum_y += cross
            out[i, 0] += sum_x
            out[i, 1] += ky[y] * sum_y
    return 4 * np.pi * out
