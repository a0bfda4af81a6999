r"""Whether the halves agree on noise: poses that know nothing of fine detail must find the same detail.

Poses refined against a map that both half-sets share follow its noise, and both halves then agree on that noise. Poses found from
shells up to k₀ alone cannot: beyond k₀ the noise of the images is independent of them. Half-maps g at the poses given and f at free ones
correlate to FSC_g = ρ² + bias and FSC_f = ρ² a(k), a what the free poses' own uncertainty leaves. FSC_f / a is what is borne out; the
rest of FSC_g is bias. Poses are freed against the other half's map: against their own they would remember where their noise was put.

(The mixed pairs g₁ with f₂ look like a way around a, but are none: where the halves shared a map, g₁ was fitted to the images of f₂.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.data.check import Check
from vitreous.inference.half_maps import GOLD_STANDARD, RANDOM_BELOW
from vitreous.inference.pose_refine import refine_poses
from vitreous.numerics.rotations import exponential
from vitreous.numerics.shells import redundancy, shell_count
from vitreous.numerics.slices import half_ball
from vitreous.reconstruct.fourier import last_shell_above, ssnr_from_fsc
from vitreous.stages.controls.placed import Placed

#: Poses are moved by so much before they are freed, degrees about each axis and pixels: a start that is not the answer.
NUDGE_DEG, NUDGE_PIXELS = 2.0, 0.5
#: First free shell: at least this, and at most this share of where the halves' agreement ends.
LEAST_START, LARGEST_SHARE = 4, 2 / 3
#: The mask's radius over the particle's.
MARGIN = 1.1
#: Shells are judged while free poses leave so much of ρ²: beyond, what they leave is not well enough known.
LEAST_KEPT = 0.25
#: Shells over which the mask carries what is known of the last shell used.
LEAK = 2
#: Correlation without ground from which overfitting is a failure: Chen et al. (2013) call what stays below a tenth harmless.
HARMFUL = 0.1
#: Standard errors.
SURE = 3.0


@dataclass(frozen=True, eq=False)
class Freed:
    """Correlations of half-maps by shell, ``(s,)``: at the poses given, and at free ones.

    Parameters
    ----------
    given, free
        FSC_g and FSC_f.
    start, end
        Last shell that free poses know, and last shell at which the given halves agree.
    samples
        Independent numbers in each shell.
    kept
        a: share of ρ² that the free poses' own uncertainty leaves in each shell.
    length
        Å: the box.
    """

    given: Tensor
    free: Tensor
    start: int
    end: int
    samples: Tensor
    kept: Tensor
    length: float

    def bands(self) -> list[slice]:
        """Shells that are judged, all and the finer half; none where agreement, or what free poses can show, ends too near the start."""
        first, stop = self.start + LEAK + 1, min(self.end, last_shell_above(self.kept, LEAST_KEPT)) + 1
        return [slice(first, stop), slice((first + stop) // 2, stop)] if stop - first >= 2 else []

    def pooled(self, band: slice) -> Pooled:
        """Means over a band, by samples."""
        weight = self.samples[band] / self.samples[band].sum()
        given, free, promised = (float((curve[band] * weight).sum()) for curve in (self.given, self.free, self.given * self.kept))
        return Pooled(given, free, promised, float(1 / self.samples[band].sum().sqrt()))


@dataclass(frozen=True)
class Pooled:
    """Mean correlations over some shells, what ``free`` should be were ``given`` all earned, and the standard error of one near zero."""

    given: float
    free: float
    promised: float
    error: float

    @property
    def is_telling(self) -> bool:
        """Whether free poses could deny the claim."""
        return self.promised > 2 * SURE * self.error

    @property
    def borne_out(self) -> tuple[float, float]:
        """Correlation of the given halves that free poses bear out, and its standard error."""
        factor = self.given / self.promised
        return self.free * factor, self.error * factor

    @property
    def excess(self) -> float:
        """Correlation that is surely not borne out; 0 where that cannot be told."""
        value, error = self.borne_out
        return self.given - value if self.is_telling and self.given - value > SURE * error else 0.0


def free_poses(task: Placed, start: int, fsc: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Poses found anew from shells up to ``start``, each half's images against the other half's map, weighted by ``fsc``.

    Returns
    -------
    tuple
        Rotations, shifts in pixels, and the variance ``(5,)`` of three turns (radians) and two moves (pixels), the images' median.
    """
    rotation, shift, variance = task.rotation.clone(), task.shift.clone(), []
    for number in (0, 1):
        own, other = task.rows(number), task.rows(1 - number)
        reference = task.solved(task.sums(other, start), ssnr_from_fsc(fsc), start) * task.mask
        ball = half_ball(reference, start, scale=task.images.pixel_size)
        turn = torch.randn(len(own), 3, generator=generator, dtype=torch.float64) * math.radians(NUDGE_DEG)
        move = torch.randn(len(own), 2, generator=generator, dtype=torch.float64) * NUDGE_PIXELS
        found = refine_poses(task.images.take(own), task.noise, ball, exponential(turn) @ rotation[own], shift[own] + move, radius=start,
                             steps=15)  # fmt: skip
        rotation[own], shift[own] = found.rotation, found.shift
        variance.append(found.covariance.diagonal(dim1=1, dim2=2))
    return rotation, shift, torch.cat(variance).median(0).values


