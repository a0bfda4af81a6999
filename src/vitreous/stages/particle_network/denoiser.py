r"""A small network from a noisy image to what is under the noise: a filter, and a correction of it that is not linear.

The filter is what can be learned of a few hundred images (at first it changes nothing); the correction, a U-Net of three scales that
at first adds nothing, needs thousands. There are no offsets (Mohan et al. 2020, ICLR): nothing is made of nothing, and twice the image
makes twice the answer.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

#: Channels at full, half and quarter size; side of the filter, pixels.
WIDTHS, FILTER = (8, 16, 32), 13


class Denoiser(nn.Module):
    """Filter and U-Net (Ronneberger et al. 2015, MICCAI), about 20 000 numbers.

    Parameters
    ----------
    generator
        Draws the initial weights.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        one, two, three = WIDTHS
        self.enter, self.down = _conv(1, one), nn.ModuleList([_conv(one, two), _conv(two, three)])
        self.middle = _conv(three, three)
        self.up = nn.ModuleList([_conv(three + two, two), _conv(two + one, one)])
        self.leave = nn.Conv2d(one, 1, 3, padding=1, bias=False)
        self.filter = nn.Conv2d(1, 1, FILTER, padding=FILTER // 2, bias=False)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.1, generator=generator)
        nn.init.zeros_(self.leave.weight)
        nn.init.dirac_(self.filter.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(n, s, s)``, s a multiple of four, to images."""
        full = self.enter(images[:, None])
        half = self.down[0](_smaller(full))
        quarter = self.middle(self.down[1](_smaller(half)))
        half = self.up[0](torch.cat([_larger(quarter), half], 1))
        full = self.up[1](torch.cat([_larger(half), full], 1))
        return (self.filter(images[:, None]) + self.leave(full))[:, 0]


def _conv(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.LeakyReLU(0.1))


def _smaller(images: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(images, 2)


def _larger(images: Tensor) -> Tensor:
    return nn.functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
