r"""How much each frame counts at each frequency, by what the particles themselves show.

The correlation of frame f with the reference falls with frequency as D(k) exp(C_f + B_f k² / 4), D what all frames share. Then

    w_f(k) = exp(C_f + B_f k² / 4) / √Σ_f' exp(2 C_f' + B_f' k² / 2)

makes the sum of highest signal-to-noise ratio, its noise that of one frame at every frequency (Zivanov et al. 2019, IUCrJ 6:5,
section 2.4, where weights add up to 1 instead: the same images but for a filter). B_f and C_f are fitted to the correlations
themselves, not to their logarithms, which noise makes meaningless where they are small; a prior keeps those of frames that say
little near what damage alone would do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.stages.polish.sums import FrameSums

#: Standard deviations of C_f and B_f (Å²) about what damage alone does.
EXPECTED = np.array([0.5, 60.0])
#: Å: coarser detail is ice and shape, whose loss tells little of the rest.
COARSEST = 40.0
#: Shells to either side over which D is smoothed.
NEIGHBOURS = 2
#: Rounds of fitting D and the frames in turns.
ROUNDS = 60


@dataclass(frozen=True)
class FrameWeights:
    """Weights of frames.

    Parameters
    ----------
    scale, b_factor
        C_f and B_f (Å²), ``(frames,)``; only their differences between frames matter.
    scale_sigma, b_sigma
        Their standard deviations.
    """

    scale: NDArray[np.float64]
    b_factor: NDArray[np.float64]
    scale_sigma: NDArray[np.float64]
    b_sigma: NDArray[np.float64]

    def at(self, k: NDArray) -> NDArray[np.float64]:
        """w_f at frequencies ``k`` (Å⁻¹) of any shape: ``(frames, *k)``; Σ w² = 1."""
        shape = (-1, *[1] * np.ndim(k))
        power = self.scale.reshape(shape) + 0.25 * self.b_factor.reshape(shape) * np.square(k)
        raw = np.exp(power - power.max(0))
        return raw / np.sqrt(np.square(raw).sum(0))


def fit_weights(sums: FrameSums, left: NDArray) -> FrameWeights:
    """C_f and B_f of the frames.

    Parameters
    ----------
    sums
        Of all movies with as many frames.
    left
        ``(frames, shells)``: what damage leaves of the signal; ones where the dose is not known.
    """
    used = (sums.k > 1 / COARSEST) & (sums.power[0] > 0)
    terms = np.stack([np.ones(int(used.sum())), 0.25 * sums.k[used] ** 2])
    power, seen = sums.power[0][used], sums.cross[0][:, used] / sums.power[0][used]
    count = np.sqrt(power)
    expected = (count * np.log(left[:, used].clip(1e-6))) @ np.linalg.pinv(count * terms)
    found = expected
    for _ in range(ROUNDS):
        fall = np.exp(found @ terms)
        shared = _shared(fall, seen, power)
        slope = terms * (shared * fall)[:, None, :]
        normal = np.einsum("fis,fjs,s->fij", slope, slope, power) + np.diag(1 / EXPECTED**2)
        pull = np.einsum("fis,fs,s->fi", slope, seen - shared * fall, power) - (found - expected) / EXPECTED**2
        step = np.linalg.solve(normal, pull[..., None])[..., 0]
        found = found + step.clip(-EXPECTED, EXPECTED)
    sigma = np.sqrt(np.linalg.inv(normal).diagonal(axis1=1, axis2=2))
    found = found - found.max(0)
    return FrameWeights(found[:, 0], found[:, 1], sigma[:, 0], sigma[:, 1])


def _shared(fall: NDArray, seen: NDArray, power: NDArray) -> NDArray[np.float64]:
    """D(k): the mean over the frames and a few shells, less where it does not stand above its own noise (James and Stein's factor)."""
    few = np.ones(1 + 2 * NEIGHBOURS)
    cross = np.convolve((fall * seen).sum(0) * power, few, "same")
    total = np.convolve(np.square(fall).sum(0) * power, few, "same")
    sure = cross**2 / total
    return cross.clip(0.0) / total * (1 - 2 / sure.clip(2.0))
