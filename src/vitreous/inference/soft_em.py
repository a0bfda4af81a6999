"""One expectation-maximisation pass of a volume against images: search, sums, half balls, noise."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_search import Grid, SearchResult, search
from vitreous.inference.residual import residual_factor
from vitreous.numerics.device_slices import insertion
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.symmetry import Symmetry


@dataclass(frozen=True, eq=False)
class Pass:
    """What one pass gives.

    Parameters
    ----------
    found
        Per-image results and the sums of the maximisation step.
    numerator, denominator
        Half balls, symmetrised, for :func:`vitreous.reconstruct.fourier.solve`.
    noise_factor
        By which the noise variances of the shells in the band should be multiplied.
    """

    found: SearchResult
    numerator: Tensor
    denominator: Tensor
    noise_factor: Tensor


def soft_pass(
    images: FourierImages, noise: NoiseSpectra, volume: Tensor, rotations: Tensor, shifts: Tensor, *,
    centres: Tensor, radius: int, symmetry: Symmetry, temperature: float = 1.0, budget: int = 400_000_000,
) -> Pass:  # fmt: skip
    """Marginalise every image over ``rotations`` × ``shifts`` against ``volume`` up to shell ``radius``.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``, n the side of the images' disc.
    rotations
        ``(r, 3, 3)`` covering the asymmetric unit.
    shifts, centres
        As for :func:`vitreous.inference.pose_search.search`, pixels.
    """
    count = images.disc.within(radius)
    planes = slices(half_ball(volume.to(images.device), radius, scale=images.pixel_size), rotations, images.disc, count)
    found = search(images, noise, Grid(planes, shifts), centres=centres, temperature=temperature, budget=budget)
    sums = insertion(images.disc.size, radius, images.device)
    sums.add(rotations, found.weighted_images, found.weighted_transfer, images.disc)
    numerator, denominator = sums.total(symmetry.matrices)
    return Pass(found, numerator, denominator, residual_factor(images, noise, planes, found))
