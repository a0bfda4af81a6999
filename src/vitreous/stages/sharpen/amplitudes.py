"""Are the amplitudes what they should be: of half-maps unfiltered and unsharpened, of a sharpened map no stronger than a molecule's?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.check import Check, Verdict
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.inference.fall_off import FallOff, fall_off
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import redundancy, shell_average, shell_count

#: Å²: the noise of half-maps whose amplitudes were raised rises with them, and falls with those that were blurred. That of sums of
#: images weighted by their CTFs is level within this: it follows the weights, not the molecule (−50 and −20 in two refined maps).
NOISE_RISES, NOISE_FALLS = 100.0, 250.0
#: Part of the noise power at the middle of the range below which a shell is empty, and shells next to Nyquist that may be.
EMPTY, LAST_SHELLS = 2e-3, 3
#: Half-maps that end beyond this part of the resolution (Å) could have agreed further: a soft filter and the mask smear an end.
ENDS_WITHIN = 0.8
#: Amplitudes cannot be flatter than those of atoms at rest; the bound leaves room for what the profile does not know.
FLATTER, SHARPENED_TOO_FAR = 0.0, 1.0
#: Share of a sharpened map's power, from 10 Å to its end, that is noise. Of maps sharpened by their own B and weighted by their figure
#: of merit it was 0.001 to 0.51 (B from 20 to 300 Å², noise from 0.05 to 1 of the signal's standard deviation).
NOISE_SHARE = 0.7
#: Å: noise is judged from here on. Of coarser maps that would be their end alone, or nothing: of those it is judged over the finer half
#: of what a sharpened map shows, and of what the voxels of half-maps hold.
COARSEST = 10.0
#: Change of ln amplitude over that range below which noise counts as level, whatever its B: slices that thin out towards Nyquist (0.35)
#: and CTF weights made it 0.77 in a good map of 6 Å voxels.
LEVEL = 1.2


@dataclass(frozen=True, eq=False)
class Spectra:
    """Power by shell under a mask, float64 ``(s,)``.

    Parameters
    ----------
    k
        Å⁻¹.
    signal
        Of what the halves share: their cross-spectrum, which noise does not add to; may be negative by chance.
    noise
        Of the noise in their mean.
    samples
        Independent real numbers of a shell.
    """

    k: Tensor
    signal: Tensor
    noise: Tensor
    samples: Tensor

    @property
    def variance(self) -> Tensor:
        """Of ½ ln signal: [1 + (1 + 1 / SNR_half)²] / 4n, for Gaussian signal and noise."""
        ratio = 2 * self.noise / self.signal.clamp_min(1e-30)
        return (1 + (1 + ratio) ** 2) / (4 * self.samples)


def spectra(first: Volume, second: Volume, mask: Tensor) -> Spectra:
    """Signal and noise of two half-maps; ``mask`` in [0, 1] of their shape."""
    a, b = (rfftn(half.values.float() * mask.to(half.values)) for half in (first, second))
    shape = first.shape
    signal, noise = shell_average((a * b.conj()).real, shape), shell_average((a - b).abs() ** 2, shape) / 4
    k = torch.arange(len(signal), dtype=torch.float64) / (shape[0] * first.voxel_size)
    return Spectra(k, signal.cpu(), noise.cpu(), (shell_count(shape) * redundancy(mask)).clamp_min(1.0))


def signal_fall_off(found: Spectra, resolution: float) -> FallOff | None:
    """B-factor of the signal against a molecule's amplitudes; None with too few shells."""
    log_amplitude = torch.where(found.signal > 0, 0.5 * found.signal.clamp_min(1e-300).log(), math.nan)
    return fall_off(found.k, log_amplitude, found.variance, resolution, "molecular")


