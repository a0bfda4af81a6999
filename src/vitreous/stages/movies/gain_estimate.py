r"""A gain reference made from the movies themselves, and what it is worth.

Summed over a session the specimen averages out and what stays is the response of the pixels, r = n / λ̂ − 1 (see
:mod:`vitreous.stages.movies.fixed_pattern`). Two sums, A and B, of different movies share nothing but the response: of each ring
of their transforms the shared part is the covariance c(k), and the sum of both holds the share

    w(k) = 2 c / (2 c + d),   d = ⟨|A − B|²⟩ / 2

of pattern, the rest being counting noise and left-over specimen. r is shrunk by w ring by ring, the posterior mean for a Gaussian
pattern with this spectrum (empirical Bayes; Efron & Morris 1973, J. Am. Stat. Assoc. 68:117), and the gain is 1 / (1 + r).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.numerics.shells import shell_average, shell_count, spread
from vitreous.stages.movies.defects import MOST
from vitreous.stages.movies.fixed_pattern import response
from vitreous.stages.movies.signal import running_mean

#: A pixel that counts less or more than this, of what its surroundings count, is a defect.
WEAKEST, STRONGEST = 0.5, 2.0
#: Standard deviations of the counting noise by which it must differ besides.
LIMIT = 6.0
#: Pixels; detail coarser than this cannot be told from illumination.
COARSEST = 192
#: Rings averaged together.
SMOOTHING = 9
#: Share of bad pixels from which a row or column is bad as a whole, and bad neighbours of eight from which a pixel is.
WHOLE_LINE, SURROUNDED = 0.5, 6
#: Standard deviations of its own error above which the pattern is believed to be there at all.
BELIEVED = 6.0


@dataclass(frozen=True)
class GainEstimate:
    """A gain reference found in movies.

    Parameters
    ----------
    gain
        float32 ``(y, x)``: what counts are to be multiplied by, mean 1; 0 at defects.
    defects
        ``(y, x)``, True at pixels that cannot be used.
    spread
        Standard deviation from pixel to pixel of the true response, as told by what the halves share.
    noise
        Standard deviation of the estimate's own error before it was shrunk.
    error
        The same afterwards: what is left in frames that are multiplied by ``gain``.
    electrons
        Counts a pixel that the estimate rests on.
    significance
        ``spread`` ² in standard deviations of its own error.
    """

    gain: NDArray[np.float32]
    defects: NDArray[np.bool_]
    spread: float
    noise: float
    error: float
    electrons: float
    significance: float

    @property
    def is_there(self) -> bool:
        """Whether the frames hold a pattern that stays with the detector."""
        return self.significance > BELIEVED

    @property
    def helps(self) -> bool:
        """Whether most of the pattern goes when frames are multiplied by the gain: for white noise, when that is below the pattern."""
        return self.is_there and self.error**2 < self.spread**2 / 2

    @property
    def electrons_needed(self) -> float:
        """Counts a pixel whose noise, 1 / √counts, equals the pattern; infinite without a pattern."""
        return self.spread**-2 if self.is_there else float("inf")


def session_defects(total: NDArray) -> NDArray[np.bool_]:
    """Pixels, lines and clusters that cannot be used, from a sum over movies in which no bead stays in place.

    Parameters
    ----------
    total
        Sum of frames of many movies as recorded, ``(y, x)``.

    Returns
    -------
    ndarray
        True at defects: pixels that count less than half or more than twice what their surroundings do, by more than chance; whole
        rows and columns with more than half of their pixels so; pixels enclosed by defects.

    Raises
    ------
    InputError
        If nothing was counted, or more than a fifth of the frame would be a defect.
    """
    finite = np.isfinite(total)
    bad = ~finite
    for _ in range(2):
        # The second time hot pixels no longer raise the level of their surroundings.
        level = response(np.where(finite, total, 0), ~bad)[1]
        counts = np.where(finite, np.maximum(total, 0), 0)
        by_chance = np.abs(anscombe(counts) - anscombe(level)) <= LIMIT
        bad = ~finite | (~by_chance & ((counts < WEAKEST * level) | (counts > STRONGEST * level)))
    bad = enclosed(with_whole_lines(bad))
    share = float(bad.mean())
    require(share <= MOST, "share of defective pixels", round(share, 3), f"at most {MOST}", instead="movies of a sound detector")
    return bad


def anscombe(counts: NDArray) -> NDArray:
    """2√(n + 3/8): counts with a noise of about 1, see :mod:`vitreous.stages.movies.defects`."""
    return 2 * np.sqrt(counts + np.float32(0.375))


def with_whole_lines(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows and columns of which more than half is bad, bad from end to end."""
    return bad | (bad.mean(axis=0) > WHOLE_LINE)[None, :] | (bad.mean(axis=1) > WHOLE_LINE)[:, None]


