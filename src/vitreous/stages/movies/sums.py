"""The sums of the aligned frames, plain and weighted by exposure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, irfft2_piecemeal, rfft2
from vitreous.numerics.resample import resize_spectrum
from vitreous.runtime.arrays import touched
from vitreous.runtime.devices import in_runs
from vitreous.stages.movies.exposure import WeightBasis
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.frames import Stack
from vitreous.stages.movies.interpolate import FRACTIONS, add_frames, mean_gain, tile_centres
from vitreous.stages.movies.stretched import add_stretched_frames, stretched_shifts

#: The gain given back is never more than this: beyond it there is only noise.
MOST_GAIN = 4.0


def binned_size(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    """Even size nearest below ``shape / factor``; ``shape`` itself for a factor of 1."""
    if factor == 1:
        return shape
    size = tuple(2 * int(n / factor / 2) for n in shape)
    require(min(size) >= 32, "bin_factor", factor, f"small enough to leave 32 pixels of {shape}")
    return size  # type: ignore[return-value]


def basis_sums(
    stack: Stack, gain: NDArray[np.float32], field: ShiftField, mixing: NDArray, told: Callable[[int], None],
    magnification: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:  # fmt: skip
    """Σ_i u_qi (moved frame i) for each q, ``(q, y, x)``, free of ``magnification``, and how often each filter was used."""
    out = touched((len(mixing), *stack.shape), np.float32)
    stretched = not np.array_equal(magnification, np.eye(2))
    shifts = (stretched_shifts(field, magnification) if stretched else field.on_lattice(*tile_centres(stack.shape)[::-1]))[stack.numbers]
    add = partial(add_stretched_frames, matrix=magnification) if stretched else add_frames
    used = np.zeros((2, FRACTIONS), dtype=np.int64)
    for first, frames in stack.batches():
        here = slice(first, first + len(frames))
        used += add(frames, gain, shifts[here], mixing[:, here], out)
        told(here.stop)
    return out, used


def restoring_gain(used: NDArray[np.int64], k: NDArray) -> NDArray[np.float32]:
    """Factor at frequencies ``k`` (cycles per pixel) that gives back what the filters lost on average."""
    return (1 / np.maximum(mean_gain(used, k), 1 / MOST_GAIN)).astype(np.float32)


@numba.njit(nogil=True, cache=True, fastmath=True)
def _accumulate(spectrum, gain_y, gain_x, ky2, kx2, step, curve, faded, first, last):
    """faded += curve(|k|) × gain × spectrum, rows ``first`` to ``last``."""
    for y in range(first, last):
        for x in range(spectrum.shape[1]):
            place = np.sqrt(ky2[y] + kx2[x]) * step
            low = min(int(place), curve.size - 2)
            part = place - np.float32(low)
            weight = (curve[low] + part * (curve[low + 1] - curve[low])) * (gain_y[y] * gain_x[x])
            faded[y, x] += weight * spectrum[y, x]


def combine(
    sums: NDArray[np.float32], used: NDArray[np.int64], basis: WeightBasis, pixel_size: float, factor: float, *, plainly: bool,
    weighted: bool,
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:  # fmt: skip
    """Plain and weighted sums from those of the basis; None for one that is not wanted.

    Parameters
    ----------
    sums
        ``(q, y, x)``.
    used
        How often each filter was used.
    basis
        What the sums stand for.
    pixel_size
        Å per pixel of ``sums``.
    factor
        By which the results are Fourier-cropped.
    plainly, weighted
        Which of the two are wanted.
    """
    shape = (sums.shape[1], sums.shape[2])
    size = binned_size(shape, factor)
    ky = axis_frequencies(size[0], shape[0] / size[0]).numpy()
    kx = axis_frequencies(size[1], shape[1] / size[1], half=True).numpy()
    lens = (*(restoring_gain(used[axis], k) for axis, k in ((1, ky), (0, kx))),
            *(((k / pixel_size) ** 2).astype(np.float32) for k in (ky, kx)), np.float32(1 / basis.k[1]))  # fmt: skip
    curves = ([np.repeat(basis.plain[:, None], len(basis.k), 1)] if plainly else []) + ([basis.curves] if weighted else [])
    done = [touched((size[0], size[1] // 2 + 1), np.complex64) for _ in curves]
    for q, one in enumerate(sums):
        spectrum = resize_spectrum(rfft2(torch.from_numpy(one)), size).numpy()
        for curve, to in zip(curves, done):
            call = (spectrum, *lens, curve[q].astype(np.float32), to)
            in_runs(lambda a, b, call=call: _accumulate(*call, a, b), size[0])
    scale = size[0] * size[1] / (shape[0] * shape[1])
    images = iter([back(each, size, scale) for each in done])
    return next(images) if plainly else None, next(images) if weighted else None


def back(spectrum: NDArray[np.complex64], size: tuple[int, int], scale: float) -> NDArray[np.float32]:
    """Image of ``size`` from its half transform times ``scale``."""
    return irfft2_piecemeal(torch.from_numpy(spectrum).mul_(scale), size).numpy()
