r"""How much of the map a network finds in a particle's image.

A network is trained on pairs of an image and the map's projection at its pose to make the second of the first; the score is the
correlation of what it makes with the projection. An image of ice or of something else has nothing to make the projection of, and the noise,
which hides the difference from the plain correlation, is gone from both.

No image is scored by a network that was trained on it, or it would be praised for being remembered: the set is cut in parts, and each
is scored by the network of the others. All parts hold junk alike, so junk is in the training as well; where it is the minority the
network cannot learn to make projections of it, since they do not depend on the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.particle_network.denoiser import Denoiser
from vitreous.stages.particle_network.pairs import Pairs, correlation, paired

#: Fewest particles a part that a network learns anything from.
LEAST = 100
#: Images a step, and the largest rate of Adam.
BATCH, RATE = 32, 3e-3


@dataclass(frozen=True)
class DenoisingScores:
    """Of each particle, float64 ``(n,)``.

    Parameters
    ----------
    denoised
        Correlation of the denoised image with the projection, −1 to 1: the score.
    raw
        Correlation of the image itself, for comparison.
    """

    denoised: np.ndarray
    raw: np.ndarray


def denoising_score(
    particles: Particles, volume: Volume, *, diameter: float, resolution: float = 15.0, passes: int = 12, parts: int = 2, seed: int = 0,
    report: Reporter = silent,
) -> DenoisingScores:  # fmt: skip
    """Train on the particles and score them.

    Parameters
    ----------
    particles
        With images, defocus and poses.
    volume
        The map they were aligned to, as wide as their box; its grey scale does not matter.
    diameter
        Of the particle, Å, positive: the mask.
    resolution
        Finest detail used, Å: coarser is faster and less noisy.
    passes
        Times each image is trained on.
    parts
        Networks; each scores the part that it was not trained on. At least two.
    seed
        Of the weights, the parts and the order.

    Returns
    -------
    DenoisingScores
        High is good.

    Raises
    ------
    InputError
        If there are fewer than 100 particles a part, no poses, or a map of another width.
    """
    require(parts >= 2, "parts", parts, "at least 2: one to learn from, one to judge")
    require(passes >= 1, "passes", passes, "at least 1")
    require(diameter > 0 and resolution > 0, "diameter and resolution", (diameter, resolution), "positive, in Å")
    require(len(particles) >= LEAST * parts, "particles", len(particles), f"at least {LEAST * parts}, {LEAST} a part",
            instead="fewer parts, or the plain correlation")  # fmt: skip
    pairs = paired(particles, volume, resolution=resolution, diameter=diameter, report=report)
    return scores_of(pairs, passes=passes, parts=parts, seed=seed, report=report)


def scores_of(pairs: Pairs, *, passes: int, parts: int, seed: int, report: Reporter = silent) -> DenoisingScores:
    """The same of images in memory; see :func:`denoising_score`."""
    part = torch.randperm(len(pairs), generator=torch_generator(seed, "parts")) % parts
    denoised = torch.empty(len(pairs), dtype=torch.float64)
    for number in range(parts):
        network = trained(pairs, torch.nonzero(part != number).flatten(), passes, torch_generator(seed, "network", number))
        rows = torch.nonzero(part == number).flatten()
        denoised[rows] = judged(network, pairs, rows)
        report(Progress("train", number + 1, parts))
    return DenoisingScores(denoised.numpy(), correlation(pairs.noisy, pairs.expected).double().numpy())


def trained(pairs: Pairs, rows: Tensor, passes: int, chance: torch.Generator) -> Denoiser:
    """A network that has seen ``rows`` so many times.

    It maximises the correlation with the projections less their mean: the blob that they all share can be made of nothing, and a
    network that is praised for it makes it of noise.
    """
    network, common = Denoiser(chance), pairs.expected[rows].mean(0)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    steps = passes * -(-len(rows) // BATCH)
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.2)
    with torch.enable_grad():
        for batch in batches(rows, passes, chance):
            noisy, expected = turned(pairs.noisy[batch], pairs.expected[batch] - common, chance)
            loss = -correlation(_masked(network(noisy), pairs.mask), expected).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rates.step()
    return network


def batches(rows: Tensor, passes: int, chance: torch.Generator) -> Iterator[Tensor]:
    """``rows`` in random order, ``passes`` times, a batch at a time."""
    for _ in range(passes):
        yield from rows[torch.randperm(len(rows), generator=chance)].split(BATCH)


def turned(noisy: Tensor, expected: Tensor, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Both by the same quarter turns and flip: what the network learns does not depend on where up is."""
    quarters = int(torch.randint(4, (1,), generator=chance))
    both = torch.rot90(torch.stack([noisy, expected]), quarters, (2, 3))
    if float(torch.rand(1, generator=chance)) < 0.5:
        both = both.flip(3)
    return both[0], both[1]


def _masked(images: Tensor, mask: Tensor) -> Tensor:
    """Less their mean under the mask, 0 outside."""
    return (images - (images * mask).sum((1, 2), keepdim=True) / mask.sum()) * mask


@torch.no_grad()
def judged(network: Denoiser, pairs: Pairs, rows: Tensor) -> Tensor:
    """Correlation of what the network makes of ``rows`` with what is expected, float64."""
    made = torch.cat([_masked(network(pairs.noisy[few]), pairs.mask) for few in rows.split(256)])
    return correlation(made, pairs.expected[rows]).double()
