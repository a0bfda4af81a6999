"""How well picks agree with known particles.

Reference: Zhu et al. 2004, J. Struct. Biol. 145:3 (the particle selection bake-off: false positives and negatives).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitreous.errors import require


@dataclass(frozen=True)
class Agreement:
    """Counts and their ratios.

    Parameters
    ----------
    matched
        Picks that are particles.
    found
        Picks in all.
    true
        Particles in all.
    """

    matched: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Matched share of the picks; 1 if there are none."""
        return self.matched / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Matched share of the particles; 1 if there are none."""
        return self.matched / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean 2 P R / (P + R) = 2 matched / (found + true); 1 if both are empty."""
        total = self.found + self.true
        return 2 * self.matched / total if total else 1.0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.matched + other.matched, self.found + other.found, self.true + other.true)


def match_picks(found: np.ndarray, true: np.ndarray, radius: float) -> np.ndarray:
    """Pair picks with particles, one to one: as many pairs within ``radius`` as can be, and then the nearest.

    Parameters
    ----------
    found, true
        (x, y) in pixels, ``(n, 2)`` and ``(m, 2)``.
    radius
        Farthest apart, pixels; half the particle's diameter is usual.

    Returns
    -------
    ndarray
        int64 ``(k, 2)``: rows of ``found`` and of ``true``.

    Raises
    ------
    InputError
        If ``radius`` is not positive.

    >>> match_picks(np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([[1.0, 0.0]]), 5.0)
    array([[0, 0]])
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    require(radius > 0, "radius", radius, "positive, in pixels")
    found, true = (np.asarray(a, dtype=np.float64).reshape(-1, 2) for a in (found, true))
    distance = cdist(found, true)
    # One more pair always gains more than any shortening of the others can.
    worth = np.where(distance <= radius, distance / radius - (1.0 + min(distance.shape)), 0.0)
    rows, columns = linear_sum_assignment(worth)
    close = distance[rows, columns] <= radius
    return np.stack([rows[close], columns[close]], 1).astype(np.int64)


def agreement(found: np.ndarray, true: np.ndarray, radius: float) -> Agreement:
    """Count pairs of :func:`match_picks`."""
    return Agreement(len(match_picks(found, true, radius)), len(found), len(true))


def roc_auc(score: np.ndarray, is_particle: np.ndarray) -> float:
    """Area under the receiver operating characteristic: the chance that a particle scores above a non-particle.

    Mann & Whitney's U over the number of pairs, ties counted half (Hanley & McNeil 1982, Radiology 143:29).

    Raises
    ------
    InputError
        If there is only one kind.
    """
    from scipy.stats import rankdata

    is_particle = np.asarray(is_particle, dtype=bool)
    positive, negative = int(is_particle.sum()), int((~is_particle).sum())
    require(positive > 0 and negative > 0, "is_particle", f"{positive} true, {negative} false", "of both kinds")
    return float((rankdata(score)[is_particle].sum() - positive * (positive + 1) / 2) / (positive * negative))
