"""Better than noise: particles must fit the map better than images of nothing with their own spectra do.

Noise aligned to a map also makes that map again (Henderson 2013, PNAS 110:18037). So each image is held against the map beside
its twin of random phases, by the same search: the twin says what fits by chance (Heymann 2015, AIMS Biophys. 2:21).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.check import Check
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.inference.pose_search import Grid, search
from vitreous.numerics.slices import half_ball, slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.reconstruct.fourier import last_shell_above, ssnr_from_fsc
from vitreous.stages.controls.placed import Placed
from vitreous.stages.controls.substitute import substituted

#: Degrees between views, pixels about a particle's place, and last shell of the search: coarse, and the same for image and twin.
STEP_DEG, REACH, LAST_SHELL = 15.0, 2.0, 12
#: Standard errors by which images must beat their twins.
SURE = 5.0
#: Share of images below which most of the set may as well be noise: their score is above what 5 % of twins reach.
LEAST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class AgainstNoise:
    """Images beside their twins of noise.

    Parameters
    ----------
    data, twins
        Log-evidence of the map over an image of noise alone, views marginalised, float64 ``(n,)``.
    data_fsc, twin_fsc
        Correlation of half-maps of both sets at the views found, by shell up to ``radius``.
    radius
        Last shell of the search.
    length
        Å: the box.
    """

    data: Tensor
    twins: Tensor
    data_fsc: Tensor
    twin_fsc: Tensor
    radius: int
    length: float

    @property
    def advantage(self) -> tuple[float, float]:
        """Probability that an image scores higher than a twin (0.5: noise), and by how many standard errors that is above ½.

        Mann & Whitney 1947, Ann. Math. Statist. 18:50: variance (2n + 1) / 12 n² without a difference.
        """
        n = len(self.data)
        ranks = torch.cat([self.data, self.twins]).argsort().argsort()[:n].double() + 1
        share = float((ranks.sum() - n * (n + 1) / 2) / n**2)
        return share, (share - 0.5) / math.sqrt((2 * n + 1) / (12 * n**2))

    @property
    def share(self) -> float:
        """Share of images above 95 % of the twins."""
        return float((self.data > self.twins.quantile(0.95)).double().mean())


def against_noise(task: Placed, generator: torch.Generator) -> AgainstNoise:
    """Search the views of images and of their twins against the other half's map.

    Parameters
    ----------
    task
        The particles, some hundreds; their poses make the maps, their shifts are where the search begins.
    generator
        Of the twins.
    """
    fsc, radius = _search_range(task)
    twins = task.showing(substituted(task.images, 1, generator))
    (data, moved), (noise, aligned) = (_searched(each, task, fsc, radius) for each in (task, twins))
    data_fsc, twin_fsc = (each.correlation(*each.half_maps())[: radius + 1] for each in (moved, aligned))
    return AgainstNoise(data, noise, data_fsc, twin_fsc, radius, task.length)


def aligned_noise(task: Placed, generator: torch.Generator) -> Placed:
    """The images' twins of noise, where they fit the particles' maps best, each half-set by the other's.

    What halves of these agree on was put there by the search: the noise curve of Heymann (2015).
    """
    fsc, radius = _search_range(task)
    return _searched(task.showing(substituted(task.images, 1, generator)), task, fsc, radius)[1]


def _search_range(task: Placed) -> tuple[Tensor, int]:
    """Correlation of the particles' half-maps, and the last shell of a search against them."""
    fsc = task.correlation(*task.half_maps())
    return fsc, min(LAST_SHELL, task.images.disc.radius, max(4, last_shell_above(fsc, GOLD_STANDARD)))


def _searched(shown: Placed, task: Placed, fsc: Tensor, radius: int) -> tuple[Tensor, Placed]:
    """Log-evidence of each image shown against the other half's map of ``task``, and the images at the views found."""
    grid, moves = orientations(STEP_DEG, task.symmetry), shift_disc(1.0, REACH)
    scores, rotation, shift = torch.zeros(len(shown), dtype=torch.float64), shown.rotation.clone(), shown.shift.clone()
    for number in (0, 1):
        own, other = task.rows(number), task.rows(1 - number)
        reference = task.solved(task.sums(other, radius), ssnr_from_fsc(fsc), radius) * task.mask
        planes = slices(half_ball(reference, radius, scale=task.images.pixel_size), grid, task.images.disc, task.images.disc.within(radius))
        found = search(shown.images.take(own), task.noise, Grid(planes, moves), centres=shown.shift[own])
        scores[own] = found.log_evidence
        rotation[own], shift[own] = grid[found.candidates[:, 0]], found.shifts[:, 0]
    return scores, shown.at(rotation, shift)


def judge_better_than_noise(found: AgainstNoise) -> Check:
    """Whether the particles say more than noise would."""
    share, deviation = found.advantage
    resolution = [found.length / last_shell_above(curve, GOLD_STANDARD) for curve in (found.data_fsc, found.twin_fsc)]
    figures = {
        "probability_above_noise": round(share, 4), "standard_errors": round(deviation, 2),
        "share_above_95_percent_of_noise": round(found.share, 4),
        "resolution_of_images_angstrom": round(resolution[0], 2), "resolution_of_noise_angstrom": round(resolution[1], 2),
        "image_count": len(found.data),
    }  # fmt: skip
    if deviation < SURE:
        return Check("better-than-noise", "fail", f"an image fits the map better than noise of its own spectrum in {share:.0%} of cases "
                     f"({deviation:.1f} standard errors above one half; {SURE:g} are needed): the map may be noise that was aligned. "
                     "Try: look at class averages, and begin with another map.", figures)  # fmt: skip
    if found.share < LEAST_SHARE:
        return Check("better-than-noise", "warn", f"{found.share:.0%} of the images fit the map better than 95 % of noise images do "
                     "(5 % would by chance): most may hold nothing. Try: sort them by class, and drop what does not fit.",
                     figures)  # fmt: skip
    return Check("better-than-noise", "pass", f"an image fits the map better than noise of its own spectrum in {share:.0%} of cases "
                 f"({deviation:.0f} standard errors above one half).", figures)  # fmt: skip
