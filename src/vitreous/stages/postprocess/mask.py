"""A soft mask around the particle, with every number taken from the half-maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.numerics.filters import low_pass, radius, soft_disc
from vitreous.reconstruct.support import pieces, soften, surface_level
from vitreous.stages.postprocess.check import check_halves
from vitreous.stages.postprocess.resolution import agreement

#: Å: the mask follows the map at the first of these, or at twice the map's own resolution up to the second, or at that.
USUAL_LOWPASS, COARSE_LOWPASS = 15.0, 30.0
#: Standard deviations of the noise, at that resolution, that the surface lies above.
NOISE_FLOOR = 4.0
#: Voxels that the mask reaches beyond the surface at least, and that its soft edge has at least.
LEAST_EXTENSION, LEAST_EDGE = 2.0, 6.0
#: The farthest that it reaches beyond the surface for the sake of a coarse resolution, Å, and the widest edge, part of the box.
MOST_EXTENSION, MOST_EDGE = 8.0, 0.1
#: Parts of the box's side: within the first a particle is sought and noise measured, from the second there is solvent only, if
#: anywhere, and the third is the radius of the ball that stands in for a mask.
SEEN, RIM, FALLBACK = 0.48, 0.42, 0.4
#: Negative excursions so much larger than positive ones mean that the contrast is inverted.
INVERTED = 1.5


@dataclass(frozen=True, eq=False)
class SolventMask:
    """A mask and why it is as it is.

    Parameters
    ----------
    values
        float32 in [0, 1], 0 at the border of the box.
    fraction
        Mean of ``values``: the share of the box.
    found
        False if nothing stood out from the noise: then it is a ball.
    inverted
        The particle is darker than its surroundings; the mask was made from minus the map.
    lowpass
        Å of the map whose surface it follows.
    threshold
        Density of that surface.
    noise
        Standard deviation of the noise of that map. All three are NaN for a ball.
    extension, edge
        Å beyond the surface where it is 1, and where it then falls to 0.
    """

    values: Tensor
    fraction: float
    found: bool
    inverted: bool
    lowpass: float
    threshold: float
    noise: float
    extension: float
    edge: float

    @property
    def reason(self) -> str:
        """The same in a sentence."""
        if not self.found:
            return f"nothing stands out from the noise, so the mask is a ball of {2 * FALLBACK:g} of the box"
        clear = self.threshold / max(self.noise, 1e-30)
        return (
            f"the particle is what lies above {self.threshold:.3g} in the map at {self.lowpass:.3g} Å, {clear:.3g} times its noise; "
            f"the mask reaches {self.extension:.3g} Å beyond, then falls over {self.edge:.3g} Å; it fills "
            f"{100 * self.fraction:.1f} % of the box"
        )


def solvent_mask(first: Volume, second: Volume, *, symmetry_order: int = 1) -> SolventMask:
    """Make a mask around the particle.

    Parameters
    ----------
    first, second
        Half-maps, cubes of one size and scale; particle bright.
    symmetry_order
        Rotations of the point group that was imposed on them.

    Returns
    -------
    SolventMask
        1 on the particle and some Å around it, then a cosine edge, 0 at the border. A ball where the halves do not agree: a mask
        made from the peaks of noise would make them.

    Raises
    ------
    InputError
        If the half-maps cannot be compared.

    Notes
    -----
    The sum of the halves is low-passed. Noise is the root mean square of their difference after the same filter. The threshold
    is midway between the means of what is below and above it (Ridler & Calvard 1978, IEEE Trans. SMC 8:630, the fixed point of
    Otsu's criterion), and at least four standard deviations of noise above the solvent at the rim. Small pieces go, small holes
    are filled.
    """
    check_halves(first, second)
    voxel, size, agreed = first.voxel_size, first.shape[0], agreement(first, second, GOLD_STANDARD, symmetry_order)
    if agreed is None:
        return _no_mask(first)
    lowpass = max(USUAL_LOWPASS, min(2 * agreed, COARSE_LOWPASS), agreed, 4 * voxel)
    total, inverted = upright(low_pass(0.5 * (first.values + second.values).float(), lowpass, voxel, axes=3).cpu())
    noise = _noise(first, second, lowpass)
    ball = _ball(size)
    rim = float(total[ball & (radius(first.shape) > RIM * size)].median())
    threshold = max(surface_level(total[ball]), rim + NOISE_FLOOR * noise)
    particle = pieces((total >= threshold).numpy() & ball.numpy())
    extension = max(LEAST_EXTENSION * voxel, min(agreed, MOST_EXTENSION))
    edge = max(LEAST_EDGE * voxel, min(2 * agreed, MOST_EDGE * size * voxel))
    if particle.sum() * voxel**3 < math.pi / 6 * lowpass**3:
        return _no_mask(first)
    values = within_box(soften(particle, extension / voxel, edge / voxel)).to(first.values.device)
    return SolventMask(
        values=values, fraction=float(values.mean()), found=True, inverted=inverted, lowpass=lowpass, threshold=threshold, noise=noise,
        extension=extension, edge=edge,
    )  # fmt: skip


def _no_mask(like: Volume) -> SolventMask:
    values = soft_disc(like.shape, FALLBACK * like.shape[0] - LEAST_EDGE, LEAST_EDGE).to(like.values.device)
    nothing = math.nan
    return SolventMask(values=values, fraction=float(values.mean()), found=False, inverted=False, lowpass=nothing, threshold=nothing,
                       noise=nothing, extension=0.0, edge=LEAST_EDGE * like.voxel_size)  # fmt: skip


def upright(values: Tensor) -> tuple[Tensor, bool]:
    """The map with its particle bright, and whether it had to be turned over for that."""
    ball = values[_ball(values.shape[0])]
    inverted = bool(-ball.min() > INVERTED * ball.max())
    return (-values if inverted else values), inverted


def _ball(size: int) -> Tensor:
    return radius((size,) * 3) < SEEN * size


def _noise(first: Volume, second: Volume, lowpass: float) -> float:
    """Standard deviation of the noise in the mean of the halves at ``lowpass`` Å, where the halves are not masked already."""
    difference = low_pass(0.5 * (first.values - second.values).float(), lowpass, first.voxel_size, axes=3)
    held = (first.values != 0) | (second.values != 0)
    return float(difference[held & _ball(first.shape[0]).to(held.device)].square().mean().sqrt())


def within_box(mask: Tensor) -> Tensor:
    """The mask times a soft ball that ends one voxel before the border."""
    size = mask.shape[0]
    edge = min(LEAST_EDGE, size / 8)
    return mask * soft_disc(mask.shape, size / 2 - 1 - edge, edge)
