"""Several starts, judged by evidence and compared with one another.

The start whose map makes the common images most probable is kept. How well other starts agree with it, after the round part of
both maps is taken away and one is turned onto the other (either hand: projections cannot tell), says whether it was luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import initial_noise
from vitreous.numerics.filters import radius as radius_of
from vitreous.numerics.map_align import align, centre
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.initial_model.em import Candidate, Explorer, InitialModelSettings

#: Correlation of the parts that are not round above which two starts found the same map.
SAME = 0.6


@dataclass(frozen=True, eq=False)
class InitialModel:
    """The chosen map and how the starts compare.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``.
    chosen
        Which start it is.
    evidence, confidence
        Mean log-evidence of an image and its largest posterior, for each start ``(s,)``.
    agreement
        Correlation of each start with the chosen one, round parts removed, either hand ``(s,)``.
    resolution
        End of the band, Å.
    """

    volume: Tensor
    chosen: int
    evidence: Tensor
    confidence: Tensor
    agreement: Tensor
    resolution: float

    @property
    def supporters(self) -> int:
        """Other starts that found the same map."""
        return int((self.agreement > SAME).sum()) - 1


def not_round(volume: Tensor) -> Tensor:
    """A cubic map less its rotational average."""
    shell = radius_of(volume.shape).round().long()
    count = torch.bincount(shell.flatten())
    mean = torch.zeros(len(count)).index_add_(0, shell.flatten(), volume.flatten().float()) / count
    return volume - mean[shell]


def initial_model(images: FourierImages, settings: InitialModelSettings, *, report: Reporter = silent) -> InitialModel:
    """Run all starts and keep the one of most evidence.

    Parameters
    ----------
    images
        Masked and normalised, on as few pixels as the band allows.
    settings
        Symmetry, diameter, number of starts.
    report
        Told after each start.
    """
    explorer = Explorer(images, settings, initial_noise(images))
    candidates: list[Candidate] = []
    for start in range(settings.start_count):
        candidates.append(explorer.explore(start, learn_noise=start == 0))
        report(Progress("initial model", start + 1, settings.start_count, {"evidence": candidates[-1].evidence}))
    # The first start learnt the noise while it went; polished once more, it is judged under the same noise as the others.
    candidates[0] = explorer.polish(candidates[0].volume)
    evidence = torch.tensor([c.evidence for c in candidates], dtype=torch.float64)
    chosen = int(evidence.argmax())
    # High symmetry fixes the origin; without it starts may sit anywhere within the mask.
    settle = centre if settings.symmetry.order < 4 else (lambda volume: volume)
    fixed = not_round(settle(candidates[chosen].volume))
    band = max(3, min(explorer.radius - 1, 16))
    agreement = [align(not_round(settle(c.volume)), fixed, radius=band, group=settings.symmetry).correlation for c in candidates]
    return InitialModel(
        settle(candidates[chosen].volume), chosen, evidence, torch.tensor([c.confidence for c in candidates]), torch.tensor(agreement),
        images.resolution(explorer.radius),
    )  # fmt: skip
