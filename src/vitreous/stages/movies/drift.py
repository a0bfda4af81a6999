"""The shift of every whole frame: from pairs of frames first, then by climbing the likelihood of all together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import frequency_squared, irfft2
from vitreous.numerics.resample import resize_spectrum
from vitreous.numerics.shells import shell_average, spread
from vitreous.stages.movies.ascent import Frequencies, shifted_sum, slopes
from vitreous.stages.movies.pairwise import shifts_from_pairs
from vitreous.stages.movies.signal import SignalToNoise, high_pass, ring_power, separate

#: Pairs of frames this far apart are compared.
GAPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)
#: Largest image in which pairs are compared, pixels.
PAIR_SIZE = 512
#: Detail finer than these (Å) is damped in successive steps, so that a shift far off is drawn in; then all takes part.
SOFTENING = (60.0, 30.0, 0.0, 0.0, 0.0)
#: Pixels of the shrunk frame: a step smaller than this ends the climb.
ENOUGH = 0.01


@dataclass(frozen=True)
class Drift:
    """Shifts of whole frames, and what the frames told of signal and noise.

    Parameters
    ----------
    shifts
        ``(n, 2)`` as (x, y) in pixels of the shrunk frames, 0 in the first.
    snr
        Signal-to-noise ratio of a frame.
    deviation
        Expected error of a frame's shift, pixels, one standard deviation along x or y.
    rejected
        Pairs of frames that disagreed with the others.
    pairs
        Pairs compared.
    """

    shifts: NDArray[np.float64]
    snr: SignalToNoise
    deviation: float
    rejected: int
    pairs: int


def peak(correlation: Tensor) -> NDArray[np.float64]:
    """Place of the maximum of a periodic map as (x, y), signed, refined by a parabola along each axis."""
    height, width = correlation.shape
    row, column = divmod(int(correlation.argmax()), width)
    place = []
    for index, size, line in ((column, width, correlation[row]), (row, height, correlation[:, column])):
        before, here, after = (float(line[(index + step) % size]) for step in (-1, 0, 1))
        bend = before - 2 * here + after
        offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
        place.append((index + size // 2) % size - size // 2 + offset)
    return np.array(place)


def power_of(spectrum: Tensor) -> Tensor:
    """|F|²."""
    return spectrum.real**2 + spectrum.imag**2


def whitened(spectra: Tensor, shape: tuple[int, int]) -> Tensor:
    """Transforms divided by their mean amplitude in each ring."""
    power = shell_average(sum(power_of(s) for s in spectra) / len(spectra), shape)
    gain = spread(power.clamp_min(1e-30).rsqrt(), shape).to(torch.float32)
    return spectra * gain


def pair_shifts(spectra: Tensor, shape: tuple[int, int], pixel_size: float, coarsest: float, group: int) -> tuple[NDArray, int, int]:
    """Shifts of frames from cross-correlations of pairs of groups of ``group`` frames.

    Returns
    -------
    shifts, rejected, pairs
        ``(n, 2)`` in pixels of ``shape``, and how many pairs there were and how many were left out.
    """
    frames = len(spectra)
    scale = min(1.0, PAIR_SIZE / max(shape))
    small = tuple(2 * max(16, round(n * scale / 2)) for n in shape)
    starts = np.arange(0, frames - group + 1, group) if frames >= 2 * group else np.array([0, frames // 2])
    ends = np.append(starts[1:], frames)
    grouped = torch.stack([resize_spectrum(spectra[a:b].sum(dim=0), small) for a, b in zip(starts, ends)])
    grouped = whitened(grouped, small)
    step = pixel_size * shape[1] / small[1]
    k = frequency_squared(small, step).sqrt()
    weight = torch.exp(-((k * 25.0) ** 2)) * torch.from_numpy(high_pass(k.numpy(), 1 / coarsest)).float()
    pairs = np.array([(i, i + gap) for gap in GAPS for i in range(len(starts) - gap)])
    measured = np.array([peak(irfft2(grouped[j] * grouped[i].conj() * weight, small)) for i, j in pairs])
    places, used = shifts_from_pairs(pairs, measured, len(starts), floor=0.3)
    places = places * [shape[1] / small[1], shape[0] / small[0]]
    middles = (starts + ends - 1) / 2
    places = np.stack([np.interp(np.arange(frames), middles, places[:, axis]) for axis in (0, 1)], axis=1)
    return -places, int((~used).sum()), len(pairs)


def weights_of(grid: Frequencies, snr: SignalToNoise, frames: int, cutoff: float, soften: float) -> tuple[NDArray, NDArray]:
    """c times the share of each pair, and ρ, on ``grid``; frequencies above 1 / ``soften`` are damped."""
    k = grid.magnitude
    ratio = snr.ratio_at(k)
    weight = grid.share * ratio / (1 + frames * ratio) * high_pass(k, cutoff)
    return weight * np.exp(-((k * soften) ** 2)), ratio


def find_drift(spectra: Tensor, shape: tuple[int, int], pixel_size: float, coarsest: float, group: int) -> Drift:
    """Align whole frames.

    Parameters
    ----------
    spectra
        Half transforms of the shrunk frames, ``(n, y, x // 2 + 1)``.
    shape
        (y, x) of a shrunk frame.
    pixel_size
        Å per shrunk pixel.
    coarsest
        Å; coarser detail is left out.
    group
        Frames summed before pairs of them are compared.

    References
    ----------
    Li et al. 2013, Nature Methods 10:584 (pairs); the climb is maximum likelihood with the specimen integrated out.
    """
    frames = len(spectra)
    shifts, rejected, pairs = pair_shifts(spectra, shape, pixel_size, coarsest, group)
    single = ring_power(sum(power_of(s) for s in spectra) / frames, shape)
    whole = Frequencies.up_to(shape, 0.5)
    values = spectra.numpy()[:, whole.rows, : len(whole.kx)]
    full = torch.zeros(spectra.shape[1:], dtype=spectra.dtype)
    for soften in SOFTENING:
        along_y, along_x = whole.phases(shifts)
        total = shifted_sum(values, along_y, along_x)
        full[torch.from_numpy(whole.rows), : len(whole.kx)] = torch.from_numpy(total)
        snr = separate(single, ring_power(power_of(full), shape), frames, shape)
        weight, ratio = weights_of(whole, snr, frames, pixel_size / coarsest, soften / pixel_size)
        weight /= snr.noise_at(whole.magnitude) * shape[0] * shape[1]
        slope = slopes(values, along_y, along_x, total, weight.astype(np.float32), whole.ky, whole.kx)
        curvature = whole.curvature(weight * snr.noise_at(whole.magnitude) * shape[0] * shape[1], ratio, frames)
        step = slope / np.maximum(curvature, 1e-12)
        shifts = shifts + np.clip(step, -4.0, 4.0)
        if soften == 0 and np.abs(step).max() < ENOUGH:
            break
    deviation = float(np.mean(np.maximum(curvature, 1e-12) ** -0.5))
    return Drift(shifts - shifts[0], snr, deviation, rejected, pairs)
