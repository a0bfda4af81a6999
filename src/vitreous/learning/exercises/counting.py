"""An exercise on counting electrons: a belief about a dose, and what counts make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake


def belief(dose: NDArray, alpha: float, beta: float) -> NDArray[np.float64]:
    """Density of the Gamma distribution, β^α λ^(α−1) e^(−βλ) / Γ(α), at doses λ > 0 (electrons a pixel and frame)."""
    return np.exp(alpha * np.log(beta) + (alpha - 1) * np.log(dose) - beta * dose - gammaln(alpha))


def moments_by_summing(alpha: float, beta: float, counts: NDArray) -> tuple[float, float]:
    """Mean and variance of the dose after ``counts``, by Bayes' rule summed over a fine grid: no formula of conjugacy in it."""
    dose = np.linspace(1e-4, 60, 200000)
    log = np.log(belief(dose, alpha, beta)) + sum(n * np.log(dose) - dose for n in counts)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = float((weight * dose).sum())
    return mean, float((weight * (dose - mean) ** 2).sum())


def _check(posterior: Callable[..., Any]) -> Verdict:
    for alpha, beta, counts in ((2.0, 0.5, np.array([3, 5, 4, 0, 6])), (7.0, 4.0, np.array([1]))):
        got = posterior(alpha, beta, counts.copy())
        wanted = np.array([alpha + counts.sum(), beta + len(counts)])
        answer = np.asarray(got, float) if np.shape(got) == (2,) else None
        if answer is not None and not np.allclose(answer, wanted):
            return Verdict(False, _not_that(answer, alpha, beta, counts))
        found = compare(got, wanted, "the pair (α, β)")
        if not found.right:
            return found
        mean, variance = moments_by_summing(alpha, beta, counts)
        if not np.allclose([wanted[0] / wanted[1], wanted[0] / wanted[1] ** 2], [mean, variance], rtol=1e-3):
            return Verdict(False, "Bayes' rule, summed over a grid, gives something else.")
    return Verdict(True, "Right: mean and variance of your Gamma agree with Bayes' rule summed over a fine grid of doses.")


def _not_that(answer: NDArray, alpha: float, beta: float, counts: NDArray) -> str:
    total, frames = counts.sum(), len(counts)
    others = (
        ((alpha + total, beta + 1), "β counts exposures: it grows by the *number of frames*, not by one."),
        ((alpha + counts.mean(), beta + 1), "Do not average first: α counts electrons, and every electron counts."),
        ((alpha + frames, beta + total), "Exchanged: α counts electrons, β counts frames."),
        ((total, frames), "The prior is gone. That is maximum likelihood, and in a pixel without a count it says 0 with certainty."),
        ((alpha + total, beta), "More frames must make you surer: β has to grow with them, or many frames' dose is taken for one's."),
    )
    unknown = f"({answer[0]:g}, {answer[1]:g}) is not it. Multiply the likelihood's λ^Σn e^(−Nλ) by the prior's λ^(α−1) e^(−βλ)."
    return next((text for other, text in others if np.allclose(answer, other)), unknown)


POSTERIOR = Exercise(
    name="posterior",
    question="Q100",
    prompt="Before you look, your belief about a pixel's dose λ (electrons a frame) is a Gamma distribution with `alpha` and `beta`. Then "
    "you count electrons in some frames. Give the `(alpha, beta)` of your belief afterwards.",
    starter="""
def posterior(alpha, beta, counts):
    \"\"\"counts: integers, one a frame. Gives (alpha, beta) after having seen them.\"\"\"
    raise NotImplementedError
""",
    hints=(
        "The likelihood of counts n₁ … n_N at a dose λ is ∏ λ^n e^(−λ) / n!. As a function of λ only Σn and N matter.",
        "Multiply λ^(α−1) e^(−βλ) by λ^(Σn) e^(−Nλ): it is a Gamma density again.",
        "The exponent of λ is α + Σn − 1, and the factor in e^(−…λ) is β + N.",
    ),
    solution="""
def posterior(alpha, beta, counts):
    return alpha + counts.sum(), beta + len(counts)
""",
    check=_check,
    mistakes=(
        Mistake("def posterior(alpha, beta, counts):\n    return alpha + counts.sum(), beta + 1", "number of frames"),
        Mistake("def posterior(alpha, beta, counts):\n    return alpha + counts.mean(), beta + 1", "average"),
        Mistake("def posterior(alpha, beta, counts):\n    return alpha + len(counts), beta + counts.sum()", "Exchanged"),
        Mistake("def posterior(alpha, beta, counts):\n    return counts.sum(), len(counts)", "prior is gone"),
        Mistake("def posterior(alpha, beta, counts):\n    return (alpha + counts.sum()) / (beta + len(counts))", "shape"),
    ),
)
