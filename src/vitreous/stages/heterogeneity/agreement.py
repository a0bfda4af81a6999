"""What two classifications of the same images say of each other: matching, migration and stability."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def migration(before: Tensor, after: Tensor) -> Tensor:
    """M_kl: share of the images of class k in ``before`` that are in class l in ``after``, from posteriors ``(n, K)``: ``(K, K)``.

    Rows sum to 1; a class without images stays by itself (Chen et al. 2014, J. Struct. Biol. 188:267). With the MAP decision as
    ``before`` and the posteriors as ``after`` it is the confusion that the posteriors expect of the decision.
    """
    joint = before.T @ after
    size = joint.sum(1, keepdim=True)
    return torch.where(size > 0, joint / size.clamp_min(1e-12), torch.eye(len(joint), dtype=joint.dtype))


def matching(before: Tensor, after: Tensor) -> Tensor:
    """Order of the classes of ``after`` in which most images stay where they are: index of the class that fits each of ``before``."""
    rows, columns = linear_sum_assignment(-(before.T @ after).numpy())
    return torch.from_numpy(columns)[torch.from_numpy(rows).argsort()]


def stability(one: Tensor, other: Tensor) -> Tensor:
    """Probability that two classifications put an image into one class, Σ_k p_ik q_ik: ``(n,)``, 1 / K for images that tell nothing."""
    return (one * other).sum(1)
