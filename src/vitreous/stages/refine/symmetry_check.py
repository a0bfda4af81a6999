r"""Whether the symmetry that was imposed is there: images are let choose among the copies that it makes equal.

If a particle has the group G, its poses R and R g are one and the same for every g in G, and nothing is gained by telling them apart.
If it has not, a map without symmetry explains the images better, once each image has found its own g. So within each half-set the
choices are found by expectation-maximisation from random ones, poses kept,

    p(g | i) ∝ exp L_i(V, R_i g),    V from all images, weighted p(g | i), at R_i g,

and both maps, this one and the symmetric one, are judged by the images of the other half-set, which neither has seen:

    gain_i = log (1 / |G|) Σ_g exp L_i(V, R_i g) − L_i(V_sym, R_i),    L = Σ (Re X* c S − ½ |c S|²) / σ².

Without the symmetry's averaging V has |G| times the noise: the gain is negative where the symmetry is true, and no threshold has to
be tuned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import solve, ssnr_from_fsc

#: Passes of the choice; in the first ones likelihoods are softened, or the first random map would be kept.
PASSES, SOFT_PASSES, SOFTENING = 8, 3, 2.0
#: Standard errors by which the mean gain must exceed zero.
SURE = 3.0

TOO_HIGH = (
    "the symmetry {name} does not seem to be the particle's: images that a map did not see are explained better without it "
    "(gain {gain:.2f} ± {error:.2f} in ln of the likelihood an image). Try: --symmetry C1, and vitreous symmetry on the map that comes out."
)


@dataclass(frozen=True, eq=False)
class Posed:
    """Images with what a refinement found of them.

    Parameters
    ----------
    images, noise
        Masked to the particle.
    rotation, shift
        ``(n, 3, 3)`` and ``(n, 2)`` pixels.
    half
        0 or 1 for each.
    fsc
        Of the half-maps.
    mask
        Of maps, ``(size, size, size)``.
    radius
        Last shell used.
    """

    images: FourierImages
    noise: NoiseSpectra
    rotation: Tensor
    shift: Tensor
    half: Tensor
    fsc: Tensor
    mask: Tensor
    radius: int

    def of(self, half: int) -> Posed:
        """One half-set."""
        rows = torch.nonzero(self.half == half).flatten()
        return Posed(self.images.take(rows), self.noise, self.rotation[rows], self.shift[rows], self.half[rows], self.fsc, self.mask,
                     self.radius)  # fmt: skip


def symmetry_gain(posed: Posed, group: Symmetry, generator: torch.Generator) -> Tensor:
    """Held-out gain of each image by giving up the group, in ln of its likelihood, float64 ``(n,)``: half-set 0 first, then 1.

    Parameters
    ----------
    posed
        Both half-sets, refined with ``group``.
    group
        Not C1.
    generator
        Of the first random choice.
    """
    own = [posed.of(half) for half in (0, 1)]
    even = [_map(each, group, None) for each in own]
    free = [_map(each, group, _choices(each, group, generator)) for each in own]
    gains = []
    for half in (0, 1):
        told = _likelihoods(own[half], free[1 - half], group.matrices).logsumexp(1) - math.log(group.order)
        gains.append(told - _likelihoods(own[half], even[1 - half], group.matrices[:1])[:, 0])
    return torch.cat(gains)


def doubt(gain: Tensor, group: Symmetry) -> str | None:
    """Say so where the gain is above zero beyond chance; None where it is not."""
    mean, error = float(gain.mean()), float(gain.std()) / len(gain) ** 0.5
    return TOO_HIGH.format(name=group.name, gain=mean, error=error) if mean > SURE * error else None


def _choices(posed: Posed, group: Symmetry, generator: torch.Generator) -> Tensor:
    """p(g | i), ``(n, order)``."""
    chosen = torch.rand(len(posed.images), group.order, generator=generator, dtype=torch.float64) ** 3
    chosen = chosen / chosen.sum(1, keepdim=True)
    for number in range(PASSES):
        told = _likelihoods(posed, _map(posed, group, chosen), group.matrices)
        chosen = (told / (SOFTENING if number < SOFT_PASSES else 1.0)).softmax(1)
    return chosen


def _map(posed: Posed, group: Symmetry, chosen: Tensor | None) -> Tensor:
    """Map of a half-set: symmetric, or with each image at its poses R g weighted by ``chosen``; filtered by the halves' agreement."""
    if chosen is None:
        sums = insert_images(posed.images, posed.noise, posed.rotation, posed.shift, radius=posed.radius).total(group.matrices)
    else:
        parts = [
            insert_images(posed.images, posed.noise, posed.rotation @ element, posed.shift, radius=posed.radius, weight=weight).total()
            for element, weight in zip(group.matrices, chosen.float().T)
        ]
        sums = sum(part[0] for part in parts), sum(part[1] for part in parts)
    images = posed.images
    found = solve(*sums, images.disc.size, ssnr=ssnr_from_fsc(posed.fsc), radius=posed.radius, voxel_size=images.pixel_size)
    return found * posed.mask


def _likelihoods(posed: Posed, volume: Tensor, elements: Tensor) -> Tensor:
    """L of each image at R g for each element g, against an image of noise alone, float64 ``(n, g)``."""
    images, count = posed.images, posed.images.disc.within(posed.radius)
    ball = half_ball(volume, posed.radius, scale=images.pixel_size)
    out = torch.zeros(len(images), len(elements), dtype=torch.float64)
    for rows in torch.arange(len(images)).split(512):
        seen = images.transfer[rows, :count] * images.disc.shift_phases(posed.shift[rows])[:, :count]
        weight = posed.noise.weight(images.disc, images.group[rows], count)
        for column, element in enumerate(elements):
            model = seen * slices(ball, posed.rotation[rows] @ element, images.disc, count)
            cross = (images.values[rows, :count] * model.conj()).real - 0.5 * model.abs() ** 2
            out[rows, column] = (cross * weight).double().sum(1)
    return out
