"""Whether the one number of a map stands for most of its places."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from vitreous.data.check import Check, Verdict
from vitreous.data.local_resolution import LocalResolution
from vitreous.errors import require

#: The check's name.
NAME = "local-resolution"
#: Median over the resolution of the whole: near 1 if a map is alike everywhere; beyond these the number speaks for the best part.
WARN_RATIO, FAIL_RATIO = 1.3, 2.0
#: A place is floppy if it is so many times coarser than the whole, and a map if more than this share of its inside is
#: (benchmarks/local_resolution.py).
FLOPPY, MOST_FLOPPY = 1.4, 0.15
#: The inside lies so many times the resolution from the edge of the mask, but is never less than a quarter of it: nearer there is
#: little density to agree on. Of good projects 7 to 25 % of the mask was floppy, nearly all at its rim, and 0 to 11 % of the inside.
RIM, LEAST_INSIDE = 1.0, 0.25
#: Share of places at the coarsest level above which nothing is resolved; in noise alone 0.86 of them are there, on average.
NOTHING = 0.5


def judge_local_resolution(local: LocalResolution, resolution: float, voxel_size: float) -> Check:
    """Compare the places of a map with the resolution that is claimed for the whole.

    Parameters
    ----------
    local
        Local resolution inside a mask.
    resolution
        Å, of the whole map, from the correlation of its half-maps at 1/7.
    voxel_size
        Å.

    Returns
    -------
    Check
        "local-resolution": fails if half of the mask shows nothing or the median of its inside is twice the claim; warns at 1.3 times the
        claim, or if more than 15 % of the inside is 1.4 times coarser.

    Raises
    ------
    InputError
        If the resolution is not positive.
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    values = local.values[inside(local.mask, RIM * resolution / voxel_size)]
    low, median, high = (local.quantile(share) for share in (0.1, 0.5, 0.9))
    floppy = float((values > FLOPPY * resolution).double().mean())
    blank = float((local.values[local.mask] >= 0.999 * float(local.levels[-1])).double().mean())
    inner = float(values.median())
    verdict, reason = _verdict(inner, resolution, floppy, blank)
    figures = {
        "method": local.method, "resolution_angstrom": resolution, "median_angstrom": median, "inside_median_angstrom": inner,
        "tenth_angstrom": low,
        "ninetieth_angstrom": high, "floppy_share": floppy, "unresolved_share": blank,
        "finest_level_angstrom": float(local.levels[0]), "coarsest_level_angstrom": float(local.levels[-1]),
    }  # fmt: skip
    return Check(NAME, verdict, reason, figures)


def inside(mask: Tensor, rim: float) -> Tensor:
    """What of ``mask`` (bool) lies ``rim`` voxels or more from its edge; at least its innermost quarter."""
    depth = distance_transform_edt(mask.numpy())
    return mask & torch.from_numpy(depth >= min(rim, float(np.quantile(depth[mask.numpy()], 1 - LEAST_INSIDE))))


def _verdict(median: float, resolution: float, floppy: float, blank: float) -> tuple[Verdict, str]:
    ratio = median / resolution
    claim = f"the median inside the mask is {median:.3g} Å, {ratio:.2f} times the {resolution:.3g} Å of the whole map"
    if blank > NOTHING:
        return "fail", (f"{100 * blank:.0f} % of the mask shows nothing that noise would not, more than {100 * NOTHING:.0f} %. "
                        "Try: a mask that fits the particle, or the two unfiltered half-maps.")  # fmt: skip
    if ratio > FAIL_RATIO:
        return "fail", (f"{claim}, more than {FAIL_RATIO:g}: the number speaks for the best part only. "
                        "Try: report the local resolution, or classify and refine the rest apart.")  # fmt: skip
    if ratio > WARN_RATIO:
        return "warn", (f"{claim}, more than {WARN_RATIO:g}. Try: look at the picture, and report the range beside the number.")
    if floppy > MOST_FLOPPY:
        return "warn", (f"{100 * floppy:.0f} % of the mask's inside is more than {FLOPPY:g} times coarser than {resolution:.3g} Å, more "
                        f"than {100 * MOST_FLOPPY:.0f} %. Try: 3-D classification or a local refinement of that part.")  # fmt: skip
    return "pass", f"{claim}, and {100 * floppy:.0f} % of it is more than {FLOPPY:g} times coarser than that."
