r"""What a consensus map leaves unexplained, in the form that every model of differences needs.

With X_i = c_i P_i (V + D) + N_i, known poses and R_i = X_i − c_i P_i V, the log-likelihood of a difference D against none is

    L_i(D) = Re⟨c_i R_i / σ², P_i D⟩ − ½ ⟨c_i² / σ², |P_i D|²⟩

so two tables, c R / σ² and c² / σ², are all that is kept of images, poses' shifts, noise and consensus. V with D = 0 has log-likelihood 0:
evidence is measured from "all particles are alike". A mask on D makes it the likelihood with the rest of the model fixed, which is
classification after subtraction of that rest (Bai et al. 2015, eLife 4:e11182).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.numerics.disc import Disc
from vitreous.numerics.slices import HalfBall, Insertion, half_ball, slices
from vitreous.numerics.symmetry import Symmetry

BLOCK = 512


@dataclass(frozen=True, eq=False)
class Residuals:
    """Weighted residuals of images at known poses.

    Parameters
    ----------
    disc, pixel_size
        Where the coefficients lie, and Å a pixel.
    weighted
        c R / σ², centred: complex64 ``(n, k)``, k a prefix of the disc.
    weight
        c² / σ², float32 ``(n, k)``.
    rotation
        ``(n, 3, 3)``.
    symmetry
        Matrices of the group that all maps have, ``(g, 3, 3)``.
    """

    disc: Disc
    pixel_size: float
    weighted: Tensor
    weight: Tensor
    rotation: Tensor
    symmetry: Tensor

    def __len__(self) -> int:
        return len(self.weighted)

    @property
    def radius(self) -> int:
        """Last shell."""
        return int(self.disc.shell[self.weighted.shape[1] - 1])

    def take(self, rows: Tensor) -> Residuals:
        """Those of ``rows``."""
        return replace(self, weighted=self.weighted[rows], weight=self.weight[rows], rotation=self.rotation[rows])

    def within(self, radius: int) -> Residuals:
        """The same up to shell ``radius``."""
        count = self.disc.within(min(radius, self.radius))
        return replace(self, weighted=self.weighted[:, :count].contiguous(), weight=self.weight[:, :count].contiguous())

    def ball(self, volume: Tensor) -> HalfBall:
        """A difference map ready to be sliced."""
        return half_ball(volume, self.radius, scale=self.pixel_size)

    def insert(self, by: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
        """Half balls Σ by_i c R / σ² and Σ counted_i c² / σ²; images that count for less than a thousandth are left out."""
        sums = Insertion(self.disc.size, self.radius)
        some = torch.nonzero((by.abs() > 1e-3) | (counted.abs() > 1e-3)).flatten()
        for rows in some.split(BLOCK):
            sums.add(self.rotation[rows], self.weighted[rows] * by[rows, None].float(), self.weight[rows] * counted[rows, None].float(),
                     self.disc)  # fmt: skip
        return sums.total(self.symmetry)


def residuals(
    images: FourierImages, noise: NoiseSpectra, rotation: Tensor, shift: Tensor, consensus: Tensor, radius: int, symmetry: Symmetry
) -> Residuals:
    """Subtract a consensus map from images.

    Parameters
    ----------
    rotation, shift
        Poses ``(n, 3, 3)`` and ``(n, 2)`` pixels.
    consensus
        float32 map ``(s, s, s)``.
    radius
        Last shell kept.
    symmetry
        That all maps have.
    """
    disc = images.disc
    count = disc.within(radius)
    ball = half_ball(consensus, radius, scale=images.pixel_size)
    weighted = torch.empty(len(images), count, dtype=torch.complex64)
    weight = torch.empty(len(images), count)
    for rows in torch.arange(len(images)).split(BLOCK):
        c = images.transfer[rows, :count]
        inverse = noise.weight(disc, images.group[rows], count)
        moved = images.values[rows, :count] * disc.shift_phases(-shift[rows])[:, :count]
        weighted[rows] = (moved - c * slices(ball, rotation[rows], disc, count)) * (c * inverse)
        weight[rows] = c * c * inverse
    return Residuals(disc, images.pixel_size, weighted, weight, rotation, symmetry.matrices)


def gains(found: Residuals, differences: Tensor) -> Tensor:
    """L_i(D_k) of every image and difference map ``(K, s, s, s)``: float64 ``(n, K)``; memory does not grow with n × K × pixels."""
    balls = [found.ball(each) for each in differences]
    count = found.weighted.shape[1]
    out = torch.empty(len(found), len(balls), dtype=torch.float64)
    for rows in torch.arange(len(found)).split(BLOCK):
        flat, weight = torch.view_as_real(found.weighted[rows]).flatten(1), found.weight[rows]
        for k, ball in enumerate(balls):
            planes = torch.view_as_real(slices(ball, found.rotation[rows], found.disc, count))
            out[rows, k] = ((flat * planes.flatten(1)).sum(1) - 0.5 * (weight * planes.square().sum(2)).sum(1)).double()
    return out
