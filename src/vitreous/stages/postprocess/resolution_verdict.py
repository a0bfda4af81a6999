"""Whether a curve falls once and stays down, and how well the resolution that it gives is known."""

from __future__ import annotations

import math

from vitreous.data.check import Check
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.correlation_statistics import pooled_deviation
from vitreous.stages.postprocess.fsc import FscCurves
from vitreous.stages.postprocess.resolution import Resolution

#: Standard errors beyond which chance is no explanation.
CERTAIN = 5.0
#: Width of the 95 % interval over the resolution: at a half its ends show different things, strands or only domains. Good pairs in boxes
#: of 56 voxels, with four times as much noise as signal, reach 0.48.
WIDE = 0.5
#: Consecutive shells above the threshold, their whole intervals, that make a second rise; what remains of a curve at its end.
RISE, REMAINS = 3, 0.1


def judge_resolution(curves: FscCurves, found: Resolution | None) -> Check:
    """Whether the corrected curve falls once and stays down, and the resolution is known well.

    Parameters
    ----------
    curves, found
        Correlations, and the resolution at 1/7.

    Returns
    -------
    Check
        "resolution": fail where the halves agree no better than noise; warn where the curve never falls, rises again above 1/7 over
        three shells or more, ends above 0.1, or the 95 % interval is wider than half the value.
    """
    if found is None:
        return Check("resolution", "fail", "the half-maps agree no better than noise does: there is no resolution to state. Try: look at "
                     "the particles and their alignment.")  # fmt: skip
    width = (found.coarser - found.finer) / found.value
    rise, left = _second_rise(curves, found), _remainder(curves, found)
    numbers = {"resolution_angstrom": round(found.value, 3),
               "resolution_interval_angstrom": [round(found.finer, 3), round(found.coarser, 3)],
               "interval_over_value": round(width, 4), "rises_again_at_angstrom": rise and round(rise, 2),
               "mean_at_the_end": left and round(left, 3)}  # fmt: skip
    said = f"{found.value:.3g} Å (95 %: {found.finer:.3g} to {found.coarser:.3g} Å)"
    if found.at_limit:
        return Check("resolution", "warn", f"the curve never falls below 1/7: {said} is what the voxels can hold, or the half-maps are not "
                     "independent. Try: smaller voxels.", numbers)  # fmt: skip
    if rise is not None:
        return Check("resolution", "warn", f"{said}, but the curve rises above 1/7 again near {rise:.3g} Å: a CTF, mask or duplicate-"
                     "particle error, more likely than signal. Try: look at the curve without a mask.", numbers)  # fmt: skip
    if left is not None and left > REMAINS:
        return Check("resolution", "warn", f"{said}, but beyond it the halves go on correlating by {left:.2f} on average, above "
                     f"{REMAINS:g}: they share noise or a mask. Try: half-sets that were never mixed.", numbers)  # fmt: skip
    if width > WIDE:
        return Check("resolution", "warn", f"{said}: the interval is {100 * width:.0f} % of the value, above {100 * WIDE:.0f} %. Quote the "
                     "interval, not the value alone. Try: more particles, or a mask with less solvent.", numbers)  # fmt: skip
    return Check("resolution", "pass", f"{said}; the curve falls once and stays down.", numbers)


def _second_rise(curves: FscCurves, found: Resolution) -> float | None:
    """Å at which a run of shells beyond the crossing begins whose whole interval is above 1/7; None without one."""
    run = 0
    for shell in range(math.ceil(1 / (found.value * curves.spacing)) + 1, len(curves.k)):
        run = run + 1 if float(curves.low[shell]) > GOLD_STANDARD else 0
        if run == RISE:
            return 1 / ((shell - RISE + 1) * curves.spacing)
    return None


def _remainder(curves: FscCurves, found: Resolution) -> float | None:
    """Mean correlation beyond one and a half times the crossing's frequency where it is certain; None where it may be chance."""
    start = math.ceil(1.5 / (found.value * curves.spacing))
    r, n = curves.corrected[start:], curves.samples[start:]
    if len(r) < RISE or pooled_deviation(r, n) < CERTAIN:
        return None
    return float((r * n).sum() / n.sum())
