r"""Local resolution by a network trained on simulated maps: one map with its solvent is enough.

The noise of the solvent is made white and of unit variance, which undoes any B-factor and any filter that the whole map went through:
the answer cannot depend on them. The map is resampled to 1, 2 and 4 Å and goes through the network of
:mod:`~vitreous.stages.local_resolution.spectral_network` in slabs; its cells of 4 Å are interpolated to the map's voxels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vitreous.data.local_resolution import LocalResolution
from vitreous.data.volume import Volume
from vitreous.errors import FormatError, require
from vitreous.numerics.fourier import irfftn
from vitreous.numerics.resample import fourier_resize, resize_spectrum
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.files import replacing
from vitreous.stages.local_resolution.spectral_network import CELL, MARGIN, SpectralNetwork
from vitreous.stages.local_resolution.whitening import checked, whitened

#: The weights, made by training/local_resolution.py; without them :func:`learned` refuses.
WEIGHTS = Path(__file__).parent / "learned_weights.npz"
#: Å, the range of the training.
LEVELS = (2.5, 13.0)
#: Å: the finest detail a map can hold must be well within that range.
COARSEST_NYQUIST = 10.0
#: Cells of 4 Å along z that go through the network together: the memory of 16 is 0.3 GB for a map of 256 Å.
SLAB = 16
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
        Å from 2.5, or twice the voxel size if that is more, to 13; 13 where there is nothing.

    Raises
    ------
    InputError
        If voxels are too coarse, the solvent holds no noise, or the map is no cube of finite numbers.
    """
    require(2 * map.voxel_size <= COARSEST_NYQUIST, "voxel size", f"{map.voxel_size:g} Å",
            f"at most {COARSEST_NYQUIST / 2:g} Å: nothing finer than twice a voxel can be seen, and 13 Å is the coarsest answer",
            instead="a map of smaller voxels, or the windowed correlation of half-maps")  # fmt: skip
    inside = checked(map, None, mask)
    finest = max(LEVELS[0], 2 * map.voxel_size)
    scales = in_units_of_noise(whitened(map, None, inside), map)
    cells = answer(read_weights(WEIGHTS), scales)
    values = nn.functional.interpolate(cells[None, None], size=map.shape, mode="trilinear", align_corners=False)[0, 0]
    values = values.exp().clamp(finest, LEVELS[1]).masked_fill(~inside, torch.nan)
    return LocalResolution(values=values, mask=inside, method="learned", levels=torch.tensor([finest, LEVELS[1]], dtype=torch.float64))


def in_units_of_noise(spectrum: Tensor, map: Volume) -> tuple[Tensor, ...]:  # noqa: A002
    """The whitened map on grids of about 1, 2 and 4 Å, noise of unit variance in each; sides 4 c, 2 c and c."""
    size = spectrum.shape[0]
    cells = max(round(size * map.voxel_size / CELL), 2 * MARGIN + 1)
    return tuple(_on_grid(spectrum, n) for n in (4 * cells, 2 * cells, cells))


def _on_grid(spectrum: Tensor, side: int) -> Tensor:
    """On ``side`` voxels; beyond Nyquist of a coarser map lies noise, as beyond the resolution of any map."""
    size, shape = spectrum.shape[0], (side,) * 3
    values = irfftn(resize_spectrum(spectrum, shape), shape) * (side / size) ** 1.5
    if side <= size:
        return values
    noise = torch.randn(shape, generator=torch_generator(0, "beyond Nyquist"))
    return values + noise - fourier_resize(fourier_resize(noise, (size,) * 3), shape)


@torch.inference_mode()
def answer(network: SpectralNetwork, scales: tuple[Tensor, ...]) -> Tensor:
    """Log resolution in every cell ``(c, c, c)``; beyond the map's border there is nothing."""
    cells = scales[2].shape[0]
    out = torch.empty((cells,) * 3)
    padded = [nn.functional.pad(values, (MARGIN * values.shape[0] // cells,) * 6) for values in scales]
    for first in range(0, cells, SLAB):
        last = min(first + SLAB, cells)
        parts = [values[first * f : (last + 2 * MARGIN) * f] for values, f in zip(padded, (4, 2, 1))]
        out[first:last] = network(*(part[None] for part in parts))[0]
    return out


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
