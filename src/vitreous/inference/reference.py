r"""What the images are compared with: slices of one half-set's map, weighted by how far the halves agree.

A half-map holds the noise of the very images it was made of, inserted with the optics that are in question, and so votes for them:
compared with their own half, 600 images of 64 pixels with a tilt of 1 mrad show 0.47 mrad. The other half's noise is independent
of the image's, and the estimate is unbiased. Where what passes between the halves in exchange is a handful of numbers a group or
micrograph, or one number a particle, the other half is the better reference; where it is many numbers a particle, which could
carry noise over, the own half is the only one that keeps the halves apart. The noise of the map itself is met by Wiener's
weight, E[S₀ | S] = FSC · S.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.half_maps import compare
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import spread
from vitreous.numerics.slices import HalfBall, half_ball


@dataclass(frozen=True, eq=False)
class Reference:
    """Two half-maps ready to be sliced.

    Parameters
    ----------
    volumes
        float32 ``(2, n, n, n)``, masked and weighted by their correlation.
    radius
        Last shell at which the halves agree.
    pixel_size
        Å.
    """

    volumes: Tensor
    radius: int
    pixel_size: float

    @property
    def resolution(self) -> float:
        """Å of the last shell."""
        return self.volumes.shape[-1] * self.pixel_size / self.radius

    def opposite(self, half: int) -> Tensor:
        """The map of the other half than that (0 or 1) of an image."""
        return self.volumes[1 - half]

    def balls(self, *, own: bool = False) -> tuple[HalfBall, HalfBall]:
        """What images of half 0 and of half 1 are compared with, within the last shell: the other's map, or their own."""
        maps = self.volumes if own else (self.opposite(0), self.opposite(1))
        first, second = (half_ball(each, self.radius, scale=self.pixel_size) for each in maps)
        return first, second

    def scaled(self, factor: Tensor) -> Reference:
        """Shells 0 … radius times ``factor`` ``(radius + 1,)``."""
        shape = tuple(self.volumes.shape[-3:])
        factor = torch.cat([factor, factor.new_zeros(shape[0] // 2 + 1 - len(factor))])
        return replace(self, volumes=irfftn(rfftn(self.volumes) * spread(factor, shape).float(), shape))


def make_reference(first: Tensor, second: Tensor, mask: Tensor, pixel_size: float) -> Reference:
    """Prepare half-maps ``(n, n, n)`` as reconstructed, neither filtered nor masked."""
    fsc, radius = compare(first, second, mask)
    radius = min(radius, len(first) // 2 - 2)
    reference = Reference(torch.stack([first, second]) * mask, radius, pixel_size)
    return reference.scaled(fsc[: radius + 1].clamp(0.0, 1.0))
