"""The iterations of two-dimensional classification (C2D-02).

Each image is explained by every class at every in-plane angle and shift, weighted by how well (Scheres et al. 2005, J. Mol.
Biol. 348:139, eqs. 1-5; in Fourier space, where the noise of each ring has its own variance). All scores are matrix
products; see :mod:`vitreous.inference.pose_search`.

Classes compete for images, and a class that starts a little better attracts them all (Sorzano et al. 2010, J. Struct. Biol.
171:197). Two things hold that off. Classes start from a few images each, so that they differ; and class proportions are
held even at first, by the log-prior that makes the expected occupancies equal (the Sinkhorn scaling of the table of class
evidences), which is let go by half over the first third of the iterations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import InputError, require
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.classify2d.averages import solve_averages
from vitreous.stages.classify2d.expectation import explain, image_mask, shift_spacing

#: Images whose average a class starts from.
SEEDS = 5
#: A class is never expected to hold less than this part of an even share, so that one that lost its images may win others.
LEAST_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Classify2DSettings:
    """Settings of a two-dimensional classification.

    Parameters
    ----------
    diameter
        Of the particle, Å.
    classes
        How many.
    iterations
        Passes over the images.
    finest
        Resolution limit in Å, or 0 for what the images hold.
    step_deg
        In-plane step, degrees.
    evenness
        How even class proportions are held at last, 0 to 1.
    seed
        Of the start.
    memory
        Bytes for the table of scores.
    """

    diameter: float
    classes: int = 20
    iterations: int = 25
    finest: float = 0.0
    step_deg: float = 6.0
    evenness: float = 0.5
    seed: int = 0
    memory: int = 300_000_000


@dataclass(frozen=True, eq=False)
class Classes:
    """State and result of a classification.

    Parameters
    ----------
    iteration
        Passes done.
    averages
        float32 ``(c, n, n)``, protein bright, σ of a single image's pixel = 1.
    ssnr
        Signal-to-noise ratio of each average per shell, ``(c, shells)``.
    responsibility
        Posterior of each class for each image, ``(n, c)``.
    prior
        log-prior of each class in the next pass, ``(c,)``.
    assignment, angle, shift
        Most probable class ``(n,)`` from 0, in-plane angle in radians ``(n,)`` and shift ``(n, 2)`` in pixels of each image.
    confidence
        Posterior of that class and angle ``(n,)``.
    evidence
        log-evidence over the model of noise alone ``(n,)``.
    noise
        Variances ``(groups, shells)``.
    """

    iteration: int
    averages: Tensor
    ssnr: Tensor
    responsibility: Tensor
    prior: Tensor
    assignment: Tensor
    angle: Tensor
    shift: Tensor
    confidence: Tensor
    evidence: Tensor
    noise: Tensor

    @property
    def share(self) -> Tensor:
        """Fraction of the images in each class, ``(c,)``."""
        return self.responsibility.double().mean(0)

    def arrays(self) -> dict[str, np.ndarray]:
        """As arrays to save."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Classes:
        """From saved arrays."""
        return cls(int(arrays["iteration"]), *(torch.from_numpy(np.array(arrays[f.name])) for f in fields(cls)[1:]))


class Checkpoint(Protocol):
    """Where the state is kept between iterations."""

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Save, atomically."""


def start(images: FourierImages, settings: Classify2DSettings) -> Classes:
    """Averages of random groups of images, as they lie.

    Raises
    ------
    InputError
        If there are fewer than ten images or than two a class.
    """
    n, c = len(images), settings.classes
    require(c >= 1, "classes", c, "1 or more")
    if n < max(10, 2 * c):
        raise InputError(f"classification into {c} classes needs at least {max(10, 2 * c)} images; got {n}. Try: fewer classes.")
    noise = initial_noise(images)
    chosen = torch.randperm(n, generator=torch_generator(settings.seed, "classify2d"))[: c * min(SEEDS, n // c)]
    group = torch.arange(len(chosen)) % c
    some = images.take(chosen)
    k = images.disc.within(_radius(images, settings, 0))
    weight = noise.weight(some.disc, some.group, k)
    transfer = some.transfer[:, :k]
    numerator = torch.zeros(c, k, dtype=torch.complex64).index_add_(0, group, some.values[:, :k] * transfer * weight)
    denominator = torch.zeros(c, k).index_add_(0, group, transfer**2 * weight)
    averages = images.disc.image(numerator / (denominator + denominator.mean()))
    zero = torch.zeros(n)
    return Classes(
        0, averages * image_mask(images, settings.diameter), torch.zeros(c, images.disc.radius + 1, dtype=torch.float64),
        torch.full((n, c), 1 / c), torch.zeros(c), torch.zeros(n, dtype=torch.int64), zero, torch.zeros(n, 2, dtype=torch.float64),
        zero, zero.double(), noise.variance,
    )  # fmt: skip


def _radius(images: FourierImages, settings: Classify2DSettings, iteration: int) -> int:
    """Band of an iteration: from a third of the particle's size to the finest detail, over the first two thirds."""
    first = max(4, images.shell(settings.diameter / 4))
    last = images.shell(settings.finest) if settings.finest > 0 else images.disc.radius
    progress = min(1.0, iteration / max(1.0, 0.6 * settings.iterations))
    return min(images.disc.radius, max(first, round(first + (last - first) * progress)))


