"""Fourier shell correlation of two half-maps, freed of what a mask adds to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.correlation_statistics import interval, variance, variance_random_signal
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_correlation, shell_count
from vitreous.reconstruct.random_phases import randomise_phases
from vitreous.stages.postprocess.check import check_halves, check_mask_values
from vitreous.stages.postprocess.samples import effective_samples, neighbour_correlation

#: Phases are randomised from the shell where the unmasked correlation first falls below this (Chen et al. 2013).
RANDOMISE_BELOW = 0.8
#: Shells after that one where the mask mixes true phases with random ones.
MARGIN = 2
#: Largest correlation of randomised phases that the correction divides by 1 minus of.
MOST_RANDOMISED = 0.98
#: Standard errors by which two half-maps must agree before the place of their signal is told from them.
CERTAIN = 10.0


@dataclass(frozen=True, eq=False)
class FscCurves:
    """Correlations by shell, float64 ``(n // 2 + 1,)`` each, on the CPU.

    Parameters
    ----------
    k
        Å⁻¹.
    unmasked, masked
        Of the half-maps as they are, and times the mask.
    phase_randomised
        Of the masked half-maps after their phases were randomised from ``randomised_from`` on; before, of the true ones.
    corrected
        (masked − phase_randomised) / (1 − phase_randomised) from two shells after ``randomised_from``, ``masked`` before.
    low, high
        95 % interval of the expectation of ``corrected``.
    samples
        Independent real degrees of freedom under the mask.
    unmasked_samples
        The same without a mask.
    randomised_from
        Shell; one more than there are if nothing was randomised.
    neighbours
        Correlation of the errors of neighbouring shells, 0 to 1/2: thin shells share what a mask mixes.
    """

    k: Tensor
    unmasked: Tensor
    masked: Tensor
    phase_randomised: Tensor
    corrected: Tensor
    low: Tensor
    high: Tensor
    samples: Tensor
    unmasked_samples: Tensor
    randomised_from: int
    neighbours: float = 0.0

    @property
    def spacing(self) -> float:
        """Å⁻¹ from shell to shell: 1 / box length."""
        return float(self.k[1])


def fsc_curves(
    first: Volume, second: Volume, mask: Tensor, generator: Generator, *, symmetry_order: int = 1, repeats: int = 3
) -> FscCurves:
    """Compare two half-maps.

    Parameters
    ----------
    first, second
        Unfiltered half-maps, cubes of one size and scale.
    mask
        In [0, 1], of their shape.
    generator
        Of the random phases; on the CPU.
    symmetry_order
        Rotations of the point group that was imposed on the maps: so many times fewer independent numbers.
    repeats
        How often phases are randomised; the correlations are averaged.

    Returns
    -------
    FscCurves
        All curves, their 95 % interval and the number of samples behind each shell.

    Raises
    ------
    InputError
        If the half-maps cannot be compared, or the mask is empty or outside [0, 1].

    Notes
    -----
    FSC (Harauz & van Heel 1986, Optik 73:146); correction by phase randomisation (Chen et al. 2013, Ultramicroscopy 135:24,
    eq. 4); the variance is that of :func:`~vitreous.numerics.correlation_statistics.variance`, plus that of the randomised curve.
    """
    check_halves(first, second)
    check_mask_values(mask)
    shape, size = first.shape, first.shape[0]
    halves, mask = (first.values.float(), second.values.float()), mask.to(first.values).float()
    unmasked = shell_correlation(*map(rfftn, halves), shape).cpu()
    masked = noise = shell_correlation(*(rfftn(half * mask) for half in halves), shape).cpu()
    start = randomisation_shell(unmasked)
    if start < len(masked):
        noise = torch.stack([_randomised(halves, mask, start, generator) for _ in range(repeats)]).mean(0)
    samples = effective_samples(mask, size, symmetry_order=symmetry_order).cpu()
    with_signal = effective_samples(mask, size, symmetry_order=symmetry_order, signal=agreed(*halves, mask)).cpu()
    # Phases are made random without symmetry: all numbers of the randomised curve are its own.
    of_noise = variance_random_signal(noise, samples * symmetry_order) / repeats
    corrected, spread = _corrected(masked, noise, start, variance(masked, samples, with_signal), of_noise)
    low, high = interval(corrected, spread, samples)
    return FscCurves(
        k=torch.arange(len(masked), dtype=torch.float64) / (size * first.voxel_size), unmasked=unmasked, masked=masked,
        phase_randomised=noise, corrected=corrected, low=low, high=high, samples=samples,
        unmasked_samples=shell_count(shape) / symmetry_order, randomised_from=start,
        neighbours=neighbour_correlation(mask, samples * symmetry_order),
    )  # fmt: skip


def randomisation_shell(unmasked: Tensor) -> int:
    """First shell, from 1, whose unmasked correlation is below 0.8; the number of shells if there is none."""
    below = torch.nonzero(unmasked[1:] < RANDOMISE_BELOW).flatten()
    return int(below[0]) + 1 if len(below) else len(unmasked)


def _randomised(halves: tuple[Tensor, Tensor], mask: Tensor, start: int, generator: Generator) -> Tensor:
    # Transforms are made again each time rather than kept: a large map's take twice the room of the map.
    masked = (rfftn(randomise_phases(half, start, generator) * mask) for half in halves)
    return shell_correlation(*masked, tuple(mask.shape)).cpu()


def agreed(first: Tensor, second: Tensor, mask: Tensor) -> Tensor | None:
    """Product of two masked half-maps: their squared signal and no noise, on average. None where it is lost in noise."""
    product = first * second * mask**2
    # Ten standard errors of white noise: noise of coarse detail, fewer numbers than voxels, rarely goes so far.
    certain = float(product.sum(dtype=torch.float64)) > CERTAIN * float(product.square().sum(dtype=torch.float64).sqrt())
    return product if certain else None


def _corrected(masked: Tensor, noise: Tensor, start: int, own: Tensor, of_noise: Tensor) -> tuple[Tensor, Tensor]:
    """The curve without the mask's share, and its variance from those of both, ``own`` and ``of_noise``."""
    late = torch.arange(len(masked)) >= start + MARGIN
    share = torch.where(late, noise.clamp_max(MOST_RANDOMISED), 0.0)
    corrected = (masked - share) / (1 - share)
    others = torch.where(late, (1 - corrected) ** 2 * of_noise, 0.0)
    return corrected, (own + others) / (1 - share) ** 2
