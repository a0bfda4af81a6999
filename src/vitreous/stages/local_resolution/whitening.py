"""A map in units of its noise: of unit variance a voxel at every frequency, whatever filter the map went through."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.numerics.filters import apply, raised_cosine
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn
from vitreous.numerics.shells import shell_average, spread

#: Å around the mask that do not count as solvent (blurred density reaches beyond it), and the share of the box that must be left.
HALO, LEAST_SOLVENT = 5.0, 0.05
#: Power of noise relative to the map's strongest shell that is no more than rounding; and how often the spectrum is measured.
NO_NOISE, ROUNDS = 1e-10, 3


def checked(first: Volume, second: Volume | None, mask: Tensor) -> Tensor:
    """The mask as bool, once everything about the input has been found right."""
    require(len(set(first.shape)) == 1, "the map", first.shape, "a cube")
    require(mask.shape == first.shape, "mask", tuple(mask.shape), f"of the map's shape, {first.shape}")
    for name, each in (("first", first), ("second", second)):
        if each is not None:
            require(each.shape == first.shape, name, each.shape, f"of the shape of the other, {first.shape}")
            require(math.isclose(each.voxel_size, first.voxel_size, rel_tol=1e-4), f"voxel size of {name}", each.voxel_size,
                    f"that of the other, {first.voxel_size:g} Å")  # fmt: skip
            require(bool(each.values.isfinite().all()), name, "NaN or infinities", "finite everywhere")
    inside = mask > 0.5
    require(bool(inside.any()), "mask", "nothing above 0.5", "1 on the particle")
    return inside


def whitened(first: Volume, second: Volume | None, inside: Tensor) -> Tensor:
    """Half transform of the mean map with its noise of unit variance a voxel at every frequency.

    The noise is that of the halves' difference under the mask, or of the solvent without a second map. A window mixes frequencies, so
    that strong ones show among weak ones where a spectrum is steep; further rounds, on what the one before made nearly level, mend that.
    """
    if second is None:
        weight = solvent(inside, first.voxel_size)
        require(float(weight.mean()) > LEAST_SOLVENT, "mask", f"{float(inside.float().mean()):.0%} of the box",
                "so small that solvent is left to measure noise in", instead="half-maps, or a larger box")  # fmt: skip
        total, noise = first.values, None
    else:
        weight = inside.float()
        total, noise = 0.5 * (first.values + second.values), 0.5 * (first.values - second.values)
    spectrum, other = rfftn(total), None if noise is None else rfftn(noise)
    del total, noise
    least = NO_NOISE * float(shell_average(spectrum.abs().square(), first.shape).max()) / inside.numel()
    for _ in range(ROUNDS):
        power = noise_power(spectrum if other is None else other, weight)
        require(float(power[1:].max()) > least, "noise", "none in the solvent" if second is None else "none: the halves are the same map",
                "there, to test against", instead="half-maps as reconstructed, not masked")  # fmt: skip
        gain = spread(power.clamp_min(least).rsqrt(), first.shape).to(spectrum.real.dtype)
        spectrum *= gain
        if other is not None:
            other *= gain
        least = 0.0
    return spectrum


def noise_power(spectrum: Tensor, weight: Tensor) -> Tensor:
    """Variance a voxel by shell, float64, of the map under ``weight``; the logarithm is averaged over three shells."""
    shape = tuple(weight.shape)
    power = shell_average(rfftn(irfftn(spectrum, shape) * weight).abs().square(), shape) / weight.double().square().sum()
    padded = torch.nn.functional.pad(power.clamp_min(1e-300).log()[None, None], (1, 1), mode="replicate")
    return torch.nn.functional.avg_pool1d(padded, 3, 1)[0, 0].exp()


def solvent(inside: Tensor, voxel_size: float) -> Tensor:
    """1 further than about ``HALO`` Å from the mask, falling softly to 0."""
    k2 = frequency_squared(inside.shape, voxel_size)
    near = apply(inside.float(), torch.exp(-2 * (math.pi * HALO / 2) ** 2 * k2), axes=3)
    # A plane wall blurred by σ is 0.023 high at 2 σ.
    return raised_cosine(near, 0.023, 0.04)
