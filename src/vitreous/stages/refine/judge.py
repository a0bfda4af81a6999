"""What can be wrong with a refinement that ended well: a start without features, the other hand, unlike directions, lost poses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vitreous.numerics.chirality import invert
from vitreous.numerics.directional import UNLIKE, DirectionalFsc
from vitreous.numerics.filters import low_pass
from vitreous.numerics.fourier import axis_frequencies, irfftn, rfftn
from vitreous.numerics.map_align import centre

#: Share of a reference's variance that must change with direction. Smoothed balls on grids of 32 to 128 voxels had up to 0.008 (the
#: filter's ripples meet themselves at the faces of the box); a round icosahedral phantom at 40 Å had 0.03, a ribosome's head 0.3.
LEAST_FEATURES = 0.01
#: By so much one hand must correlate better with the reference to be called its own.
HAND_MARGIN = 0.02

UNEVEN = (
    "the map is not equally sharp in all directions: the halves agree to {best:.1f} Å along the best and to {worst:.1f} Å along the worst "
    "(FSC 0.5 in cones of 20°; area ratio {ratio:.2f}, even views give 0.7 to 1). The views are preferred: the map is smeared along "
    "({x:.2f}, {y:.2f}, {z:.2f}). Try: a tilted stage, another grid or a detergent, or fewer of the commonest views."
)
MIRRORED = (
    "the map is the mirror image of the reference given (correlation {same:.2f}, with its mirror image {other:.2f}): images cannot tell "
    "the hand, and of the two the one of positive twist is given. Try: --hand found, if the reference's hand is known to be right."
)


def features(reference: Tensor, voxel_size: float, lowpass: float) -> float:
    """Share of the variance of a cubic map, smoothed to ``lowpass`` Å, that its distance from the centre does not explain, 0 to 1.

    A ball, a shell or any map that looks the same from everywhere has 0, wherever it lies. Only voxels at exactly the same distance
    are compared, in the largest ball that the box holds.
    """
    smooth = low_pass(reference.double(), lowpass, voxel_size, axes=3)
    values = _to_centre(smooth)
    line = torch.arange(len(values)) - len(values) // 2
    squared = line[:, None, None] ** 2 + line[:, None] ** 2 + line**2
    inside = squared <= (len(values) // 2 - 1) ** 2
    kept, group = values[inside], squared[inside]
    count = torch.bincount(group).clamp_min(1)
    mean = torch.zeros(len(count), dtype=torch.float64).index_add_(0, group, kept) / count
    whole = float(((kept - kept.mean()) ** 2).sum())
    return float(((kept - mean[group]) ** 2).sum()) / whole if whole > 0 else 0.0


def _to_centre(volume: Tensor) -> Tensor:
    """The map moved so that the centre of mass of what stands out is at voxel n // 2: by whole voxels, then by their parts."""
    volume = centre(volume - volume.flatten().median())
    mass, size = volume.clamp_min(0.3 * float(volume.max())) - 0.3 * float(volume.max()), len(volume)
    line = (torch.arange(size) - size // 2).double()
    total = mass.sum().clamp_min(1e-300)
    off = [float((mass.sum(other) * line).sum() / total) for other in ((1, 2), (0, 2), (0, 1))]
    kz, ky, kx = axis_frequencies(size, like=volume), axis_frequencies(size, like=volume), axis_frequencies(size, half=True, like=volume)
    angle = 2 * torch.pi * (off[0] * kz[:, None, None] + off[1] * ky[:, None] + off[2] * kx)
    return irfftn(rfftn(volume) * torch.polar(torch.ones_like(angle), angle), tuple(volume.shape))


@dataclass(frozen=True)
class Hand:
    """How a map compares with the reference it came from: correlations with it and with its mirror image, −1 to 1."""

    same: float
    other: float

    @property
    def verdict(self) -> Literal["same", "mirrored", "undecided"]:
        """Which hand of the reference the map has."""
        if abs(self.same - self.other) < HAND_MARGIN:
            return "undecided"
        return "same" if self.same > self.other else "mirrored"


def hand_of(volume: Tensor, reference: Tensor, mask: Tensor, voxel_size: float, resolution: float) -> Hand:
    """Compare a map with a reference and with the mirror image that keeps symmetry axes, down to ``resolution`` Å.

    The map must not have been turned: a refinement keeps the frame of its start.
    """
    smooth = [low_pass(each.float(), resolution, voxel_size, axes=3) * mask for each in (volume, reference, invert(reference))]
    ours, *theirs = (each.flatten() - each.mean() for each in smooth)
    same, other = (float(torch.nn.functional.cosine_similarity(ours, each, 0)) for each in theirs)
    return Hand(same, other)


def unlike_directions(found: DirectionalFsc) -> str | None:
    """Say what is wrong where directions differ; None where they are alike."""
    if found.area_ratio >= UNLIKE:
        return None
    resolution = found.resolution()
    x, y, z = found.ellipsoid()[1][:, 2].tolist()
    return UNEVEN.format(best=float(resolution.min()), worst=float(resolution.max()), ratio=found.area_ratio, x=x, y=y, z=z)