def attenuation(variance: Tensor, task: Placed) -> Tensor:
    """Share of ρ² left in each shell by poses of such ``variance`` ``(5,)``: e^{−(2π k)² σ²}, σ² what a point of the particle moves by.

    A turn about one axis moves points at right angles to it: of a ball of radius a their mean square distance is a² / 5 an axis, and
    two of the three turns move a point along any direction.
    """
    size = task.images.disc.size
    radius_squared = (3 / MARGIN**3 * float(task.mask.double().sum()) / (4 * math.pi)) ** (2 / 3)
    moved = float(variance[3:].mean() + 2 * variance[:3].mean() * radius_squared / 5)
    return torch.exp(-((2 * math.pi * torch.arange(size // 2 + 1, dtype=torch.float64) / size) ** 2) * moved)


def last_agreement(fsc: Tensor) -> int:
    """Last of two neighbouring shells above the gold standard, past any dip: agreement that begins again is not to be overlooked."""
    above = fsc >= GOLD_STANDARD
    both = torch.nonzero(above[1:] & above[:-1]).flatten()
    return int(both[-1]) + 1 if len(both) else 1


def freed_agreement(task: Placed, generator: torch.Generator, *, beyond: float | None = None) -> Freed:
    """Compare half-maps at the poses given with those at poses free of detail beyond ``beyond`` Å.

    Parameters
    ----------
    task
        The particles; a thousand are enough.
    generator
        Of the nudges.
    beyond
        Å; without it where the halves correlate to 0.8, and at most two thirds of the way to where they no longer agree.
    """
    given = task.half_maps()
    agreed = task.correlation(*given)
    end = last_agreement(agreed)
    start = max(LEAST_START, min(last_shell_above(agreed, RANDOM_BELOW), int(LARGEST_SHARE * end)))
    start = min(start if beyond is None else task.images.shell(beyond), task.images.disc.radius)
    *poses, variance = free_poses(task, start, agreed, generator)
    free = task.correlation(*task.at(*poses).half_maps())
    samples = (shell_count(tuple(task.mask.shape)) * redundancy(task.mask) / task.symmetry.order).clamp_min(1.0)
    return Freed(agreed, free, start, end, samples, attenuation(variance, task), task.length)


def judge_overfitting(found: Freed) -> Check:
    """Whether the halves agree on more than their images hold."""
    begin, resolution = found.length / found.start, found.length / max(1, found.end)
    figures = {"free_beyond_angstrom": round(begin, 2), "resolution_of_the_sample_angstrom": round(resolution, 2)}
    pools = [found.pooled(band) for band in found.bands()]
    unsure = Check("overfitting", "not done", f"poses found from detail coarser than {begin:.1f} Å alone are too unsure to bear out or to "
                   "deny what the halves agree on beyond. Try: more particles, or vitreous substitute-noise.", figures)  # fmt: skip
    if not pools and found.end - found.start > LEAK + 1:
        return unsure
    if not pools:
        return Check("overfitting", "not done", f"the halves of this sample agree to {resolution:.1f} Å, too near the {begin:.1f} Å that "
                     "free poses need. Try: more particles.", figures)  # fmt: skip
    worst = max(pools, key=lambda pool: pool.excess)
    telling = [pool for pool in pools if pool.is_telling]
    told = worst if worst.excess else (telling or pools)[0]
    figures |= {"correlation_given": round(told.given, 4), "correlation_free": round(told.free, 4), "standard_error": round(told.error, 4),
                "correlation_not_borne_out": round(worst.excess, 4)}  # fmt: skip
    if worst.excess > HARMFUL:
        return Check("overfitting", "fail", f"beyond {begin:.1f} Å the halves correlate to {told.given:.2f}, and {worst.excess:.2f} "
                     f"of it is not borne out by poses that know nothing of such detail ({HARMFUL:g} is harmful): noise was fitted. "
                     f"Try: refine again from a map of {begin:.0f} Å with the half-sets apart, and look for particles that are in both.",
                     figures)  # fmt: skip
    if not telling:
        return replace(unsure, figures=figures)
    earned, error = told.borne_out
    return Check("overfitting", "pass", f"beyond {begin:.1f} Å the halves correlate to {told.given:.2f}, and poses that know nothing "
                 f"of such detail bear out {min(earned, 1.0):.2f} ± {error:.2f}.",
                 figures | {"correlation_borne_out": round(earned, 4)})  # fmt: skip
