r"""A small network that reads resolution off the local spectrum of a map, at three scales, all places at once.

DeepRes (Ramírez-Aportela et al. 2019, IUCrJ 6:1054) runs a network over the cube around each voxel. Here the same question is asked
by convolutions over the whole map, whose noise was made white and of unit variance beforehand, and what the first layer sees is squared
and put into logarithms: a B-factor or a filter on the whole map is gone before, and what is left to learn is how far local power stands
above that of noise, and up to which frequency.

The map comes at 1, 2 and 4 Å. Each scale has a fixed bank of windowed waves, even and odd, of eight frequencies and three directions
each, whose energies are added up over directions and averaged over cells of 4 Å. The logarithms of all energies go through three small
layers, which are what is learned, to the logarithm of the resolution.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from vitreous.numerics.rotations import random_rotations
from vitreous.runtime.chance import torch_generator

#: Å a voxel of the finest scale, and of a cell of the answer.
FINEST, CELL = 1.0, 4.0
#: Frequencies a scale (cycles a voxel), directions a frequency, and channels of the layers behind.
FREQUENCIES, DIRECTIONS, HIDDEN = torch.linspace(0.15, 0.5, 8).tolist(), 3, 24
#: Side of the filters at 1, 2 and 4 Å, voxels.
SIDES = (9, 9, 7)
#: Cells by which the answer is smaller than the map on each side: what the widest filter and the layer behind it see.
MARGIN = 4
#: Added to energies, of which noise has one (filters are of unit norm), so that their logarithms are tame.
FLOOR = 0.1


def energies(filtered: Tensor) -> Tensor:
    """Mean over directions of the squares of even and odd waves: ``(b, 2 × directions × p, …)`` to ``(b, p, …)``."""
    return filtered.unflatten(1, (2 * DIRECTIONS, -1)).square().mean(1)


class SpectralNetwork(nn.Module):
    """From a map at three scales to log resolution in cells of 4 Å.

    Parameters
    ----------
    generator
        Draws the initial weights.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        count = 2 * DIRECTIONS * len(FREQUENCIES)
        self.banks = nn.ModuleList(nn.Conv3d(1, count, side, stride=stride, bias=False) for side, stride in zip(SIDES, (2, 1, 1)))
        self.first = nn.Conv3d(len(SIDES) * len(FREQUENCIES), HIDDEN, 3)
        self.second = nn.Conv3d(HIDDEN, HIDDEN, 1)
        self.last = nn.Conv3d(HIDDEN, 1, 1)
        with torch.no_grad():
            for bank in self.banks:
                bank.weight.copy_(waves(bank.kernel_size[0])).requires_grad_(False)
            for layer in (self.first, self.second, self.last):
                nn.init.kaiming_normal_(layer.weight, generator=generator)
                nn.init.zeros_(layer.bias)
            self.last.weight.zero_()
            self.last.bias.fill_(math.log(6.0))

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        """Log of the resolution in Å of ``(b, c − 2 MARGIN, …)`` cells.

        Parameters
        ----------
        fine, middle, coarse
            ``(b, 4 c, …)``, ``(b, 2 c, …)`` and ``(b, c, …)`` voxels of 1, 2 and 4 Å, noise of unit variance in each.
        """
        bands = [_cells(energies(bank(_reach(values, scale)[:, None])), scale)
                 for scale, (bank, values) in enumerate(zip(self.banks, (fine, middle, coarse)))]  # fmt: skip
        hidden = (torch.cat(bands, 1) + FLOOR).log()
        hidden = nn.functional.leaky_relu(self.first(hidden), 0.1)
        hidden = nn.functional.leaky_relu(self.second(hidden), 0.1)
        return self.last(hidden)[:, 0]


def _reach(values: Tensor, scale: int) -> Tensor:
    """What the filters of a scale need of it to fill the cells that are left but one a side."""
    per_cell = (4, 2, 1)[scale]
    # A filter of side s reaches (s − 1) / 2 beyond the cells; stride 2 begins at the first voxel of a cell.
    beyond = (SIDES[scale] - 1) // 2
    cut = per_cell * (MARGIN - 1) - beyond
    return values[..., cut : values.shape[-3] - cut, cut : values.shape[-2] - cut, cut : values.shape[-1] - cut]


def _cells(energy: Tensor, scale: int) -> Tensor:
    """Mean over cells of 4 Å."""
    block = (2, 2, 1)[scale]
    return nn.functional.avg_pool3d(energy, block) if block > 1 else energy


def waves(side: int) -> Tensor:
    """Cosines and sines under a Gaussian window, each of unit norm: ``(2 × directions × frequencies, 1, side, side, side)``.

    The directions of a frequency are at right angles, and turned from one frequency to the next so that together they cover the sphere.
    """
    line = torch.arange(side) - side // 2
    place = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).float()
    turns = random_rotations(len(FREQUENCIES), torch_generator(0, "directions of waves")).float()
    vectors = turns.permute(1, 0, 2) * torch.tensor(FREQUENCIES)[:, None]
    angle = 2 * math.pi * torch.einsum("zyxd,apd->apzyx", place, vectors).flatten(0, 1)
    window = torch.exp(-place.square().sum(-1) / (2 * (side / 4) ** 2))
    bank = torch.cat([angle.cos(), angle.sin()]) * window
    return (bank / bank.flatten(1).norm(dim=1)[:, None, None, None])[:, None]
