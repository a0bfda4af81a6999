r"""Signal to noise of a chain of stages, and from two measurements.

Stage i takes what came before, signal and noise alike, times a gain and adds noise of its own: X_i = √G_i X_{i−1} + N_i. With SNR_i the
power of X_{i−1} over that of N_i, E|X_i|² = E|X_{i−1}|² (G_i + 1/SNR_i). The signal has become Π G_i times what it was, so that

    Π (G_i + 1/SNR_i) = Π G_i + 1/SNR,

SNR the signal before all stages over the noise after them (Baxter et al. 2009, J. Struct. Biol. 166:126, where all gains are 1: structural
noise, counting, digitisation). The ratio of both after the stages is Π G_i times that.

Two measurements of one thing with independent noise correlate by ρ = SNR / (1 + SNR), so SNR = ρ / (1 − ρ) (Frank & Al-Ali 1975,
Nature 256:376).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from vitreous.errors import require


def composite_snr(stages: Sequence[float], gains: Sequence[float] | None = None) -> float:
    """SNR of a chain, the signal before it over the noise after it.

    Parameters
    ----------
    stages
        SNR_i, positive, at least one.
    gains
        G_i, of power, positive; all 1 without them.

    Raises
    ------
    InputError
        If a number is not positive or the lengths differ.

    >>> round(composite_snr([1.0, 1.0]), 4)
    0.3333
    """
    gains = [1.0] * len(stages) if gains is None else gains
    require(len(stages) > 0 and len(stages) == len(gains), "stages and gains", (len(stages), len(gains)), "as many of each, at least one")
    require(min(*stages, *gains) > 0, "stages and gains", (tuple(stages), tuple(gains)), "positive")
    return 1 / (math.prod(gain + 1 / snr for gain, snr in zip(gains, stages)) - math.prod(gains))


def snr_from_correlation(correlation: float) -> float:
    """ρ / (1 − ρ) of one of two measurements; ``correlation`` from 0 to below 1.

    >>> snr_from_correlation(0.5)
    1.0
    """
    require(0 <= correlation < 1, "correlation", correlation, "0 or more and below 1")
    return correlation / (1 - correlation)