def enclosed(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``bad`` and the pixels with nearly all of their neighbours bad."""
    near = np.pad(bad, 1).astype(np.uint8)
    rows = near[:-2] + near[1:-1] + near[2:]
    return bad | (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - near[1:-1, 1:-1] >= SURROUNDED)


def estimate_gain(halves: NDArray, given_defects: NDArray[np.bool_] | None = None) -> GainEstimate:
    """Make a gain reference from two sums of frames.

    Parameters
    ----------
    halves
        ``(2, y, x)``: sums of the frames, as recorded, of different movies.
    given_defects
        Pixels known to be bad, ``(y, x)``.

    Returns
    -------
    GainEstimate
        Ask it whether it ``helps``.

    Raises
    ------
    InputError
        If a half is empty, or too many pixels are defects.
    """
    for name, half in zip(("first", "second"), halves):
        mean = float(np.nan_to_num(half).mean())
        require(mean > 0, f"mean count of the {name} half of the movies", mean, "positive", instead="two movies or more, beam on")
    total = halves[0] + halves[1]
    bad = session_defects(total)
    bad = bad if given_defects is None else bad | given_defects
    parts, levels = zip(*(response(np.where(bad, 0, half), ~bad) for half in halves))
    shape = total.shape
    spectra = [rfft2(torch.from_numpy(part)) for part in parts]
    level = [float(each.mean(dtype=np.float64)) for each in levels]
    pattern = shared(spectra, level, shape)
    both = (spectra[0] * level[0] + spectra[1] * level[1]) / sum(level)
    found = irfft2(both * spread(torch.from_numpy(pattern.weight), shape).to(torch.float32), shape).numpy()
    gain = 1 / np.clip(1 + found, WEAKEST / 2, 2 * STRONGEST)
    gain = np.where(bad, 0, gain / gain[~bad].mean()).astype(np.float32)
    return GainEstimate(gain, bad, pattern.spread, pattern.noise, pattern.error, sum(level), pattern.significance)


@dataclass(frozen=True)
class Shared:
    """What two halves share: by ring the share ``weight`` of it in their mean; the rest as in :class:`GainEstimate`."""

    weight: NDArray[np.float64]
    spread: float
    noise: float
    error: float
    significance: float


def shared(spectra: list[torch.Tensor], level: list[float], shape: tuple[int, int]) -> Shared:
    """Tell pattern from noise in the transforms of two responses that rest on ``level`` counts a pixel."""
    pixels = shape[0] * shape[1]
    count = shell_count(shape).numpy()
    cross, difference = (shell_average(each, shape).numpy() / pixels for each in
                         ((spectra[0] * spectra[1].conj()).real, (spectra[0] - spectra[1]).abs() ** 2))  # fmt: skip
    # Noise of s / L_A and s / L_B makes a difference of s (L_A + L_B) / L_A L_B and, in the weighted mean, s / (L_A + L_B).
    noise = running_mean(difference, SMOOTHING) * level[0] * level[1] / (level[0] + level[1]) ** 2
    signal = np.clip(running_mean(cross, SMOOTHING), 0, None)
    doubt = noise * np.sqrt(2 / (running_mean(count, SMOOTHING) * SMOOTHING).clip(1))
    signal = signal * signal**2 / (signal**2 + doubt**2 + 1e-300)
    fine = np.arange(len(count)) * COARSEST > max(shape)
    weight, share = fine * signal / (signal + noise + 1e-300), fine * count / (fine @ count)
    variance, error = float(share @ cross), float(np.sqrt(2 / (fine @ count)) * (share @ difference) / 2)
    return Shared(
        weight=weight, spread=float(np.sqrt(max(0.0, variance))), noise=float(np.sqrt(share @ noise)),
        error=float(np.sqrt(share @ (weight * noise))), significance=variance / error if error else 0.0,
    )  # fmt: skip
