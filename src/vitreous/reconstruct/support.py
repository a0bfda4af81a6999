"""Where in the box a particle is: the level of its surface, its pieces, and a soft mask around them.

Noise outside the particle adds nothing but variance to a slice, and more to a slice's derivatives, which grow with the distance
from the centre. A reference that is zero there refines poses better.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.filters import low_pass, raised_cosine

#: Pieces below this share of the largest one are left out; holes below this share of the particle are filled.
SMALL_PIECE, SMALL_HOLE = 0.1, 0.05
#: Standard deviations of the noise at the rim that the surface lies above.
NOISE_FLOOR = 4.0


def support(volume: Tensor, ball: Tensor, voxel_size: float, *, lowpass: float, extension: float, edge: float) -> Tensor:
    """Soft mask around the particle in one map.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``, particle bright.
    ball
        Soft ball that holds the particle, ``(n, n, n)``; the mask never exceeds it.
    voxel_size
        Å.
    lowpass, extension, edge
        Å: detail at which the surface is drawn, how far beyond it the mask is 1, and over how much it then falls to 0.

    Returns
    -------
    Tensor
        float32 in [0, 1]; the ball itself where nothing of at least the size of ``lowpass`` stands out from the ball's rim.

    Notes
    -----
    The threshold is midway between the means of what is below and above it, and at least four standard deviations of the density
    in the outer tenth of the ball above its median: there is mostly solvent there.
    """
    smooth = low_pass(volume.float() * ball, lowpass, voxel_size, axes=3)
    inner = ball > 0.5
    rim = smooth[(ball > 0.02) & (ball < 0.5)] / ball[(ball > 0.02) & (ball < 0.5)]
    floor = float(rim.median() + NOISE_FLOOR * 1.4826 * (rim - rim.median()).abs().median())
    particle = pieces(((smooth >= max(surface_level(smooth[inner]), floor)) & inner).numpy())
    if particle.sum() * voxel_size**3 < math.pi / 6 * lowpass**3:
        return ball
    return soften(particle, extension / voxel_size, edge / voxel_size) * ball


def surface_level(values: Tensor) -> float:
    """Density midway between the means of what lies below and above it, found from above.

    The fixed point of Otsu's criterion (Ridler & Calvard 1978, IEEE Trans. SMC 8:630).

    Parameters
    ----------
    values
        Densities of a low-passed map in a ball around the particle.
    """
    sample = values.flatten().double()
    solvent = float(sample.median())
    level = solvent + 0.5 * (float(torch.quantile(sample[:: max(1, len(sample) // 1_000_000)], 0.999)) - solvent)
    for _ in range(100):
        above = sample >= level
        if not above.any() or above.all():
            break
        solvent = float(sample[~above].mean())
        following = 0.5 * (solvent + float(sample[above].mean()))
        if abs(following - level) <= 1e-4 * abs(level - solvent):
            break
        level = following
    return level


def soften(inside: np.ndarray, extension: float, edge: float) -> Tensor:
    """1 within ``extension`` voxels of ``inside``, then a cosine edge of ``edge`` voxels, then 0; float32.

    Parameters
    ----------
    inside
        Boolean ``(z, y, x)``, True somewhere.
    extension, edge
        Voxels.
    """
    from scipy.ndimage import distance_transform_edt

    reach = math.ceil(extension + edge) + 1
    window = tuple(
        slice(max(0, along[0] - reach), along[-1] + reach + 1)
        for axis in range(3)
        for along in [np.flatnonzero(inside.any(axis=tuple(a for a in range(3) if a != axis)))]
    )
    distance = torch.from_numpy(distance_transform_edt(~inside[window]).astype(np.float32))
    values = torch.zeros(inside.shape)
    values[window] = raised_cosine(distance, extension + edge / 2, edge)
    return values


def pieces(inside: np.ndarray) -> np.ndarray:
    """The large connected pieces, their small holes filled."""
    from scipy.ndimage import label

    labels, count = label(inside)
    if count == 0:
        return inside
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    particle = (sizes >= SMALL_PIECE * sizes.max())[labels]
    outside, count = label(~particle)
    sizes = np.bincount(outside.ravel(), minlength=count + 1)
    sizes[0] = particle.size
    return particle | (sizes < SMALL_HOLE * particle.sum())[outside]