def judge_amplitudes(first: Volume, second: Volume, mask: Tensor, resolution: float | None, *, sharpened: Volume | None = None) -> Check:
    """Judge half-maps, and a map made from them, by the run of their amplitudes.

    Parameters
    ----------
    first, second
        Half-maps, cubes of one size and scale.
    mask
        In [0, 1], of their shape, 1 on the particle.
    resolution
        Å; None where the halves do not agree.
    sharpened
        The map that will be looked at, of the same shape; None if there is none.

    Returns
    -------
    Check
        "amplitudes". Warns of half-maps that end before Nyquist while the halves still agree, whose noise falls or rises with
        frequency (filtered, sharpened), whose amplitudes do not fall; of a sharpened map that rises over a molecule's amplitudes, and
        (fail) of one most of whose detail is noise. Figures: B-factors in Å² of exp(−B k² / 4), positive where amplitudes fall.

    Raises
    ------
    InputError
        If mask or map are of another shape.
    """
    require(tuple(mask.shape) == first.shape, "mask", tuple(mask.shape), f"of the half-maps' shape, {first.shape} voxels")
    if sharpened is not None:
        require(sharpened.shape == first.shape, "sharpened map", sharpened.shape, f"of the half-maps' shape, {first.shape} voxels")
    if resolution is None:
        return Check("amplitudes", "not done", "the half-maps agree no better than noise does, so there are no amplitudes to judge.")
    found = spectra(first, second, mask)
    line, noise_b, ends = signal_fall_off(found, resolution), noise_fall_off(found), last_occupied(found)
    told: list[tuple[Verdict, str]] = [*_of_halves(line, noise_b, ends, resolution, found)]
    after, share = (None, None) if sharpened is None else _of_sharpened(found, first, second, mask, sharpened, resolution)
    told += _too_far(after, share)
    figures = {
        "b_factor_angstrom2": line and round(line.b_factor, 1), "b_factor_error_angstrom2": line and round(line.b_error, 1),
        "noise_b_factor_angstrom2": noise_b and round(noise_b, 1), "ends_at_angstrom": ends and round(ends, 3),
        "b_factor_sharpened_angstrom2": after and round(after.b_factor, 1), "noise_share_sharpened": share and round(share, 3),
    }  # fmt: skip
    if told:
        worst: Verdict = "fail" if any(verdict == "fail" for verdict, _ in told) else "warn"
        return Check("amplitudes", worst, " ".join(sentence for _, sentence in told), figures)
    return Check("amplitudes", "pass", _sound(line, after, share), figures)


def noise_fall_off(found: Spectra) -> float | None:
    """B of the noise in Å² from 10 Å, or half of Nyquist, to the last shell that holds any; None with fewer than six shells."""
    rows = (found.k >= _start(found)) & (found.noise > EMPTY * _middle(found))
    rows[-LAST_SHELLS:] = False
    if int(rows.sum()) < 6:
        return None
    x, y, weight = found.k[rows] ** 2 / 4, 0.5 * found.noise[rows].log(), found.samples[rows]
    x_mean, y_mean = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    return -float((weight * (x - x_mean) * (y - y_mean)).sum() / (weight * (x - x_mean) ** 2).sum())


def _start(found: Spectra) -> float:
    """Å⁻¹ from which on noise is judged: 10 Å, or half of Nyquist."""
    return min(1 / COARSEST, 0.5 * float(found.k[-1]))


def _reach(found: Spectra) -> float:
    """Range of k² / 4 over which noise is judged, Å⁻²."""
    return (float(found.k[-1]) ** 2 - _start(found) ** 2) / 4


def last_occupied(found: Spectra) -> float | None:
    """Å beyond which the half-maps hold nothing; None if they reach Nyquist."""
    occupied = torch.nonzero(found.noise > EMPTY * _middle(found)).flatten()
    last = int(occupied[-1]) if len(occupied) else 0
    return 1 / float(found.k[last]) if 0 < last < len(found.k) - 1 - LAST_SHELLS else None


