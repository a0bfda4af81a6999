r"""Maps whose local resolution is known, made so that a network can learn it.

One to three regions part smoothly from each other. In each the structure is damped by a gain of its own, g: a low-pass or a B-factor.
Then comes noise, the same everywhere or, in some maps, stronger in the particle than in the solvent. All of that goes through a filter,
an envelope of the whole map, which :func:`learned` must see through. The truth at a place is where, coming from coarse,

    P(k) Σ w_i g_i(k)² / N  first falls below  1/3,

with P the local power of the undamped structure, w the shares of the regions, N the power of noise: where the correlation of two
half-maps of that place would be 1/7, since their mean has twice their signal-to-noise ratio of 1/6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from structures import density
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.bands import Band, resampled
from vitreous.numerics.filters import apply, radius, raised_cosine
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.monogenic import monogenic_power
from vitreous.numerics.shells import friedel_weight
from vitreous.stages.local_resolution.local_spectra import STEP, WIDTH, cells, local_mean, local_spectra, wavelengths

#: Voxels a side; Å a voxel.
SIZE, VOXELS = 80, (1.05, 3.0)
#: Signal over noise in a mean of half-maps whose correlation is 1/7.
CROSSING = 1 / 3
#: Signal over noise power of the structure at coarse levels, before anything is damped.
RATIO = (1.0, 3e3)
#: Share of maps of noise alone, and of maps whose particle is noisier than the solvent, by up to this factor of power.
EMPTY, UNEVEN, NOISIER = 0.1, 0.25, 1.5
#: Levels by which resolutions drawn go beyond those asked for.
BEYOND = 4
#: Å² of the whole map's B-factor, in squares of the voxel: at Nyquist the amplitude changes by up to e^±3.
ENVELOPE = 48.0
#: σ in wavelengths of the window in which the structure's own power is measured.
TREND = 1.0
#: Steps of frequency from one level to the next, in which the crossing is looked for.
FINER = 4

Gain = Callable[[Tensor], Tensor]


class Places(NamedTuple):
    """What the network sees at places of a map, ``(n, windows, levels)``, and how many levels finer than the coarsest the truth is."""

    excess: Tensor
    depth: Tensor


class Simulated(NamedTuple):
    """A map, its mask, and the truth in Å at the places of :func:`cells`."""

    map: Volume
    inside: Tensor
    truth: Tensor


def places(chance: np.random.Generator, count: int) -> Places:
    """So many places of one new map."""
    made = simulated(chance)
    levels = wavelengths(made.map)
    excess = local_spectra(made.map, made.inside, cells(made.inside, made.map.voxel_size, float(levels[-1])), levels)
    chosen = torch.from_numpy(chance.permutation(len(excess))[:count])
    return Places(excess[chosen], (levels[0] / made.truth[chosen]).log().float() / math.log(STEP))


def simulated(chance: np.random.Generator) -> Simulated:
    """One map."""
    voxel, blob = log_uniform(*VOXELS, chance), particle(chance)
    structure = density(blob, voxel, chance)
    inside = blob if chance.random() < 0.5 else smooth(blob.float(), chance.uniform(1, 3)) > 0.05
    levels = wavelengths(Volume(structure, voxel))
    there = cells(inside, voxel, float(levels[-1]))
    power = undamped(structure, inside, voxel, levels, there)
    scale = log_uniform(*RATIO, chance) / float(power[:, : len(levels) // 2].mean()) * (chance.random() > EMPTY)
    shares = regions(int(chance.integers(1, 4)), chance)
    gains = [damping(scale * power.mean(0), levels, chance) for _ in shares]
    noise = 1 + (chance.uniform(0, NOISIER - 1) if chance.random() < UNEVEN else 0.0) * smooth(inside.float(), 3.0)
    truth = crossing(scale * power / sampled(noise, there)[:, None], [sampled(w, there) for w in shares], gains, levels)
    k = frequency_squared(blob.shape, voxel, like=structure).sqrt()
    values = math.sqrt(scale) * sum(w * apply(structure, gain(k), axes=3) for w, gain in zip(shares, gains))
    values = values + noise.sqrt() * torch.from_numpy(chance.standard_normal(blob.shape, dtype=np.float32))
    envelope = torch.exp(-chance.uniform(-ENVELOPE, ENVELOPE) * (voxel * k) ** 2 / 4)
    return Simulated(Volume(apply(values, envelope, axes=3), voxel), inside, truth)


def particle(chance: np.random.Generator) -> Tensor:
    """Where the structure is: one to three balls that touch, an eighth to a third of the box."""
    here = torch.zeros((SIZE,) * 3, dtype=torch.bool)
    count = int(chance.integers(1, 4))
    for _ in range(count):
        reach = chance.uniform(0.24, 0.4) * SIZE / count**0.3
        middle = chance.uniform(-1, 1, 3) * (0.44 * SIZE - reach) * (0.3 if count == 1 else 0.8)
        here |= radius(here.shape).roll(np.rint(middle).astype(int).tolist(), (0, 1, 2)) < reach
    return here


def regions(count: int, chance: np.random.Generator) -> list[Tensor]:
    """Shares of the regions at each voxel, which add up to 1; seams are 2 to 6 voxels wide."""
    width = chance.uniform(7.0, 14.0)
    fields = [smooth(torch.from_numpy(chance.standard_normal((SIZE,) * 3, dtype=np.float32)), width) for _ in range(count)]
    fields = torch.stack([field / field.std() for field in fields])
    return list(torch.softmax(fields * width / chance.uniform(1.0, 3.0), 0))


def damping(power: Tensor, levels: Tensor, chance: np.random.Generator) -> Gain:
    """A gain that lets a signal of this ``power`` over noise end at a resolution drawn between and beyond the levels."""
    finest, coarsest = float(levels[-1]), float(levels[0])
    d = log_uniform(finest / STEP**BEYOND, coarsest * STEP**BEYOND, chance)
    # What the gain must leave of the amplitude at 1/d; a structure too weak there ends before.
    left = math.sqrt(CROSSING / max(float(np.interp(-d, -levels.numpy(), power.numpy())), 1e-9))
    if left >= 1:
        return torch.ones_like
    if chance.random() < 0.5:
        return lambda k: left ** ((d * k) ** 2)
    width = chance.uniform(0.05, 0.5) / d
    middle = 1 / d - width * (math.acos(2 * left - 1) / math.pi - 0.5)
    return lambda k: raised_cosine(k, middle, width)


def undamped(structure: Tensor, inside: Tensor, voxel: float, levels: Tensor, there: Tensor) -> Tensor:
    """Local power of the structure in bands, in units of what noise of unit variance has there: ``(n, levels)``."""
    spectrum, columns = rfftn(structure), []
    for wavelength in levels.tolist():
        band = Band(structure.shape, voxel, wavelength, WIDTH)
        share = band.shrink(inside.float())
        power = monogenic_power(band.spectrum(spectrum), band.frequencies(), band.grid)
        noise = 2 * float((band.gain() ** 2 * friedel_weight(band.grid)).sum()) / structure.numel()
        columns.append(sampled(local_mean(band, power, share, TREND), there) / noise)
    return torch.stack(columns, 1)


def crossing(ratio: Tensor, shares: list[Tensor], gains: list[Gain], levels: Tensor) -> Tensor:
    """Å, ``(n,)``: where the signal-to-noise ratio, ``(n, levels)`` before the gains, first falls below 1/3 from coarse to fine.

    A structure's spectrum is rough where few waves make it up; what decides is its trend, a mean over three levels.
    """
    padded = torch.nn.functional.pad(ratio.clamp_min(1e-9).log()[:, None], (1, 1), mode="replicate")
    trend = torch.nn.functional.avg_pool1d(padded, 3, 1)
    count = FINER * (len(levels) - 1) + 1
    trend = torch.nn.functional.interpolate(trend, size=count, mode="linear", align_corners=True)[:, 0]
    d = float(levels[0]) / STEP ** (torch.arange(count) / FINER)
    left = sum(share[:, None] * gain(1 / d) ** 2 for share, gain in zip(shares, gains))
    fails = trend + left.clamp_min(1e-9).log() < math.log(CROSSING)
    return d[torch.where(fails.any(1), fails.int().argmax(1), count - 1)]


def sampled(values: Tensor, there: Tensor) -> Tensor:
    """Values at the places."""
    return resampled(values, there.shape)[there]


def smooth(values: Tensor, sigma: float) -> Tensor:
    """Gaussian mean of so many voxels about each place."""
    k2 = frequency_squared(values.shape, 1.0, like=values)
    return apply(values, torch.exp(-2 * (math.pi * sigma) ** 2 * k2), axes=3)


def log_uniform(low: float, high: float, chance: np.random.Generator) -> float:
    """Evenly spread in the logarithm."""
    return math.exp(chance.uniform(math.log(low), math.log(high)))
