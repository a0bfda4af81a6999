"""The shift of every whole frame: from pairs of frames first, then by climbing the likelihood of all together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.fourier import frequency_squared, irfft2
from vitreous.numerics.resample import resize_spectrum
from vitreous.numerics.shells import shell_average, spread
from vitreous.stages.movies.ascent import Frequencies, power_over_frames, shifted_sum, slopes
from vitreous.stages.movies.pairwise import shifts_from_pairs
from vitreous.stages.movies.signal import SignalToNoise, high_pass, ring_power, separate

#: Pairs of frames this far apart are compared.
GAPS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)
#: Å: pairs are compared by detail down to about this.
PAIR_DETAIL = 25.0
#: Largest image in which pairs are compared, pixels.
PAIR_SIZE = 320
#: The climb: detail finer than so many Å is damped, that a shift far off is drawn in, for so many rounds; then all takes part.
STAGES = ((60.0, 1), (30.0, 1), (0.0, 3))
#: Damped detail takes part up to this multiple of 1 / the damping, where e⁻⁴ of its weight is left.
SOFT_END = 2.0
#: Share of the information about the shifts that takes part at the end: the rest lies at many faint frequencies.
REACH = 0.98
#: A peak is believed when it stands this many standard deviations above its map: chance gives about 5.
SIGNIFICANT = 6.5
#: Share of believed pairs that is enough; with fewer, more frames are summed before pairs are compared.
BELIEVED = 0.7
#: Precision (1 / pixels²) of the belief that a step of the climb is small; it matters only where there is no signal.
STEADINESS = 0.25
#: Pixels of the shrunk frame: a step smaller than this ends the climb.
ENOUGH = 0.02


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


def peak(correlation: Tensor) -> tuple[NDArray[np.float64], float]:
    """Place of the maximum of a periodic map as (x, y), signed, refined by a parabola along each axis; and its height in σ."""
    height, width = correlation.shape
    row, column = divmod(int(correlation.argmax()), width)
    place = []
    for index, size, line in ((column, width, correlation[row]), (row, height, correlation[:, column])):
        before, here, after = (float(line[(index + step) % size]) for step in (-1, 0, 1))
        bend = before - 2 * here + after
        offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
        place.append((index + size // 2) % size - size // 2 + offset)
    return np.array(place), float(correlation[row, column] / correlation.std().clamp_min(1e-30))


def power_of(spectrum: Tensor) -> Tensor:
    """|F|²."""
    return spectrum.real**2 + spectrum.imag**2


def whiten(spectra: Tensor, shape: tuple[int, int]) -> None:
    """Divide transforms, in place, by their mean amplitude in each ring."""
    power = shell_average(torch.from_numpy(power_over_frames(spectra.numpy())) / len(spectra), shape)
    gain = spread(power.clamp_min(1e-30).rsqrt(), shape).to(torch.float32)
    spectra *= gain


def compare_pairs(spectra: Tensor, size: tuple[int, int], step: float, coarsest: float) -> tuple[NDArray, NDArray, NDArray]:
    """Shifts between pairs of transforms of images of ``size`` with ``step`` Å per pixel.

    Returns
    -------
    pairs, shifts, heights
        ``(m, 2)`` numbers of the images, ``(m, 2)`` places of the peaks, ``(m,)`` their heights in σ.
    """
    k = frequency_squared(size, step).sqrt()
    weight = torch.exp(-((k * PAIR_DETAIL) ** 2)) * torch.from_numpy(high_pass(k.numpy(), 1 / coarsest)).float()
    pairs = np.array([(i, i + gap) for gap in GAPS for i in range(len(spectra) - gap)])
    found = [peak(irfft2(spectra[j] * spectra[i].conj() * weight, size)) for i, j in pairs]
    return pairs, np.array([place for place, _ in found]), np.array([height for _, height in found])


def pair_shifts(spectra: Tensor, shape: tuple[int, int], pixel_size: float, coarsest: float) -> tuple[NDArray, int, int]:
    """Shifts of frames from cross-correlations of pairs of frames, or of groups of frames where single ones show too little.

    Returns
    -------
    shifts, rejected, pairs
        ``(n, 2)`` in pixels of ``shape``, and how many pairs were left out of how many. The shifts are 0, and all pairs
        left out, where even halves of the movie do not show the same thing.
    """
    frames = len(spectra)
    small = tuple(2 * max(16, round(n * min(1.0, PAIR_SIZE / max(shape)) / 2)) for n in shape)
    scale = np.array([shape[1] / small[1], shape[0] / small[0]])
    single = torch.stack([resize_spectrum(s, small) for s in spectra])
    for groups in (max(2, frames >> halvings) for halvings in range(frames.bit_length())):
        edges = np.round(np.linspace(0, frames, groups + 1)).astype(int)
        grouped = torch.stack([single[a:b].sum(dim=0) for a, b in pairwise(edges)])
        whiten(grouped, small)
        pairs, measured, heights = compare_pairs(grouped, small, pixel_size * scale[0], coarsest)
        believed = heights > SIGNIFICANT
        linked = len(np.unique(pairs[believed])) == groups
        if believed.mean() >= BELIEVED and linked:
            places, used = shifts_from_pairs(pairs[believed], measured[believed], groups, floor=0.3)
            middles = (edges[1:] + edges[:-1] - 1) / 2
            places = np.stack([np.interp(np.arange(frames), middles, axis) for axis in (places * scale).T], axis=1)
            return -places, len(pairs) - int(used.sum()), len(pairs)
        if groups == 2:
            break
    return np.zeros((frames, 2)), len(pairs), len(pairs)


def told_apart(spectra: Tensor, shifts: NDArray, single: NDArray, shape: tuple[int, int]) -> SignalToNoise:
    """Signal and noise from the sum of the frames at the present shifts; ``single`` is the mean power of a frame by ring."""
    whole = Frequencies.up_to(shape, 0.5)
    full = torch.zeros(spectra.shape[1:], dtype=spectra.dtype)
    total = shifted_sum(spectra.numpy(), whole.rows, *whole.phases(shifts))
    full[torch.from_numpy(whole.rows), : len(whole.kx)] = torch.from_numpy(total)
    return separate(single, ring_power(power_of(full), shape), len(spectra), shape)


def weights_of(grid: Frequencies, snr: SignalToNoise, frames: int, cutoff: float, soften: float) -> tuple[NDArray, NDArray]:
    """c times the share of each pair, and ρ, on ``grid``; frequencies above 1 / ``soften`` are damped."""
    k = grid.magnitude
    ratio = snr.ratio_at(k)
    weight = grid.share * ratio / (1 + frames * ratio) * high_pass(k, cutoff)
    return weight * np.exp(-((k * soften) ** 2)), ratio


def find_drift(spectra: Tensor, shape: tuple[int, int], pixel_size: float, coarsest: float) -> Drift:
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

    References
    ----------
    Li et al. 2013, Nature Methods 10:584 (pairs); the climb is maximum likelihood with the specimen integrated out.
    """
    frames = len(spectra)
    shifts, rejected, pairs = pair_shifts(spectra, shape, pixel_size, coarsest)
    single = ring_power(torch.from_numpy(power_over_frames(spectra.numpy())) / frames, shape)
    values = spectra.numpy()
    for soften, rounds in STAGES:
        snr = told_apart(spectra, shifts, single, shape)
        grid = Frequencies.up_to(shape, SOFT_END * pixel_size / soften if soften else snr.reach(frames, REACH))
        weight, ratio = weights_of(grid, snr, frames, pixel_size / coarsest, soften / pixel_size)
        whitened = (weight / (snr.noise_at(grid.magnitude) * shape[0] * shape[1])).astype(np.float32)
        curvature = grid.curvature(weight, ratio, frames)
        for _ in range(rounds):
            along_y, along_x = grid.phases(shifts)
            total = shifted_sum(values, grid.rows, along_y, along_x)
            slope = slopes(values, grid.rows, along_y, along_x, total, whitened, grid.ky, grid.kx)
            step = slope / (curvature + STEADINESS)
            shifts = shifts + np.clip(step, -4.0, 4.0)
            if np.abs(step).max() < ENOUGH:
                break
    deviation = float(np.mean((curvature + STEADINESS) ** -0.5))
    return Drift(shifts - shifts[0], snr, deviation, rejected, pairs)
