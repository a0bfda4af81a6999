r"""Local resolution by a network trained on simulated maps: one map with its solvent is enough.

The noise of the solvent is made white, which undoes any B-factor and any filter that the whole map went through: the answer cannot
depend on them. At levels a constant factor apart the monogenic power about each place is divided by that of the solvent, under a
window of 0.5 and one of 1 wavelength. The logarithms of these go through the network of
:mod:`~vitreous.stages.local_resolution.spectral_network`, and a place is resolved down to the first level that is more likely not
resolved than resolved.

Levels, bands and windows are in proportion to the finest level, and the network knows nothing else of scale: what it learned at one
voxel size holds at another.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import FormatError, require
from vitreous.numerics.bands import resampled
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.files import replacing
from vitreous.stages.local_resolution.local_spectra import STEP, cells, local_spectra, wavelengths
from vitreous.stages.local_resolution.spectral_network import SpectralNetwork
from vitreous.stages.local_resolution.whitening import checked

#: The weights, made by training/local_resolution.py; without them :func:`learned` refuses.
WEIGHTS = Path(__file__).parent / "learned_weights.npz"
#: Å: the largest voxels of the training were 3 Å.
COARSEST_VOXEL = 5.0
#: Places that go through the network together.
TOGETHER = 16384
#: Å: what the qualitative answer calls high and medium; coarser is low.
HIGH, MEDIUM = 4.0, 7.0


def learned(map: Volume, mask: Tensor) -> LocalResolution:  # noqa: A002  the word of the field
    """Local resolution of one map.

    Parameters
    ----------
    map
        A cube, not masked: the noise of its solvent is what the signal is held against. The mean of half-maps is best; a sharpened or
        filtered map gives the same. Voxels of at most 5 Å.
    mask
        The particle, bool or 0 to 1, of the map's shape.

    Returns
    -------
    LocalResolution
        Å, between the finest and the coarsest level; the coarsest where there is nothing. On six simulated maps not trained on,
        four were within 18 % at the median and two a factor of two too fine.

    Raises
    ------
    InputError
        If voxels are too coarse, the box is too small, the solvent holds no noise, or the map is no cube of finite numbers.
    """
    require(map.voxel_size <= COARSEST_VOXEL, "voxel size", f"{map.voxel_size:g} Å",
            f"at most {COARSEST_VOXEL:g} Å, for the network has seen none coarser",
            instead="a map of smaller voxels, or the windowed correlation of half-maps")  # fmt: skip
    inside, network = checked(map, None, mask), read_weights(WEIGHTS)
    levels = wavelengths(map)
    there = cells(inside, map.voxel_size, float(levels[-1]))
    ends = float(levels[0]) / STEP ** depth(log_odds(network, local_spectra(map, inside, there, levels)))
    found = resampled(torch.full(there.shape, float(levels[0])).masked_scatter(there, ends), map.shape)
    return LocalResolution(values=found.masked_fill(~inside, torch.nan), mask=inside, method="learned", levels=levels.flip(0))


@torch.inference_mode()
def log_odds(network: SpectralNetwork, excess: Tensor) -> Tensor:
    """How surely each place is resolved at each level, ``(n, levels)``, some thousands of places at a time."""
    return torch.cat([network(part) for part in excess.split(TOGETHER)])


def depth(odds: Tensor) -> Tensor:
    """How many levels down each place is resolved, 0 to ``levels`` − 1: to where its odds are first even, between levels in a line."""
    fails = odds < 0
    last = odds.shape[1] - 1
    first = torch.where(fails.any(1), fails.int().argmax(1), last)
    high, low = (odds.gather(1, each[:, None])[:, 0] for each in ((first - 1).clamp_min(0), first))
    between = torch.where(low < 0, high / (high - low).clamp_min(1e-9), 1.0)
    return torch.where(first > 0, first - 1 + between, 0.0)


def qualitative(found: LocalResolution) -> Tensor:
    """0 for high (finer than 4 Å), 1 for medium (to 7 Å), 2 for low; int8, −1 outside the mask."""
    grade = torch.bucketize(found.values.nan_to_num(0.0), torch.tensor([HIGH, MEDIUM])).to(torch.int8)
    return grade.masked_fill(~found.mask, -1)


def write_weights(path: Path, network: SpectralNetwork) -> None:
    """Keep a network's numbers, float32 arrays by name."""
    with replacing(path) as aside:
        np.savez_compressed(aside, **{name: value.numpy() for name, value in network.state_dict().items()})


def read_weights(path: Path) -> SpectralNetwork:
    """Read a network that :func:`write_weights` kept.

    Raises
    ------
    InputError
        If the network was not trained yet.
    FormatError
        If the file is not one of these.
    """
    require(path.is_file(), "weights of the network", path.name, "there", instead="python training/local_resolution.py, or another method")
    network = SpectralNetwork(torch_generator(0))
    try:
        with np.load(path, allow_pickle=False) as file:
            network.load_state_dict({name: torch.from_numpy(file[name]) for name in file.files})
    except (OSError, ValueError, RuntimeError) as cause:
        raise FormatError(path, f"weights must be an .npz of training/local_resolution.py; {cause}") from cause
    return network.requires_grad_(False).eval()
