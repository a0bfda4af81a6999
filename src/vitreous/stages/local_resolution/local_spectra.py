"""Power over noise about each place of a map in bands of frequency: what the network of :mod:`learned` sees."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.bands import Band, resampled
from vitreous.numerics.monogenic import monogenic_power
from vitreous.stages.local_resolution.monogenic import far_solvent, held
from vitreous.stages.local_resolution.whitening import whitened

#: Finest level: in voxels, so that its band lies within Nyquist, and in Å.
FINEST, FINEST_ANGSTROM = 2.2, 2.3
#: From one level to the next, and how many there are: up to 6.8 times the finest, or to what fits five times into the box.
STEP, LEVELS, FIT = 1.08, 26, 5.0
#: Fewer levels than this say nothing.
FEWEST = 6
#: σ of the windows in wavelengths, and width of a band.
WINDOWS, WIDTH = (0.5, 1.0), 0.18
#: Less power than this part of the noise's is rounding.
LEAST = 1e-3


def wavelengths(volume: Volume) -> Tensor:
    """Å, float64, coarsest first: the levels the network is asked about.

    Raises
    ------
    InputError
        If the box is too small for more than a few.
    """
    finest = max(FINEST * volume.voxel_size, FINEST_ANGSTROM)
    room = min(volume.shape) * volume.voxel_size / FIT
    count = min(LEVELS, 1 + math.floor(math.log(max(room / finest, 1.0)) / math.log(STEP)))
    require(count >= FEWEST, "box", f"{min(volume.shape)} voxels", f"five times {finest * STEP ** (FEWEST - 1):.3g} Å or more",
            instead="a larger box")  # fmt: skip
    return finest * STEP ** torch.arange(count - 1, -1, -1, dtype=torch.float64)


def cells(inside: Tensor, voxel_size: float, finest: float) -> Tensor:
    """The places between which voxels of a mask lie, on a grid about ``finest`` Å apart; bool ``(c, c, c)``."""
    side = math.ceil(inside.shape[0] * voxel_size / finest)
    reach = math.ceil(inside.shape[0] / side)
    near = torch.nn.functional.max_pool3d(inside.float()[None, None], 2 * reach + 1, stride=1, padding=reach)[0, 0]
    return resampled(near, (side,) * 3) > 0


def local_spectra(map: Volume, inside: Tensor, there: Tensor, levels: Tensor) -> Tensor:  # noqa: A002  the word of the field
    """Logarithm of power over noise at each place of ``there`` (:func:`cells`), ``(n, windows, levels)``.

    The noise is that of the solvent far from the particle, in wavelengths, and of what was not masked away.
    """
    spectrum = whitened(map, None, inside)
    known = held(spectrum, inside, Band(map.shape, map.voxel_size, float(levels[-1]), WIDTH))
    excess = torch.empty(int(there.sum()), len(WINDOWS), len(levels))
    for number, wavelength in enumerate(levels.tolist()):
        band = Band(map.shape, map.voxel_size, wavelength, WIDTH)
        power = monogenic_power(band.spectrum(spectrum), band.frequencies(), band.grid)
        share = band.shrink(inside.float())
        solvent = far_solvent(share, band.shrink(known), band)
        noise = float((power * solvent).sum() / solvent.sum())
        for column, window in enumerate(WINDOWS):
            ratio = local_mean(band, power, share, window) / noise
            excess[:, column, number] = resampled(torch.log(ratio.clamp_min(LEAST)), there.shape)[there]
    return excess


def local_mean(band: Band, power: Tensor, share: Tensor, window: float) -> Tensor:
    """Mean about each place under a Gaussian of ``window`` wavelengths, of what ``share`` holds of it."""
    sigma = window * band.wavelength
    return band.around(power * share, sigma).clamp_min(0) / band.around(share, sigma).clamp_min(0.02)
