"""Whether a mask is soft, inside the box, wide enough, and made without the noise that it is to judge."""

from __future__ import annotations

import math

from torch import Tensor

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.correlation_statistics import pooled_deviation
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_correlation
from vitreous.stages.postprocess.fsc import FscCurves
from vitreous.stages.postprocess.resolution import Resolution, first_crossing

#: Standard errors beyond which chance is no explanation.
CERTAIN = 5.0
#: Voxels over which a mask must fall; less makes ripples over all shells.
SOFT = 2.0
#: Correlation of randomised phases where the curve crosses: above the first the mask makes part of the agreement, above the second
#: most of what the criterion asks for.
MASK_MAKES, MASK_MAKES_MOST = 0.1, 0.3
#: Correlation of the mask with the map's detail beyond the resolution.
FOLLOWS_NOISE = 0.05
#: Relative loss of resolution under a mask that says that the mask cuts the particle.
CUTS = 0.05


def judge_mask(mask: Tensor, first: Volume, second: Volume, curves: FscCurves, found: Resolution | None) -> Check:
    """Whether a mask is soft, inside the box, wide enough, and made without the noise it is to judge.

    Parameters
    ----------
    mask
        In [0, 1].
    first, second
        The half-maps.
    curves, found
        Their correlations under the mask, and the resolution at 1/7.

    Returns
    -------
    Check
        "mask": fail where it follows the map's noise or phases made random correlate by more than 0.3 where the curve crosses; warn
        above 0.1, where its edge is narrower than two voxels, it reaches the border of the box, or it cuts the particle. Fail, too,
        where the halves agree without it and nowhere inside it.
    """
    edge, border = edge_width(mask), _border(mask)
    share = _share_at_crossing(curves, found)
    follows, deviation = _follows_noise(mask, first, second, curves)
    unmasked = first_crossing(curves.unmasked, GOLD_STANDARD)
    without = 1 / (unmasked * curves.spacing) if unmasked else None
    numbers = {"edge_voxels": edge and round(edge, 2), "border_maximum": round(border, 3), "fraction": round(float(mask.mean()), 4),
               "randomised_at_crossing": round(share, 3), "correlation_with_noise": round(follows, 3),
               "correlation_with_noise_sigmas": round(deviation, 1),
               "resolution_unmasked_angstrom": without and round(without, 3)}  # fmt: skip
    if edge is None:
        return Check("mask", "pass", "no mask: the whole box was compared.", numbers)
    if without and found is None:
        return Check("mask", "fail", f"the halves agree to {without:.3g} Å without it and nowhere inside it: it does not lie on the "
                     "particle. Try: a mask made from this map, of its box and origin.", numbers)  # fmt: skip
    if deviation > CERTAIN and follows > FOLLOWS_NOISE:
        return Check("mask", "fail", f"it follows detail of the map finer than its resolution (correlation {follows:.2f}, above "
                     f"{FOLLOWS_NOISE:g}): it was cut from the noise that it is to judge, which no correction undoes. Try: a mask from the "
                     "map low-passed to 15 Å, with a soft edge.", numbers)  # fmt: skip
    if share > MASK_MAKES:
        return Check("mask", "fail" if share > MASK_MAKES_MOST else "warn", f"phases made random still correlate by {share:.2f} where the "
                     f"curve crosses, more than {MASK_MAKES:g}: the mask makes part of the agreement. Try: a wider mask with a softer "
                     "edge.", numbers)  # fmt: skip
    if edge < SOFT:
        return Check("mask", "warn", f"its edge is {edge:.1f} voxels wide, less than {SOFT:g}: a hard edge makes the halves agree by "
                     "itself. Try: a soft edge of 6 voxels.", numbers)  # fmt: skip
    if border > 0.01:
        return Check("mask", "warn", f"it reaches {border:.2f} at the border of the box, where it must be 0: the particle or its mask is "
                     "cut off, and the map's opposite sides touch. Try: a larger box or a tighter mask.", numbers)  # fmt: skip
    if found and without and without < (1 - CUTS) * found.value:
        return Check("mask", "warn", f"the halves agree to {without:.3g} Å without it and to {found.value:.3g} Å with it: it cuts the "
                     "particle. Try: a wider one.", numbers)  # fmt: skip
    return Check("mask", "pass", f"soft over {edge:.1f} voxels, free of the border; phases made random correlate by {share:.2f} where the "
                 f"curve crosses (below {MASK_MAKES:g}).", numbers)  # fmt: skip


def edge_width(mask: Tensor) -> float | None:
    """Voxels over which a mask falls from 1 to 0: what lies between 0.05 and 0.95 over the area of its surface; None without one.

    The surface is where it crosses 1/2: faces between voxels, of which a slanted surface shows 3/2 times its area on average. A
    cosine edge holds 0.71 of its width between those values.
    """
    inside = mask > 0.5
    faces = sum(int((inside.narrow(d, 1, mask.shape[d] - 1) != inside.narrow(d, 0, mask.shape[d] - 1)).sum()) for d in range(3))
    between = int(((mask > 0.05) & (mask < 0.95)).sum())
    return between / (faces / 1.5) / 0.71 if faces else None


def _border(mask: Tensor) -> float:
    return max(float(mask.select(d, at).max()) for d in range(3) for at in (0, -1))


def _share_at_crossing(curves: FscCurves, found: Resolution | None) -> float:
    if found is None:
        return 0.0
    where = min(round(1 / (found.value * curves.spacing)), len(curves.k) - 1)
    near = curves.phase_randomised[max(1, where - 1) : where + 2]
    return float(near.mean()) if where >= curves.randomised_from else 0.0


def _follows_noise(mask: Tensor, first: Volume, second: Volume, curves: FscCurves) -> tuple[float, float]:
    """Correlation of mask and map over the shells beyond what the unmasked halves agree on, and its standard deviations."""
    beyond = first_crossing(curves.unmasked, GOLD_STANDARD)
    start = min(len(curves.k) - 2, math.ceil(1.2 * beyond) if beyond else len(curves.k) - 2)
    total = rfftn((first.values + second.values).float())
    both = shell_correlation(rfftn(mask.to(first.values).float()), total, first.shape).cpu()
    r, n = both[start:], curves.unmasked_samples[start:]
    return float((r * n).sum() / n.sum()), pooled_deviation(r, n)
