"""Expectation-maximisation of K difference maps at known poses, and what is remembered of its passes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.heterogeneity.latent import responsibilities
from vitreous.stages.heterogeneity.prior import DifferencePrior
from vitreous.stages.heterogeneity.residuals import Residuals, gains


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes after the last pass.

    Parameters
    ----------
    differences
        Map of each class less the consensus, float32 ``(K, s, s, s)``.
    shares
        Of the images, float64 ``(K,)``.
    posterior
        Of each class, float64 ``(n, K)``.
    evidence
        log p of each image over that without classes, ``(n,)``.
    objective
        After each pass, Σ evidence: rises, but for what the prior takes from the first maps.
    assignments
        Most probable class in each pass, int64 ``(passes, n)``.
    """

    differences: Tensor
    shares: Tensor
    posterior: Tensor
    evidence: Tensor
    objective: tuple[float, ...]
    assignments: Tensor


#: Passes end when fewer images than this share change their class.
SETTLED = 1e-3


def difference_maps(found: Residuals, posterior: Tensor, prior: DifferencePrior) -> Tensor:
    """The M-step: one map a class."""
    return torch.stack([prior.map(*found.insert(column, column)) for column in posterior.T])


def decided(posterior: Tensor) -> Tensor:
    """1 for the most probable class of each image, else 0."""
    return torch.nn.functional.one_hot(posterior.argmax(1), posterior.shape[1]).double()


def classify(
    found: Residuals, posterior: Tensor, prior: DifferencePrior, *, passes: int, hard: bool = False, report: Reporter = silent
) -> Classes:
    """Iterate from a first posterior until classes are settled.

    Parameters
    ----------
    posterior
        ``(n, K)`` to begin with.
    passes
        At most so many.
    hard
        Count each image for its most probable class alone (the MAP decision, argmax p(R | k) p(k)) and not in proportion.
    """
    history, objective = [], []
    for number in range(passes):
        counted = decided(posterior) if hard else posterior
        shares = counted.mean(0)
        maps = difference_maps(found, counted, prior)
        posterior, evidence = responsibilities(gains(found, maps), shares)
        objective.append(float(evidence.sum()))
        history.append(posterior.argmax(1))
        moved = 1.0 if number == 0 else float((history[-1] != history[-2]).double().mean())
        report(Progress("classify", number + 1, passes, {"moved": moved, "evidence": float(evidence.mean())}))
        if moved < SETTLED:
            break
    return Classes(maps, shares, posterior, evidence, tuple(objective), torch.stack(history))
