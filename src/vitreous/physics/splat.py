"""Sums of Gaussians on a grid, exact to about 1e-4 below the grid's Nyquist frequency.

A Gaussian narrower than a pixel cannot be sampled. So every one is widened by a common amount until a grid 1.5 to 2 times finer
holds it without aliasing, drawn there within a finite window, and the widening is divided out in Fourier space, where the grid
is also cut to the size asked for (the non-uniform fast Fourier transform by Gaussian gridding: Greengard & Lee 2004, SIAM Rev.
46:443). Atoms are never interpolated from a map: what comes out is Σ w_i N(r − r_i, σ_i) filtered at Nyquist, nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, boxed_rfftn, good_size, irfft2, irfftn, rfft2
from vitreous.numerics.resample import resize_spectrum

#: Aliased part of a Gaussian at the coarse Nyquist frequency, relative to the true part.
ALIASING = 1e-4
#: Half width of the drawing window in standard deviations: exp(−4.5² / 2) = 4e-5.
WINDOW = 4.5


@dataclass(frozen=True)
class _Grid:
    """The fine grid: samples, Å a sample, where the origin lies (in samples), and the common widening (in samples)."""

    size: int
    step: float
    origin: float
    widening: float


def _fine_grid(size: int, pixel_size: float, narrowest: float, finer: float) -> _Grid:
    fine = good_size(math.ceil(finer * size))
    ratio = fine / size
    least = -math.log(ALIASING) / (2 * math.pi**2 * (1 - 1 / ratio))
    step = pixel_size / ratio
    return _Grid(fine, step, (size // 2) * ratio, math.sqrt(max(0.0, least - (narrowest / step) ** 2)))


@numba.njit(inline="always", fastmath=True)
def _profile(line, centre, sigma, size):
    """Fill ``line`` with the unit Gaussian at ``centre`` by recurrence; first sample and count are returned."""
    first = max(0, math.ceil(centre - WINDOW * sigma))
    last = min(size - 1, math.floor(centre + WINDOW * sigma))
    inverse = 1.0 / (sigma * sigma)
    offset = first - centre
    value = math.exp(-0.5 * offset * offset * inverse) / (math.sqrt(2 * math.pi) * sigma)
    ratio = math.exp(-(offset + 0.5) * inverse)
    shrink = math.exp(-inverse)
    for i in range(last - first + 1):
        line[i] = value
        value *= ratio
        ratio *= shrink
    return first, last - first + 1


@numba.njit(fastmath=True, cache=True)
def _draw_plane(plane, x, y, weight, sigma):
    size = plane.shape[0]
    across, down = np.empty(size), np.empty(size)
    for i in range(len(x)):
        x0, nx = _profile(across, x[i], sigma[i], size)
        y0, ny = _profile(down, y[i], sigma[i], size)
        for b in range(ny):
            scaled = weight[i] * down[b]
            for a in range(nx):
                plane[y0 + b, x0 + a] += scaled * across[a]


@numba.njit(parallel=True, fastmath=True, cache=True)
def _draw_planes(planes, positions, rotations, offsets, weight, sigma):
    for n in numba.prange(len(planes)):
        r = rotations[n]
        x = r[0, 0] * positions[:, 0] + r[0, 1] * positions[:, 1] + r[0, 2] * positions[:, 2] + offsets[n, 0]
        y = r[1, 0] * positions[:, 0] + r[1, 1] * positions[:, 1] + r[1, 2] * positions[:, 2] + offsets[n, 1]
        _draw_plane(planes[n], x, y, weight, sigma)


@numba.njit(fastmath=True, cache=True)
def _draw_volume(volume, positions, weight, sigma):
    deep, high, wide = volume.shape
    lx, ly, lz = np.empty(wide), np.empty(high), np.empty(deep)
    for i in range(len(positions)):
        x0, nx = _profile(lx, positions[i, 0], sigma[i], wide)
        y0, ny = _profile(ly, positions[i, 1], sigma[i], high)
        z0, nz = _profile(lz, positions[i, 2], sigma[i], deep)
        for c in range(nz):
            for b in range(ny):
                scaled = weight[i] * lz[c] * ly[b]
                for a in range(nx):
                    volume[z0 + c, y0 + b, x0 + a] += scaled * lx[a]


def _sharpen(spectrum: Tensor, grid: _Grid, shape: tuple[int, ...]) -> None:
    """Divide the widening out of a half transform that was cut to ``shape``, axis by axis, in its place."""
    for back, size in enumerate(reversed(shape), start=1):
        k = axis_frequencies(size, half=back == 1, like=spectrum) * (size / grid.size)
        spectrum *= torch.exp(2 * math.pi**2 * grid.widening**2 * k**2).reshape(-1, *[1] * (back - 1))


def _checked(positions: np.ndarray, weights: np.ndarray, sigma: np.ndarray, size: int, pixel_size: float) -> None:
    require(positions.ndim == 2 and positions.shape[1] == 3, "positions", positions.shape, "of shape (n, 3), in Å")
    require(len(positions) == len(weights) == len(sigma), "weights and sigma", (len(weights), len(sigma)),
            f"one number a position ({len(positions)})")  # fmt: skip
    require(size >= 4, "size", size, "at least 4 pixels")
    require(pixel_size > 0, "pixel_size", pixel_size, "positive, in Å")
    require(len(sigma) == 0 or float(np.min(sigma)) >= 0, "sigma", float(np.min(sigma, initial=0)), "0 or more, in Å")


def project_gaussians(
    positions: np.ndarray, weights: np.ndarray, sigma: np.ndarray, rotations: np.ndarray, shifts: np.ndarray,
    *, size: int, pixel_size: float,
) -> Tensor:  # fmt: skip
    """Project a sum of Gaussians along +z of the lab frame.

    Parameters
    ----------
    positions
        ``(n, 3)`` in Å, (x, y, z) in the object's frame.
    weights
        Integral of each Gaussian, ``(n,)``.
    sigma
        Standard deviation of each Gaussian, Å, ``(n,)``; 0 for points.
    rotations
        ``(m, 3, 3)``: r_lab = R r_object.
    shifts
        ``(m, 2)`` in Å: where the object's origin goes relative to pixel n // 2, (x, y).
    size, pixel_size
        Pixels a side (4 or more) and Å a pixel.

    Returns
    -------
    Tensor
        float32 ``(m, size, size)``, weight per Å². Its transform times pixel_size² is Σ w exp(−2π² σ² k² − 2πi k·r) to
        about 1e-4 of Σ|w| below Nyquist.

    Raises
    ------
    InputError
        If shapes disagree or a length is out of its range.

    Notes
    -----
    What lies outside the field is cut, not wrapped.
    """
    sigma = np.asarray(sigma, np.float64)
    _checked(positions, weights, sigma, size, pixel_size)
    grid = _fine_grid(size, pixel_size, float(sigma.min()) if len(sigma) else 0.0, finer=2.0)
    wide = np.hypot(sigma / grid.step, grid.widening)
    points = np.ascontiguousarray(positions, np.float64) / grid.step
    offsets = np.asarray(shifts, np.float64) / grid.step + grid.origin
    out = torch.empty(len(rotations), size, size)
    batch = max(1, 2**24 // grid.size**2)
    for start in range(0, len(rotations), batch):
        part = slice(start, start + batch)
        planes = np.zeros((len(rotations[part]), grid.size, grid.size), np.float32)
        _draw_planes(planes, points, np.ascontiguousarray(rotations[part], np.float64), offsets[part],
                     np.ascontiguousarray(weights, np.float64), wide)  # fmt: skip
        spectrum = resize_spectrum(rfft2(torch.from_numpy(planes)), (size, size))
        _sharpen(spectrum, grid, (size, size))
        out[part] = irfft2(spectrum, (size, size)) / pixel_size**2
    return out


def spectrum_of_gaussians(
    positions: np.ndarray, weights: np.ndarray, sigma: np.ndarray, *, size: int, voxel_size: float
) -> Tensor:
    """Half transform of a sum of Gaussians about voxel n // 2 of a cube; arguments and accuracy as for :func:`project_gaussians`.

    Returns
    -------
    Tensor
        complex64 ``(size, size, size // 2 + 1)``: Σ w exp(−2π² σ² k² − 2πi k·(r + c)) with c the place of voxel n // 2 in a frame
        whose origin is voxel 0, so that the plain inverse transform, divided by voxel_size³, is the map.

    Raises
    ------
    InputError
        If shapes disagree or a length is out of its range.
    """
    sigma = np.asarray(sigma, np.float64)
    _checked(positions, weights, sigma, size, voxel_size)
    grid = _fine_grid(size, voxel_size, float(sigma.min()) if len(sigma) else 0.0, finer=1.5)
    wide = np.hypot(sigma / grid.step, grid.widening)
    places = np.asarray(positions, np.float64) / grid.step + grid.origin
    start, shape = _reach(places, wide, grid.size)
    box = np.zeros(shape[::-1], np.float32)
    _draw_volume(box, places - start, np.ascontiguousarray(weights, np.float64), wide)
    spectrum = boxed_rfftn(torch.from_numpy(box), start[::-1].tolist(), grid.size, size)
    _sharpen(spectrum, grid, (size,) * 3)
    return spectrum


def _reach(places: np.ndarray, sigma: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First sample and shape, (x, y, z), of the box that holds the windows of all Gaussians, within the grid; one sample at least."""
    reach = WINDOW * sigma[:, None]
    first = np.floor((places - reach).min(0, initial=size - 1)).clip(0, size - 1).astype(int)
    last = np.ceil((places + reach).max(0, initial=0)).clip(first, size - 1).astype(int)
    return first, last - first + 1


def volume_of_gaussians(
    positions: np.ndarray, weights: np.ndarray, sigma: np.ndarray, *, size: int, voxel_size: float
) -> Tensor:
    """Sum of Gaussians on a cube whose origin is voxel n // 2; float32 ``(size,) * 3``, weight per Å³.

    Arguments, accuracy and errors as for :func:`spectrum_of_gaussians`.
    """
    spectrum = spectrum_of_gaussians(positions, weights, sigma, size=size, voxel_size=voxel_size)
    return irfftn(spectrum, (size,) * 3) / voxel_size**3