def even_prior(responsibility: Tensor, prior: Tensor, evenness: float) -> Tensor:
    """log-prior of the classes between the one that makes expected occupancies equal and the proportions found.

    It is the log-priors that are mixed, not the occupancies asked for. The latter leaves a class that was once lifted by 20 to be as
    full as the others where it is, and in some runs it then attracts what is not its own.

    Parameters
    ----------
    responsibility
        Posteriors ``(n, c)`` found under ``prior``.
    prior
        log-prior ``(c,)`` of that pass.
    evenness
        1 for equal occupancies, 0 for the proportions found.

    Returns
    -------
    Tensor
        ``(c,)`` of mean 0: evenness · u + (1 − evenness) · log share, with u such that Σ_i softmax_k(log γ_ik − prior_k + u_k) = n / c.
    """
    evidence = responsibility.double().clamp_min(1e-12).log() - prior.double()
    u = prior.double().clone()
    for _ in range(60):
        occupancy = torch.softmax(evidence + u, 1).mean(0).clamp_min(1e-9).log()
        u = u - 0.7 * (occupancy + math.log(len(prior)))
    share = responsibility.double().mean(0).clamp_min(LEAST_SHARE / len(prior)).log()
    return (evenness * (u - u.mean()) + (1 - evenness) * (share - share.mean())).float()


def step(images: FourierImages, state: Classes, settings: Classify2DSettings) -> Classes:
    """One pass: expectation over classes, angles and shifts, then new averages, proportions and noise."""
    c, radius = settings.classes, _radius(images, settings, state.iteration)
    late = state.iteration >= settings.iterations // 2
    noise = NoiseSpectra(state.noise)
    told = explain(
        images, state.averages, state.prior, noise, radius=radius, centres=_centres(images, state, settings),
        reach=2 * shift_spacing(images, radius) if late else 0.1 * settings.diameter / images.pixel_size,
        step_deg=settings.step_deg, memory=settings.memory,
    )  # fmt: skip
    found = told.found
    averages, ssnr = solve_averages(told.numerator, told.denominator, image_mask(images, settings.diameter), radius)
    evenness = max(settings.evenness, 1 - state.iteration / (0.6 * settings.iterations))
    filled = torch.zeros(c, images.disc.radius + 1, dtype=torch.float64)
    filled[:, : radius + 1] = ssnr
    return Classes(
        state.iteration + 1, averages, filled, found.responsibility, even_prior(found.responsibility, state.prior, evenness),
        told.assignment, told.angle.float(), found.shifts[:, 0], found.peak, found.log_evidence, noise.scaled(told.noise_factor).variance,
    )  # fmt: skip


def _centres(images: FourierImages, state: Classes, settings: Classify2DSettings) -> Tensor:
    """Where each image's shifts are centred: kept within a quarter of the particle, so that averages cannot wander off."""
    limit = 0.25 * settings.diameter / images.pixel_size
    shift = state.shift if state.iteration >= settings.iterations // 2 else torch.zeros_like(state.shift)
    return (shift * (limit / shift.norm(dim=1, keepdim=True).clamp_min(limit))).round()


def classify(
    images: FourierImages, settings: Classify2DSettings, *, state: Classes | None = None, report: Reporter = silent,
    checkpoint: Checkpoint | None = None,
) -> Classes:  # fmt: skip
    """Classify images, from the start or from a saved ``state``.

    Parameters
    ----------
    images
        Masked and normalised; ``disc`` decides the finest detail.
    settings
        Number of classes and so on.
    state
        Where an interrupted run goes on.
    report, checkpoint
        Told after each pass.
    """
    state = start(images, settings) if state is None else state
    while state.iteration < settings.iterations:
        state = step(images, state, settings)
        if checkpoint is not None:
            checkpoint.save(state.arrays())
        report(Progress("classify2d", state.iteration, settings.iterations, {
            "evidence": float(state.evidence.mean()), "largest_share": float(state.share.max())}))  # fmt: skip
    return state
