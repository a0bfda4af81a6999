"""Two half-sets: how particles are split, how the halves' maps are compared, and what one expects of the other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import InputError
from vitreous.reconstruct.fourier import last_shell_above, map_correlation
from vitreous.reconstruct.random_phases import randomise_phases
from vitreous.runtime.chance import numpy_generator

#: Gold-standard threshold: where half-maps correlate to 1/7 the whole map has SNR 1/3 and correlates to 1/2 with the truth
#: (Rosenthal & Henderson 2003, eq. 17).
GOLD_STANDARD = 1 / 7
#: Phases are made random from where half-maps correlate to less than this.
RANDOM_BELOW = 0.8
PHASE_SEED = 20131


def split_halves(count: int, seed: int, given: np.ndarray | None = None) -> np.ndarray:
    """Half-set 1 or 2 of every particle, int8 ``(count,)``: as ``given`` where that is complete, else a random even split.

    Raises
    ------
    InputError
        If fewer than 10 particles are there to split.
    """
    if count < 10:
        raise InputError(f"a refinement needs at least 10 particles to split into halves; got {count}. Try: pick or select more.")
    if given is not None and np.isin(given, (1, 2)).all() and {1, 2} <= set(np.unique(given)):
        return given.astype(np.int8)
    halves = np.ones(count, np.int8)
    halves[numpy_generator(seed, "halves").permutation(count)[: count // 2]] = 2
    return halves


def compare(first: Tensor, second: Tensor, mask: Tensor) -> tuple[Tensor, int]:
    """FSC of two half-maps under ``mask`` and the last shell above the gold-standard threshold."""
    fsc = map_correlation(first, second, mask.to(first.device)).cpu()
    return fsc, last_shell_above(fsc, GOLD_STANDARD)


def compare_within(first: Tensor, second: Tensor, mask: Tensor, ball: Tensor) -> tuple[Tensor, int]:
    """FSC of two half-maps under a mask that follows the particle, without what the mask itself makes agree.

    Phases are made random from the shell on where the halves under the wide ``ball`` agree to less than 0.8; what then still
    correlates is the mask's share n, and (f − n) / (1 − n) is what is left (Chen et al. 2013, Ultramicroscopy 135:24, eq. 4).

    Returns
    -------
    tuple
        The curve, and its last shell above the gold-standard threshold.
    """
    plain = map_correlation(first, second, ball)
    if mask is ball:
        return plain, last_shell_above(plain, GOLD_STANDARD)
    start = max(2, last_shell_above(plain, RANDOM_BELOW))
    seen = map_correlation(first, second, mask)
    generator = torch.Generator().manual_seed(PHASE_SEED)
    noise = map_correlation(randomise_phases(first, start, generator), randomise_phases(second, start, generator), mask)
    share = torch.where(torch.arange(len(seen)) >= start + 2, noise.clamp(0.0, 0.9), 0.0)
    fsc = (seen - share) / (1 - share)
    return fsc, last_shell_above(fsc, GOLD_STANDARD)


def crossing(fsc: Tensor, level: float, length: float) -> float:
    """Resolution in Å where a curve first falls below ``level``, linear between shells; ``length`` is the box in Å.

    Nyquist's resolution if it never does.
    """
    curve = fsc.double()
    below = torch.nonzero(curve[1:] < level).flatten()
    if not len(below):
        return length / (len(curve) - 1)
    s = int(below[0]) + 1
    high, low = float(curve[s - 1]), float(curve[s])
    shell = s - 1 + ((high - level) / (high - low) if high > low else 0.0)
    return length / max(shell, 0.5)
