"""The state of running 2-D averages and the step that a batch of images takes it on: stochastic expectation-maximisation.

The sums S of the maximisation step forget, S ← φ S + s, so that what early bad averages did to them fades (Cappé & Moulines
2009, J. R. Stat. Soc. B 71:593, eq. 12, with sums of images in place of means). After m images the sums hold those of
about U (m / U + 2)^a images: the step is n / held for a batch of n, which for batches of U is (t + 2)^-a, and a between 1/2 and 1
gives both forgetting and convergence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.stages.classify2d.averages import solve_averages
from vitreous.stages.classify2d.em import SEEDS, Classes, Classify2DSettings, even_prior
from vitreous.stages.classify2d.expectation import Explained, explain, image_mask

#: Images in the unit of memory U, and the power a with which memory grows.
UNIT, POWER = 100.0, 0.8
#: Images whose class evidences are remembered, to balance the prior.
RECENT = 500
#: A class with less than this share of an even part is dead.
DEAD = 0.1
#: How much more power than was found an average may have: above 1 lets detail grow.
TRUST = 2.0


@dataclass(frozen=True, eq=False)
class Online:
    """Everything that is known after some batches; its size does not depend on how many.

    Parameters
    ----------
    seen
        Images so far.
    held
        Images that the sums stand for.
    numerator, denominator
        Fading sums, half planes ``(c, 2m + 1, m + 1)``.
    occupancy
        Fading sums of the posteriors, ``(c,)``.
    averages, ssnr
        float32 ``(c, n, n)``, protein bright, and signal-to-noise ratio per shell ``(c, shells)``.
    prior
        log-prior of the classes ``(c,)``.
    recent
        log-evidences of the classes for the last images ``(≤ RECENT, c)``, each row up to a constant.
    noise
        Variances ``(1, shells)``.
    """

    seen: int
    held: float
    numerator: Tensor
    denominator: Tensor
    occupancy: Tensor
    averages: Tensor
    ssnr: Tensor
    prior: Tensor
    recent: Tensor
    noise: Tensor


def begin(found: Classes) -> Online:
    """From a classification of the first images, with empty sums: the same images are given to :func:`advance` next."""
    c = len(found.averages)
    nothing = torch.zeros(1)
    return Online(0, 0.0, nothing, nothing, torch.zeros(c, dtype=torch.float64), found.averages, found.ssnr, found.prior,
                  torch.zeros(0, c), found.noise.mean(0, keepdim=True))  # fmt: skip


def memory_of(seen: int) -> float:
    """Images that the sums stand for after ``seen``, if they came in small batches."""
    return UNIT * (seen / UNIT + 2) ** POWER


def advance(state: Online, images: FourierImages, settings: Classify2DSettings) -> tuple[Online, Explained]:
    """Explain a batch by the averages, then add it to them.

    Parameters
    ----------
    images
        The batch, of one noise group.
    """
    told = _explained(images, state.averages, state.prior, state, settings)
    n, responsibility = len(images), told.found.responsibility
    held = min(state.held + n, max(n, memory_of(state.seen + n)))
    keep = (held - n) / state.held if state.held else 0.0
    recent = torch.cat([state.recent, responsibility.clamp_min(1e-12).log() - state.prior])[-RECENT:]
    noise = NoiseSpectra(state.noise).scaled(told.noise_factor ** (n / held))
    moved = replace(
        state, seen=state.seen + n, held=held, numerator=keep * state.numerator + told.numerator,
        denominator=keep * state.denominator + told.denominator, occupancy=keep * state.occupancy + responsibility.double().sum(0),
        prior=even_prior(torch.softmax(recent + state.prior, 1), state.prior, settings.evenness), recent=recent, noise=noise.variance,
    )  # fmt: skip
    return _solved(_revived(moved, images, told, settings), images, settings), told


def _explained(images: FourierImages, averages: Tensor, prior: Tensor, state: Online, settings: Classify2DSettings) -> Explained:
    return explain(
        images, averages, prior, NoiseSpectra(state.noise), radius=images.disc.radius, reach=0.1 * settings.diameter / images.pixel_size,
        centres=torch.zeros(len(images), 2, dtype=torch.float64), step_deg=settings.step_deg, memory=settings.memory,
    )  # fmt: skip


def _solved(state: Online, images: FourierImages, settings: Classify2DSettings) -> Online:
    averages, ssnr = solve_averages(
        state.numerator, state.denominator, image_mask(images, settings.diameter), images.disc.radius, trust=TRUST
    )
    return replace(state, averages=averages, ssnr=ssnr)


def _revived(state: Online, images: FourierImages, told: Explained, settings: Classify2DSettings) -> Online:
    """A dead class takes over the worse explained half of the images that the largest class got from this batch."""
    dead, largest = int(state.occupancy.argmin()), int(state.occupancy.argmax())
    if state.occupancy[dead] >= DEAD * state.held / len(state.occupancy):
        return state
    own = torch.nonzero(told.assignment == largest).flatten()
    if len(own) < 2 * SEEDS:
        return state
    worse = own[told.found.log_evidence[own].argsort()[: len(own) // 2]]
    part = _explained(images.take(worse), state.averages[largest : largest + 1], torch.zeros(1), state, settings)
    numerator, denominator, occupancy = state.numerator.clone(), state.denominator.clone(), state.occupancy.clone()
    prior, recent = state.prior.clone(), state.recent.clone()
    numerator[dead], denominator[dead], occupancy[dead] = part.numerator[0], part.denominator[0], len(worse)
    prior[[dead, largest]] = prior[largest] - math.log(2)
    recent[:, dead] = recent[:, largest]
    return replace(state, numerator=numerator, denominator=denominator, occupancy=occupancy, prior=prior, recent=recent)
