"""Which hand: the map, or its mirror image, beside a model whose hand is known."""

from __future__ import annotations

from torch import Tensor

from vitreous.data.check import Check
from vitreous.numerics.map_align import align

#: One hand must correlate better with the model by this: two searches of one hand differ by a few thousandths.
MARGIN = 0.02


def judge_hand(density: Tensor, model_density: Tensor, voxel_size: float, resolution: float) -> Check:
    """Search the model's density in the map and in its mirror image; both must share their centre.

    Parameters
    ----------
    density, model_density
        Cubes of one size, masked, ``(n, n, n)``.
    voxel_size
        Å.
    resolution
        Å of the map: the hand shows where it is finer than some 10 Å in helices, and in the shape of the whole at any.
    """
    size = density.shape[-1]
    radius = max(4, min(size // 2 - 1, round(size * voxel_size / max(resolution, 8.0))))
    found = align(model_density, density, radius=radius)
    same, other = (found.other_hand, found.correlation) if found.mirrored else (found.correlation, found.other_hand)
    figures = {"correlation": round(same, 4), "correlation_of_mirror_image": round(other, 4),
               "resolution_used_angstrom": size * voxel_size / radius}  # fmt: skip
    if abs(same - other) < MARGIN:
        return Check("hand", "not done", f"the model fits the map ({same:.2f}) and its mirror image ({other:.2f}) alike; {MARGIN:g} "
                     "must part them. Try: finer detail, or a tilt pair.", figures)  # fmt: skip
    if other > same:
        return Check("hand", "fail", f"the model fits the map's mirror image better ({other:.2f}) than the map ({same:.2f}): the hand "
                     "is wrong. Try: vitreous convert --mirror.", figures)  # fmt: skip
    return Check("hand", "pass", f"the model fits the map better ({same:.2f}) than its mirror image ({other:.2f}).", figures)