def _middle(found: Spectra) -> float:
    """Median noise power of the coarser half of the shells, which filters leave as it was."""
    return float(found.noise[1 : max(3, len(found.noise) // 2)].median())


def _of_halves(
    line: FallOff | None, noise_b: float | None, ends: float | None, resolution: float, found: Spectra
) -> list[tuple[Verdict, str]]:  # fmt: skip
    told: list[tuple[Verdict, str]] = []
    falls, rises = (max(bound, LEVEL / _reach(found)) for bound in (NOISE_FALLS, NOISE_RISES))
    if ends is not None and ends > ENDS_WITHIN * resolution:
        told.append(("warn", f"the half-maps end at {ends:.3g} Å, where the halves still agree: they were low-passed, and that, not the "
                             "data, sets the resolution. Try: the unfiltered half-maps of the refinement."))  # fmt: skip
    elif noise_b is not None and noise_b > falls:
        told.append(("warn", f"the noise of the half-maps falls by B = {noise_b:.0f} Å² (usual: below {falls:.0f}): they were "
                             "filtered or blurred, and their B-factor is not the data's. Try: the unfiltered half-maps."))  # fmt: skip
    if noise_b is not None and noise_b < -rises:
        told.append(("warn", f"the noise of the half-maps rises by {-noise_b:.0f} Å² (usual: below {rises:.0f}): they are "
                             "sharpened already. Try: the half-maps as the refinement wrote them."))  # fmt: skip
    elif line is not None and line.interval()[1] < FLATTER:
        told.append(("warn", f"amplitudes rise with resolution, B = {line.b_factor:.0f} ± {line.b_error:.0f} Å², which those of no "
                             "molecule do: the half-maps are sharpened already. Try: unsharpened ones."))  # fmt: skip
    return told


def _of_sharpened(
    found: Spectra, first: Volume, second: Volume, mask: Tensor, sharpened: Volume, resolution: float
) -> tuple[FallOff | None, float | None]:  # fmt: skip
    """B of the signal in the sharpened map, and the share of its power from 10 Å, or half of its frequencies, on that is noise.

    The map's own gain by shell is its power over that of the halves' mean; noise has undergone the same gain.
    """
    total = shell_average(rfftn(0.5 * (first.values + second.values).float() * mask).abs() ** 2, first.shape).cpu()
    power = shell_average(rfftn(sharpened.values.float() * mask).abs() ** 2, first.shape).cpu()
    gain = power / total.clamp_min(1e-300)
    # The figure of merit makes the fall of a map's own end: amplitudes are judged before it, where the signal outweighs the noise.
    sure = found.signal > found.noise
    signal = torch.where(sure, found.signal * gain, 0.0)
    line = signal_fall_off(Spectra(found.k, signal, found.noise * gain, found.samples), resolution)
    rows = found.k >= min(1 / COARSEST, 0.5 / resolution)
    every = power[rows].clamp_min(0) * found.samples[rows]
    noise = (found.noise * gain)[rows] * found.samples[rows]
    return line, float(noise.sum() / every.sum()) if float(every.sum()) > 0 else None


def _too_far(line: FallOff | None, share: float | None) -> list[tuple[Verdict, str]]:
    told: list[tuple[Verdict, str]] = []
    if share is not None and share > NOISE_SHARE:
        told.append(("fail", f"{100 * share:.0f} % of the finer detail of the sharpened map is noise (at most "
                             f"{100 * NOISE_SHARE:.0f} %): it is over-sharpened. Try: a smaller B-factor."))  # fmt: skip
    if line is not None:
        rise = -line.interval()[1] / (4 * line.fit_range[1] ** 2)
        if rise > math.log1p(SHARPENED_TOO_FAR):
            told.append(("warn", f"the sharpened map's amplitudes at {line.fit_range[1]:.3g} Å are {math.exp(rise):.1f} times a "
                                 "molecule's or more: it is over-sharpened. Try: a smaller B-factor."))  # fmt: skip
    return told


def _sound(line: FallOff | None, after: FallOff | None, share: float | None) -> str:
    fall = "too few shells hold signal for a B-factor"
    if line is not None:
        fall = f"amplitudes fall by B = {line.b_factor:.0f} ± {line.b_error:.0f} Å²"
    if share is None:
        return f"{fall}; the half-maps are neither filtered nor sharpened."
    level = "" if after is None else f" and is within {abs(after.b_factor):.0f} Å² of a molecule's amplitudes"
    return f"{fall}; the sharpened map is {100 * share:.0f} % noise in its finer detail (at most {100 * NOISE_SHARE:.0f} %){level}."
