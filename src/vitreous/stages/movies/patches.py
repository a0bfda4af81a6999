"""Overlapping patches of the aligned frames, and how far each wants to move in each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import good_size, irfft2, rfft2
from vitreous.runtime.arrays import touched
from vitreous.runtime.devices import in_threads
from vitreous.stages.movies.ascent import Frequencies, power_over_frames, shifted_sum, slopes
from vitreous.stages.movies.signal import SignalToNoise, high_pass

#: Patches are about this large (Å) when nobody says how many there shall be.
PATCH_SIZE = 1000.0
#: Most patches along an axis that are chosen unasked.
MOST = 7
#: Smallest patch, shrunk pixels.
SMALLEST = 32
#: A patch's signal may be this much weaker or stronger than that of the whole frame.
STRENGTHS = (0.02, 10.0)


@dataclass(frozen=True)
class Grid:
    """Where the patches lie.

    Parameters
    ----------
    size
        (y, x) of a patch in shrunk pixels.
    starts_y, starts_x
        First row and column of each row and column of patches.
    shape
        (y, x) of the shrunk frame.
    """

    size: tuple[int, int]
    starts_y: NDArray[np.int64]
    starts_x: NDArray[np.int64]
    shape: tuple[int, int]

    @property
    def corners(self) -> list[tuple[int, int]]:
        """(row, column) of the first pixel of each patch, rows slowest."""
        return [(int(y), int(x)) for y in self.starts_y for x in self.starts_x]

    @property
    def centres(self) -> NDArray[np.float64]:
        """``(patches, 2)`` as (x, y), fractions of the frame from its first edge."""
        y, x = np.array(self.corners, dtype=np.float64).T
        return np.stack([(x + self.size[1] / 2) / self.shape[1], (y + self.size[0] / 2) / self.shape[0]], axis=1)

    @property
    def blur(self) -> NDArray[np.float64]:
        """Standard deviation of the area a patch speaks for along (x, y), fractions of the frame.

        A patch's shift is the mean of the field under the square of its window.
        """
        return np.array([window_spread(self.size[1]) / self.shape[1], window_spread(self.size[0]) / self.shape[0]])


def window(size: int) -> NDArray[np.float64]:
    """Hann's window, sampled at the middle of each pixel."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2


def window_spread(size: int) -> float:
    """Standard deviation of the squared window, pixels."""
    weight = window(size) ** 2
    at = np.arange(size) - (size - 1) / 2
    return float(np.sqrt((weight * at**2).sum() / weight.sum()))


