r"""How well an image fits its reference as a function of where it lies, around where it is expected.

    ℓ(d) = Re Σ_k W(k) e^{2πi k·d},   W = X M* / σ²,

the log-likelihood of a shift d up to a constant, M the reference seen through the lens. It has no detail finer than the band of W,
so values on a grid of half the Nyquist step hold all of it. They are kept as coefficients of a cubic B-spline: the division by the
spline's transform is done before summing, so that values and slopes between the grid points come from 16 numbers
(Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Process. 41:821).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.disc import Disc

#: Grid points within the finest detail.
SAMPLING = 4.0


@dataclass(frozen=True)
class Fits:
    """ℓ around the expected places of many images.

    Parameters
    ----------
    coefficients
        ``(P, frames, g, g)``, rows along y; the middle belongs to no shift.
    step
        Å between grid points.
    """

    coefficients: NDArray[np.float32]
    step: float

    @property
    def reach(self) -> float:
        """Largest shift along an axis, Å."""
        return (self.coefficients.shape[-1] // 2 - 2) * self.step

    def at(self, shifts: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value ``(P, frames)`` and slope ``(P, frames, 2)`` (per Å) at ``shifts`` ``(P, frames, 2)`` in Å, inside the reach."""
        middle = self.coefficients.shape[-1] // 2
        place = np.clip(shifts, -self.reach, self.reach) / self.step + middle
        first = np.minimum(np.floor(place).astype(np.int64), 2 * middle - 2)
        x, y = (place - first)[..., 0], (place - first)[..., 1]
        line = np.arange(-1, 3)
        p, f = np.indices(shifts.shape[:2])
        near = self.coefficients[
            p[..., None, None], f[..., None, None], (first[..., 1, None] + line)[..., :, None], (first[..., 0, None] + line)[..., None, :]
        ]
        (bx, sx), (by, sy) = _spline(x), _spline(y)
        value = np.einsum("pfyx,pfy,pfx->pf", near, by, bx)
        slope = np.stack([np.einsum("pfyx,pfy,pfx->pf", near, by, sx), np.einsum("pfyx,pfy,pfx->pf", near, sy, bx)], -1)
        return value, slope / self.step

    def blurred(self, width: float) -> Fits:
        """ℓ smoothed by a Gaussian of standard deviation ``width`` Å: what detail coarser than about 6 ``width`` says."""
        if width <= 0:
            return self
        line = np.arange(self.coefficients.shape[-1]) * self.step
        blur = np.exp(-0.5 * ((line[:, None] - line) / width) ** 2) * self.step / (width * math.sqrt(2 * math.pi))
        blur = blur.astype(np.float32)
        return replace(self, coefficients=blur @ self.coefficients @ blur)

    def peaks(self) -> NDArray[np.float64]:
        """Shift of the highest grid point of each image, refined by a parabola: ``(P, frames, 2)`` in Å."""
        inside = self.coefficients[..., 2:-2, 2:-2]
        size = inside.shape[-1]
        y, x = np.unravel_index(inside.reshape(*inside.shape[:2], -1).argmax(-1), (size, size))
        shift = (np.stack([x, y], -1) - size // 2) * self.step
        return shift + self.step * _to_vertex(self, shift)


def _to_vertex(fits: Fits, shifts: NDArray) -> NDArray[np.float64]:
    """Steps from grid points to the vertex of the parabolas through them and their neighbours, at most half a step."""
    out = np.zeros(shifts.shape)
    here, _ = fits.at(shifts)
    for axis in (0, 1):
        step = fits.step * np.eye(2)[axis]
        low, high = fits.at(shifts - step)[0], fits.at(shifts + step)[0]
        bend = low - 2 * here + high
        out[..., axis] = np.where(bend < 0, 0.5 * (low - high) / np.minimum(bend, -1e-12), 0.0).clip(-0.5, 0.5)
    return out


def _spline(t: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cubic B-spline weights of the four neighbours of a point ``t`` past the second, and their slopes: ``(..., 4)``."""
    u = 1 - t
    weights = [u**3 / 6, (4 - 6 * t**2 + 3 * t**3) / 6, (4 - 6 * u**2 + 3 * u**3) / 6, t**3 / 6]
    slopes = [-(u**2) / 2, (-12 * t + 9 * t**2) / 6, (12 * u - 9 * u**2) / 6, t**2 / 2]
    return np.stack(weights, -1), np.stack(slopes, -1)


class ShiftGrid:
    """Sums over a disc of frequencies on a grid of shifts: two small matrix products instead of a transform.

    Parameters
    ----------
    disc
        Where the coefficients lie.
    pixel_size
        Å per pixel of the disc's image.
    reach
        Å, the largest shift along an axis.
    """

    def __init__(self, disc: Disc, pixel_size: float, reach: float) -> None:
        length = disc.size * pixel_size
        self.step = length / disc.radius / SAMPLING
        half = math.ceil(reach / self.step) + 2
        place = torch.arange(-half, half + 1, dtype=torch.float64) * self.step / length
        r = disc.radius
        self._flat = (disc.ky.long() + r) * (r + 1) + disc.kx.long()
        self._shape = (2 * r + 1, r + 1)
        self._down, self._across = self._waves(place, torch.arange(-r, r + 1)), self._waves(place, torch.arange(r + 1))

    def _waves(self, place: Tensor, k: Tensor) -> Tensor:
        """e^{2πi k d} over the transform of the sampled cubic B-spline, (2 + cos 2πkh) / 3: complex64 ``(g, len(k))``."""
        spacing = place[1] - place[0]
        angle = 2 * torch.pi * place[:, None] * k
        return (torch.polar(torch.ones_like(angle), angle) / ((2 + torch.cos(2 * torch.pi * k * spacing)) / 3)).to(torch.complex64)

    def __call__(self, weighted: Tensor) -> NDArray[np.float32]:
        """Spline coefficients of ℓ for W ``(b, K)``: ``(b, g, g)``."""
        grid = weighted.new_zeros(len(weighted), self._shape[0] * self._shape[1])
        grid[:, self._flat] = weighted
        rows = self._down @ grid.view(-1, *self._shape)
        return (torch.view_as_real(rows).flatten(-2) @ self._real_across()).numpy()

    def _real_across(self) -> Tensor:
        """Takes (re, im) pairs along x to the real part of the sum: ``(2 (r + 1), g)``."""
        return torch.stack([self._across.real, -self._across.imag], -1).permute(1, 2, 0).flatten(0, 1).contiguous()
