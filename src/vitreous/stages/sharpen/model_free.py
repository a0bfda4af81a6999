r"""Amplitudes scaled at each place to those a molecule has, without a model of the one at hand.

LocScale (Jakobi, Wilmanns & Sachse 2017, eLife 6:e27131) takes the target from an atomic model; here it is the mean profile of molecules
(:mod:`vitreous.physics.molecular_amplitudes`). Band j at a place r is multiplied by

    g_j(r) = √(2r_j / (1 + r_j)) · T_j a(r) / A_j(r)

A_j the signal's local amplitude, T_j the molecule's, and a(r) the ratio A / T of the bands between 20 and 10 Å at that place, whose level
is kept, so that a place does not become strong by being scaled. What holds no signal there is dropped.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.inference.fall_off import Expected
from vitreous.numerics.filters import raised_cosine
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.resample import fourier_resize
from vitreous.stages.sharpen.bands import LocalAmplitudes, bands, local_amplitudes

#: Å: the bands that keep their strength.
ANCHOR = (25.0, 9.0)
#: Largest gain of a band over the anchor: that of B = 400 Å² at 4 Å.
LARGEST_GAIN = 500.0
#: Share of the local cut-off frequency over which a place ends.
FALL = 0.2


def scaled_to_molecules(
    first: Volume, second: Volume, resolution: float, *, local_resolution: Tensor | None = None, expected: Expected = "molecular"
) -> Volume:
    """Scale local amplitudes to the expected ones.

    Parameters
    ----------
    first, second
        Unfiltered half-maps: cubes of one size and scale.
    resolution
        Å of the finest detail kept.
    local_resolution
        Å ``(n, n, n)``, NaN where unknown: a place ends there. Without it the local correlation of the halves alone decides.
    expected
        "molecular", or "level" as atoms at random.

    Returns
    -------
    Volume
        Sharpened map.

    Raises
    ------
    InputError
        As :func:`~vitreous.stages.sharpen.bands.last_shell`.
    """
    found = local_amplitudes(first, second, resolution, expected=expected)
    anchor = _anchor(found)
    total = rfftn(0.5 * (first.values + second.values).float())
    out = torch.zeros_like(total)
    for row, band in enumerate(bands(first, resolution)):
        gain = torch.exp(anchor - found.log_amplitude[row]).clamp_max(LARGEST_GAIN) * found.merit[row]
        gain = fourier_resize(torch.where(found.correlation[row] > 0, gain, 0.0), (band.grid,) * 3).clamp_min(0)
        if local_resolution is not None:
            gain = gain * _end(local_resolution, float(found.k_squared[row]) ** 0.5, band.grid, resolution)
        band.paste(out, band.cut(total) * gain)
    return Volume(irfftn(out, first.shape), first.voxel_size, first.corner)


def _anchor(found: LocalAmplitudes) -> Tensor:
    """ln of A / T of the anchoring bands at each place; of the coarsest band where none of them holds signal."""
    coarse, fine = ANCHOR
    rows = (found.k_squared >= coarse**-2) & (found.k_squared <= fine**-2)
    rows[:1] |= ~rows.any()
    weight = torch.where(found.correlation[rows] > 0, 1 / found.variance[rows], 0.0)
    total = weight.sum(0)
    mean = (weight * found.log_amplitude[rows]).sum(0) / total.clamp_min(1e-12)
    return torch.where(total > 0, mean, found.log_amplitude[0])


def _end(local_resolution: Tensor, k: float, grid: int, coarsest: float) -> Tensor:
    """Gain of a band at ``k`` where the map ends at its local resolution; 1 where that is not known."""
    cutoff = 1 / local_resolution.float().nan_to_num(nan=coarsest)
    at = fourier_resize(cutoff, (grid,) * 3).clamp_min(1e-3)
    return raised_cosine(torch.full_like(at, k) / at, 1.0, FALL)