def lay_out(shape: tuple[int, int], pixel_size: float, asked: tuple[int, int] | None) -> Grid:
    """Patches that overlap by about half: n along an axis of length N have the size 2 N / (n + 1), or a little less.

    Parameters
    ----------
    shape
        (y, x) of the shrunk frame.
    pixel_size
        Å per shrunk pixel.
    asked
        Patches along (x, y), or None for patches of about 1000 Å.
    """
    sizes, starts = [], []
    for length, count in zip(shape, (None, None) if asked is None else asked[::-1]):
        if count is None:
            count = int(np.clip(round(2 * length * pixel_size / PATCH_SIZE) - 1, 1, MOST))
        count = max(1, min(count, 2 * length // SMALLEST - 1))
        size = fast_size(2 * length // (count + 1))
        sizes.append(size)
        starts.append(np.round(np.linspace(0, length - size, count) if count > 1 else [(length - size) / 2]).astype(np.int64))
    return Grid((sizes[0], sizes[1]), starts[0], starts[1], shape)


def fast_size(most: int) -> int:
    """Greatest even size not above ``most`` that transforms fast."""
    return next(size for size in range(most - most % 2, 0, -2) if good_size(size) == size)


@dataclass(frozen=True)
class Patches:
    """Transforms of all patches in all frames, noise of power 1, cropped to the frequencies that matter.

    Parameters
    ----------
    grid
        Their places.
    frequencies
        Their frequencies.
    spectra
        complex64 ``(patches, frames, h, w)``.
    single
        ``(patches, h, w)``, Σ|X|² over the frames.
    ratio
        ``(h, w)``, signal-to-noise ratio expected of a frame.
    cutoff
        Cycles per shrunk pixel below which nothing counts.
    """

    grid: Grid
    frequencies: Frequencies
    spectra: NDArray[np.complex64]
    single: NDArray[np.float32]
    ratio: NDArray[np.float64]
    cutoff: float


def into_aligned_frames(spectra: Tensor, shifts: NDArray, shape: tuple[int, int]) -> Tensor:
    """Frames shifted by ``shifts`` (x, y), back in real space, in the memory of ``spectra``, which are used up.

    Parameters
    ----------
    spectra
        Half transforms, contiguous, ``(n, y, x // 2 + 1)``.
    shifts
        ``(n, 2)``, pixels.
    shape
        (y, x).
    """
    grid = Frequencies.up_to(shape, 0.5)
    rows, columns = torch.from_numpy(grid.rows), len(grid.kx)
    phases = [torch.from_numpy(along) for along in grid.phases(shifts)]
    out = torch.view_as_real(spectra).reshape(len(spectra), shape[0], -1)[:, :, : shape[1]]

    def one(i: int) -> None:
        moved = torch.zeros_like(spectra[i])
        moved[rows, :columns] = spectra[i, rows, :columns] * phases[0][i, :, None] * phases[1][i]
        out[i] = irfft2(moved, shape)

    in_threads(one, len(spectra))
    return out


def cut_patches(frames: Tensor, grid: Grid, snr: SignalToNoise, cutoff: float) -> Patches:
    """Cut, window, transform and whiten.

    Parameters
    ----------
    frames
        Aligned shrunk frames, ``(n, y, x)``, mean 0.
    grid
        Where.
    snr
        Of a frame.
    cutoff
        Cycles per shrunk pixel.
    """
    taper = np.outer(window(grid.size[0]), window(grid.size[1]))
    frequencies = Frequencies.up_to(grid.size, snr.reach(len(frames)))
    k = frequencies.magnitude
    gain = torch.from_numpy((snr.noise_at(k) * (taper**2).sum()) ** -0.5).float()
    rows, fade = torch.from_numpy(frequencies.rows), torch.from_numpy(taper).float()
    out = touched((len(grid.corners), len(frames), *k.shape), np.complex64)
    single = np.empty((len(out), *k.shape), dtype=np.float32)

    def one(number: int) -> None:
        y, x = grid.corners[number]
        for values, frame in zip(torch.from_numpy(out[number]), frames):
            spectrum = rfft2(frame[y : y + grid.size[0], x : x + grid.size[1]] * fade)
            torch.mul(spectrum[rows, : k.shape[1]], gain, out=values)
        single[number] = power_over_frames(out[number])

    in_threads(one, len(out))
    return Patches(grid, frequencies, out, single, snr.ratio_at(k), cutoff)


def strength(total: NDArray, single: NDArray, ratio: NDArray, share: NDArray, frames: int) -> float:
    """Signal of a patch relative to ``ratio``: least squares on |ΣZ|² − Σ|Z|² = a (n² − n) ρ, weighted by its variance."""
    weight = share * ratio / (1 + frames * ratio) ** 2
    expected = (frames * frames - frames) * (weight * ratio).sum()
    found = (weight * (np.abs(total) ** 2 - single)).sum() / expected if expected > 0 else 0.0
    return float(np.clip(found, *STRENGTHS))


def independent_share(grid: Grid) -> float:
    """Information left in windowed patches: (Σw²)² / (N Σw⁴), 1 for a flat window."""
    share = 1.0
    for size in grid.size:
        w2 = window(size) ** 2
        share *= w2.sum() ** 2 / (size * (w2**2).sum())
    return share


def measure(patches: Patches, shifts: NDArray[np.float64], soften: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift of every patch in every frame, one Gauss-Newton step from ``shifts``.

    Parameters
    ----------
    patches
        The patches.
    shifts
        ``(patches, frames, 2)`` as (x, y), shrunk pixels.
    soften
        Shrunk pixels; frequencies above its inverse are damped.

    Returns
    -------
    measured
        As ``shifts``.
    precision
        ``(patches, 2)``: 1 / variance of a measured shift, the same in all frames, per shrunk pixel².
    """
    grid = patches.frequencies
    frames = patches.spectra.shape[1]
    k = grid.magnitude
    base = grid.share * high_pass(k, patches.cutoff) * np.exp(-((k * soften) ** 2))
    measured, precision = np.empty_like(shifts), np.empty((len(shifts), 2))
    rows = np.arange(len(grid.ky))

    def one(p: int) -> None:
        along_y, along_x = grid.phases(shifts[p])
        spectra = patches.spectra[p]
        total = shifted_sum(spectra, rows, along_y, along_x)
        ratio = patches.ratio * strength(total, patches.single[p], patches.ratio, base, frames)
        weight = base * ratio / (1 + frames * ratio)
        slope = slopes(spectra, rows, along_y, along_x, total, weight.astype(np.float32), grid.ky, grid.kx)
        curvature = np.maximum(grid.curvature(weight, ratio, frames), 1e-9)
        measured[p] = shifts[p] + np.clip(slope / curvature, -4.0, 4.0)
        precision[p] = curvature * independent_share(patches.grid)

    in_threads(one, len(shifts))
    return measured, precision
