"""Several starts, compared with one another: agreement is the evidence that a start did not fall into a trap of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.numerics.map_align import align
from vitreous.runtime.chance import torch_generator
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.initial_model.em import Candidate, InitialModelSettings, run_start


@dataclass(frozen=True, eq=False)
class InitialModel:
    """The chosen map and how the starts compare.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``.
    chosen
        Which start it is.
    evidence
        Mean log-evidence an image of each start ``(s,)``.
    agreement
        Correlation of each pair of starts, turned onto each other, either hand ``(s, s)``.
    radius
        Last shell used.
    """

    volume: Tensor
    chosen: int
    evidence: Tensor
    agreement: Tensor
    radius: int

    @property
    def support(self) -> float:
        """Best correlation of the chosen map with another start: above about 0.8 two starts found the same."""
        others = self.agreement[self.chosen].clone()
        others[self.chosen] = -1
        return float(others.max()) if len(others) > 1 else 0.0


def agreement_matrix(candidates: list[Candidate], settings: InitialModelSettings) -> Tensor:
    """Pairwise correlation after alignment, mirror allowed, ``(s, s)``, 1 on the diagonal."""
    count = len(candidates)
    matrix = torch.eye(count, dtype=torch.float64)
    for i in range(count):
        for j in range(i):
            radius = max(3, min(candidates[i].radius, 12) - 1)
            found = align(candidates[j].volume, candidates[i].volume, radius=radius, group=settings.symmetry)
            matrix[i, j] = matrix[j, i] = found.correlation
    return matrix


def initial_model(images: FourierImages, settings: InitialModelSettings, *, report: Reporter = silent) -> InitialModel:
    """Run all starts and keep one: of those within a tenth of the best evidence, the one others agree with most."""
    order = torch.randperm(len(images), generator=torch_generator(settings.seed, "initial_model"))[: settings.most_images]
    some = images.take(order.sort().values)
    candidates = []
    for start in range(settings.starts):
        candidates.append(run_start(some, settings, start))
        report(Progress("initial model", start + 1, settings.starts, {"evidence": candidates[-1].evidence}))
    evidence = torch.tensor([c.evidence for c in candidates], dtype=torch.float64)
    agreement = agreement_matrix(candidates, settings)
    support = (agreement.sum(1) - 1) / max(1, len(candidates) - 1)
    good = evidence >= evidence.max() - 0.1 * evidence.max().abs()
    chosen = int(torch.where(good, support, -2.0).argmax())
    return InitialModel(candidates[chosen].volume, chosen, evidence, agreement, candidates[chosen].radius)
