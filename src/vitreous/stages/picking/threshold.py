"""The score from which a peak is a particle: few of those above it may be noise, as decoys tell."""

from __future__ import annotations

import numpy as np


def expected_noise(score: np.ndarray, decoys: np.ndarray, area_ratio: float) -> np.ndarray:
    """How many noise peaks as high as each score a micrograph should have.

    Beyond the decoys' upper tenth an exponential tail is used, so that scores that no decoy reached still differ. The
    tail of a Gaussian field's maxima falls faster, so this errs on the side of fewer picks.

    Parameters
    ----------
    score
        ``(n,)``.
    decoys
        Scores of peaks in pictures of noise, ``(m,)``.
    area_ratio
        Area of the micrograph over the area of all decoys.
    """
    if len(decoys) == 0:
        return np.zeros(len(score))
    ordered = np.sort(decoys)
    counted = len(ordered) - np.searchsorted(ordered, score, side="left")
    start = np.quantile(ordered, 0.9)
    above = ordered[ordered > start]
    if len(above) == 0:
        return area_ratio * counted
    tail = len(above) * np.exp(-np.maximum(score - start, 0.0) / (above - start).mean())
    return area_ratio * np.where(score > start, tail, counted)


def noise_threshold(score: np.ndarray, decoys: np.ndarray, area_ratio: float, false_fraction: float) -> float:
    """Lowest score at which expected noise peaks are at most ``false_fraction`` of the peaks found.

    This is the step-up rule of Benjamini & Hochberg (1995, J. R. Stat. Soc. B 57:289) with an empirical null. A
    picture of noise gives a pick with a probability of about ``false_fraction``; a crowded one loses few particles.

    Returns
    -------
    float
        Infinity if no score qualifies.
    """
    falling = np.sort(score)[::-1]
    ratio = expected_noise(falling, decoys, area_ratio) / np.arange(1, len(falling) + 1)
    good = np.flatnonzero(ratio <= false_fraction)
    return float(falling[good[-1]]) if len(good) else float("inf")
