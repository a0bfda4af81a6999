r"""Two half-sets classified apart: the only honest answer to "are there classes?".

Expectation-maximisation finds K classes in anything: it sorts images by their noise. Maps learnt from one half know nothing of the
other half's noise, so the log-evidence that they give the other half over its own consensus is negative on average where
the particles are alike, and positive where the difference is real; how many images both halves' maps put into one class
measures how reproducible the sorting is. The same held-out evidence chooses how much differences may show (α of the prior).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.runtime.chance import torch_generator
from vitreous.stages.heterogeneity.agreement import matching, stability
from vitreous.stages.heterogeneity.components import components, projections
from vitreous.stages.heterogeneity.em import classify, decided
from vitreous.stages.heterogeneity.latent import latent_classes, responsibilities
from vitreous.stages.heterogeneity.prior import DifferencePrior
from vitreous.stages.heterogeneity.residuals import Residuals, gains

#: α tried, and that of the start: differences are a small part of a particle, or most of it.
SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
FIRST_SHARE = 0.03
#: Components looked for, at most: latent starts in more dimensions than this get lost.
MOST_COMPONENTS = 4
COMPONENT_PASSES, LATENT_STARTS = 6, 24


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What the halves say of each other.

    Parameters
    ----------
    evidence
        log p of each image under the other half's classes, over that under one map of the same particles and prior, ``(n,)``. One map,
        not the consensus: the halves' consensus errors differ, and any map of the other half mends some of them.
    posterior
        Of each class, by the other half's maps, ``(n, K)``: where the classification of all goes on from.
    stability
        Probability that own and other half's maps put the image into one class, ``(n,)``.
    agreement, chance
        Share of the images whose most probable class is the same by both, and that expected of labels dealt out at random.
    share
        α of most held-out evidence.
    """

    evidence: Tensor
    posterior: Tensor
    stability: Tensor
    agreement: float
    chance: float
    share: float

    @property
    def mean(self) -> float:
        """Mean evidence an image."""
        return float(self.evidence.mean())

    @property
    def error(self) -> float:
        """Its standard error."""
        return float(self.evidence.std() / len(self.evidence) ** 0.5)

    @property
    def classes_are_real(self) -> bool:
        """Whether held-out evidence is above zero, and agreement above chance, by three standard errors each."""
        error = (self.chance * (1 - self.chance) / len(self.evidence)) ** 0.5
        return self.mean > 3 * self.error and self.agreement > self.chance + 3 * error


def start(found: Residuals, prior: DifferencePrior, classes: int, coarse: int, seed: int, label: str) -> Tensor:
    """First posterior ``(n, K)``: classes in the plane of the first K − 1 components up to shell ``coarse``."""
    low, generator = found.within(coarse), torch_generator(seed, "classes", label)
    count = min(classes - 1, MOST_COMPONENTS)
    maps = components(low, count, prior.within(low.radius), passes=COMPONENT_PASSES, generator=generator)
    return latent_classes(*projections(low, maps), classes, starts=LATENT_STARTS, generator=generator)[0]


def judge(
    halves: tuple[Residuals, Residuals], rows: tuple[Tensor, Tensor], prior: DifferencePrior, classes: int, *,
    coarse: int, passes: int, hard: bool, seed: int,
) -> HeldOut:  # fmt: skip
    """Classify each half by itself, and hold each half's images against the other's maps.

    Parameters
    ----------
    halves
        Residuals of each half-set against its own consensus.
    rows
        Where their images are among all, int64.
    prior
        For all images; halves have half the weight of it but the same power.
    coarse
        Last shell of the start.
    """
    own = [classify(found, start(found, prior, classes, coarse, seed, f"half {h}"), prior, passes=passes, hard=hard)
           for h, found in enumerate(halves)]  # fmt: skip
    sums = [[found.insert(column, column) for column in each.posterior.T] for found, each in zip(halves, own)]
    tried = []
    for share in SHARES:
        shared = prior.with_share(share)
        maps = [torch.stack([shared.map(*each) for each in half]) for half in sums]
        crossed = [responsibilities(gains(halves[h], maps[1 - h]), own[1 - h].shares) for h in (0, 1)]
        tried.append((float(sum(c[1].sum() for c in crossed)), share, crossed))
    _, share, crossed = max(tried, key=lambda each: each[0])
    shared = prior.with_share(share)
    single = [shared.map(*(sum(part) for part in zip(*half))) for half in sums]
    alike = [gains(halves[h], single[1 - h][None])[:, 0] for h in (0, 1)]
    crossed = [(posterior, evidence - one) for (posterior, evidence), one in zip(crossed, alike)]
    return _held_out([o.posterior for o in own], crossed, rows, share)


def _held_out(own: list[Tensor], crossed: list[tuple[Tensor, Tensor]], rows: tuple[Tensor, Tensor], share: float) -> HeldOut:
    """Name the second half's classes as the first half's, and gather both halves in the images' order.

    ``crossed[0]`` sorts half 0 by the classes of half 1, ``crossed[1]`` half 1 by those of half 0.
    """
    joint = own[0].T @ crossed[0][0] + crossed[1][0].T @ own[1]
    order = matching(torch.eye(len(joint), dtype=joint.dtype), joint)
    pairs = ((own[0], crossed[0][0][:, order]), (own[1][:, order], crossed[1][0]))
    at = torch.cat(rows).argsort()
    mine, theirs = (torch.cat([pair[which] for pair in pairs])[at] for which in (0, 1))
    evidence = torch.cat([gained for _, gained in crossed])[at]
    labels = [decided(each) for each in (mine, theirs)]
    agreement, chance = (labels[0] * labels[1]).sum(1).mean(), labels[0].mean(0) @ labels[1].mean(0)
    return HeldOut(evidence, theirs, stability(mine, theirs), float(agreement), float(chance), share)
