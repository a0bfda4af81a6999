r"""ResMap's question at every place and every wavelength: is there a wave here that noise would not show?

Kucukelbir, Sigworth & Tagare 2014 (Nat. Methods 11:63) put local sinusoids of wavelength d and all directions under a window whose
size grows with d, and test by a likelihood ratio whether they explain more of the map than noise does; false discoveries are held
down over all voxels, and a voxel's resolution is the finest d that passes. Under white noise the likelihood ratio of a set of
sinusoids depends only on the space they span. Here that space is a band about 1/d, all directions at once, so the statistic is

    T(r) = Σ w(x − r) m(x) y_d(x)² / Σ w(x − r) m(x),

with y_d the whitened map in the band, scaled to unit variance of noise, w a Gaussian of σ = ``WINDOW`` d and m the mask. That costs
two transforms a wavelength, on a grid no finer than the band needs, where one filter for each direction would cost sixteen.

Without signal T is a weighted sum of χ², of mean 1 and variance 2 / ν, 1 / ν = Σ (w ⋆ w)(r) ρ(r)², ρ the autocorrelation of y_d: a
pure number, since window and band scale with d together. The noise itself is known from finitely many numbers only, N of them, which
adds 2 / N. Imhof's three moments (1961, Biometrika 48:419) make χ² of it, since the far tail matters when a million voxels are asked;
the cube root of Wilson & Hilferty (1931, PNAS 17:684) makes that a normal deviate. The level is that of Benjamini & Yekutieli 2001
(Ann. Statist. 29:1165), which holds however neighbours depend on each other.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.filters import raised_cosine
from vitreous.numerics.fourier import frequency_squared, good_size, irfftn, rfftn
from vitreous.numerics.resample import resize_spectrum
from vitreous.numerics.shells import friedel_weight
from vitreous.stages.local_resolution.whitening import checked, solvent, whitened

#: σ of the window in wavelengths. Longer windows see fainter waves, and further into neighbours of another resolution: on the
#: phantom of two resolutions 1.0 draws the coarse half 0.7 Å down, 0.5 puts the fine one 0.5 Å up.
WINDOW = 0.75
#: The band about 1/d, as part of it, and the width of each of its edges.
BAND, EDGE = (0.92, 1.15), 0.1
#: Finest wavelength in voxels, coarsest in Å, and the step from one to the next.
FINEST, COARSEST, STEP = 2.15, 20.0, 1.05
#: Share of false discoveries among the voxels that pass at a wavelength.
FALSE_DISCOVERIES = 0.05


def resmap(
    first: Volume, second: Volume | None, mask: Tensor, *, levels: Tensor | None = None, false_discoveries: float = FALSE_DISCOVERIES
) -> LocalResolution:
    """Local resolution by testing for waves in noise.

    Parameters
    ----------
    first, second
        Half-maps, cubes, not filtered or masked: the noise is that of their difference within the mask. Or one map and None: the noise
        is that of the solvent, everything outside the mask.
    mask
        Where to ask, bool or 0 to 1, of the maps' shape.
    levels
        Wavelengths to test, Å, finest first; from 2.15 voxels to 20 Å in steps of 5 % without it.
    false_discoveries
        Share allowed among what passes, 0 to 1.

    Returns
    -------
    LocalResolution
        The coarsest level where no wave passes.

    Raises
    ------
    InputError
        If the maps are no cubes of one shape and voxel size, hold values that are not numbers, or show no noise.
    """
    inside = checked(first, second, mask)
    require(0 < false_discoveries < 1, "false_discoveries", false_discoveries, "between 0 and 1")
    levels = wavelengths(first) if levels is None else levels.double()
    require(len(levels) > 1 and bool((levels.diff() > 0).all()), "levels", levels.tolist(), "two or more wavelengths in Å, finest first")
    spectrum = whitened(first, second, inside)
    length = first.shape[0] * first.voxel_size
    measured = float((inside if second is not None else solvent(inside, first.voxel_size)).sum()) * first.voxel_size**3
    grid = min(first.shape[0], good_size(math.ceil(length / (0.8 * float(levels[0])))))
    open_part = rfftn(inside.float())
    place = _resized(open_part, grid) > 0.5
    found = torch.full((int(place.sum()),), float(levels[-1]), dtype=torch.float64)
    unsettled, finer = torch.ones_like(found, dtype=torch.bool), torch.zeros_like(found)
    for number, wavelength in enumerate(levels.tolist()):
        passed = _evidence(spectrum, open_part, wavelength, length, place, measured, false_discoveries)
        here = unsettled & (passed >= 1)
        before = float(levels[max(number - 1, 0)])
        part = (1 - finer) / (passed - finer).clamp_min(1e-6)
        found[here] = before * (wavelength / before) ** part[here]
        unsettled &= ~here
        finer = passed
    values = _on_map(found, place, inside)
    return LocalResolution(values=values, mask=inside, method="resmap", levels=levels)


def wavelengths(volume: Volume) -> Tensor:
    """Å, float64: those tested by default, no longer than a sixth of the box."""
    finest = FINEST * volume.voxel_size
    coarsest = max(min(COARSEST, volume.shape[0] * volume.voxel_size / 6), finest * STEP)
    return finest * STEP ** torch.arange(int(math.log(coarsest / finest) / math.log(STEP)) + 2, dtype=torch.float64)


def _evidence(
    spectrum: Tensor, open_part: Tensor, wavelength: float, length: float, place: Tensor, noise_volume: float, share: float
) -> Tensor:
    """Normal deviate of each place over the one that keeps false discoveries below ``share``: 1 and more passes."""
    kept, overlap = energy(spectrum, open_part, wavelength, length, place)
    deviate = normal_deviate(kept, overlap, noise_volume / wavelength**3)
    return (deviate / least_deviate(deviate, share)).clamp_min(0)


def normal_deviate(kept: Tensor, overlap: Tensor, noise_cubes: float) -> Tensor:
    """What T would be were it normal.

    Parameters
    ----------
    kept, overlap
        T, and the part of the window it was taken over.
    noise_cubes
        Volume that the noise was measured in, in cubic wavelengths.
    """
    null = null_moments()
    variance = null.window / overlap + null.volume / noise_cubes
    third = null.skewness * (null.window / overlap) ** 2
    freedom = variance**3 / third**2
    chi = ((kept - 1) * (freedom / variance).sqrt() + freedom) / freedom
    return (chi.clamp_min(0) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)).sqrt()


def energy(spectrum: Tensor, open_part: Tensor, wavelength: float, length: float, place: Tensor) -> tuple[Tensor, Tensor]:
    """T, and the part of the window that lies in the mask, at ``place``, a grid on the whole box; float64."""
    size, grid = 2 * spectrum.shape[0] // 2, place.shape[0]
    fine = min(size, good_size(math.ceil(2 * length * (BAND[1] + EDGE + 0.3) / wavelength)))
    gain = band(frequency_squared((fine,) * 3, length / fine).sqrt() * wavelength)
    variance = float((gain.double().square() * friedel_weight((fine,) * 3)).sum()) / size**3
    seen = irfftn(resize_spectrum(spectrum, (fine,) * 3) * gain, (fine,) * 3) * (fine / size) ** 3
    open_here = _resized(open_part, fine).clamp(0, 1)
    window = torch.exp(-2 * (math.pi * WINDOW * wavelength) ** 2 * frequency_squared((grid,) * 3, length / grid))

    def blurred(values: Tensor) -> Tensor:
        part = resize_spectrum(rfftn(values), (grid,) * 3) * window
        return (irfftn(part, (grid,) * 3)[place] * (grid / fine) ** 3).double()

    overlap = blurred(open_here).clamp(0.02, 1)
    return blurred(seen.square() * open_here) / (variance * overlap), overlap


def band(relative: Tensor) -> Tensor:
    """Gain at frequency times wavelength: a cosine bell with a flat top."""
    return raised_cosine(relative, BAND[1], EDGE) - raised_cosine(relative, BAND[0], EDGE)


class Null(NamedTuple):
    """Moments of T without signal: 1 / ν under a whole window, the same for a cubic wavelength, and Σλ³ Σλ / (Σλ²)²."""

    window: float
    volume: float
    skewness: float


@lru_cache(maxsize=1)
def null_moments() -> Null:
    """Pure numbers; computed for a wavelength of 5 voxels."""
    size, wavelength = 64, 5.0
    shape = (size,) * 3
    k2 = frequency_squared(shape)
    power = band(k2.sqrt() * wavelength).square()
    covariance = irfftn(power.to(torch.complex64), shape)
    squared = (covariance / covariance[0, 0, 0]).square()
    twice = irfftn(torch.exp(-4 * (math.pi * WINDOW * wavelength) ** 2 * k2).to(torch.complex64), shape)
    # For a window much longer than the correlation the weights λ are products of the window's and the band's.
    of_window = 8 / 27**0.5
    count = friedel_weight(shape)
    first, second, third = (float((power.double() ** j * count).sum()) for j in (1, 2, 3))
    return Null(float((twice * squared).sum()), float(squared.sum()) / wavelength**3, of_window * third * first / second**2)


def least_deviate(deviates: Tensor, share: float) -> float:
    """The normal deviate from which on hypotheses of noise are rejected (Benjamini & Yekutieli 2001); infinite where none is."""
    ranked = deviates.sort(descending=True).values
    count = len(ranked)
    harmonic = float((1 / torch.arange(1, count + 1, dtype=torch.float64)).sum())
    bound = share * torch.arange(1, count + 1, dtype=torch.float64) / (count * harmonic)
    chance = 0.5 * torch.special.erfc(ranked / math.sqrt(2))
    below = torch.nonzero(chance <= bound).flatten()
    return float(ranked[below[-1]]) if len(below) else math.inf


def _resized(spectrum: Tensor, size: int) -> Tensor:
    """A map from its half transform, brought to another grid of the same box."""
    scale = (size / spectrum.shape[0]) ** 3
    return irfftn(resize_spectrum(spectrum, (size,) * 3), (size,) * 3) * scale


def _on_map(found: Tensor, place: Tensor, inside: Tensor) -> Tensor:
    """Values at ``place`` of a coarser grid, linear between; each voxel outside it takes the nearest within. NaN outside ``inside``."""
    from scipy.ndimage import distance_transform_edt

    coarse = torch.zeros(place.shape)
    coarse[place] = found.float()
    nearest = distance_transform_edt(~place.numpy(), return_distances=False, return_indices=True)
    filled = coarse[tuple(torch.from_numpy(axis).long() for axis in nearest)]
    for axis in range(3):
        filled = _along(filled, axis, inside.shape[axis])
    return filled.masked_fill(~inside, torch.nan)


def _along(values: Tensor, axis: int, size: int) -> Tensor:
    """Linear interpolation of one periodic axis, voxel 0 on voxel 0."""
    have = values.shape[axis]
    at = torch.arange(size, dtype=torch.float64) * have / size
    low = at.floor().long()
    part = (at - low).float().reshape([-1 if a == axis else 1 for a in range(3)])
    return values.index_select(axis, low) * (1 - part) + values.index_select(axis, (low + 1) % have) * part
