"""Areas of a micrograph where nothing should be picked: crystals of ice, carbon, dirt that is larger than a particle.

Such areas differ from the rest in their local mean or their local variance by far more than particles make them
differ, and a disc larger than a particle fits into them: a lone, strong particle is no bad area.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.filters import apply, gaussian
from vitreous.numerics.fourier import frequency_squared

LIMIT = 6.0
"""Robust standard deviations from the median: a Gaussian field of a thousand independent areas exceeds 4 once in 16 times."""
LEAST = 0.8
"""Radius, in particle diameters, of the disc that must fit into a bad area."""
MARGIN = 0.3
"""How much farther than its outlying pixels a bad area reaches, in particle diameters."""


def good_areas(image: Tensor, across: float) -> Tensor:
    """Mark the pixels that can be trusted.

    Parameters
    ----------
    image
        ``(y, x)``, a scaled-down micrograph before flattening.
    across
        Particle diameter in its pixels.

    Returns
    -------
    Tensor
        float32 ``(y, x)``, 1 good, 0 bad; all good if less than a tenth would be.
    """
    level = _blur(image - _tilted_plane(image), across / 3)
    fine = image - _blur(image, across / 6)
    roughness = _blur(fine**2, across / 2).clamp_min(1e-12).log()
    bad = (_outlying(level) > LIMIT) | (_outlying(roughness) > LIMIT)
    core = _distance(~bad) > LEAST * across
    if not core.any():
        return torch.ones_like(image)
    good = (_distance(core) > (LEAST + MARGIN) * across).to(image.dtype)
    return good if good.mean() >= 0.1 else torch.ones_like(good)


def _distance(zero: Tensor) -> Tensor:
    """Distance of every pixel to the nearest one where ``zero`` is true; beyond the picture's edge nothing is known."""
    from scipy.ndimage import distance_transform_edt

    if not zero.any():
        return torch.full(zero.shape, float("inf"))
    return torch.as_tensor(distance_transform_edt(~zero.numpy()), dtype=torch.float32)


def _blur(image: Tensor, sigma: float) -> Tensor:
    """Gaussian blur; the picture is mirrored at its edges."""
    y, x = image.shape
    reach = min(int(3 * sigma) + 1, y - 1, x - 1)
    padded = torch.nn.functional.pad(image[None, None], (reach,) * 4, mode="reflect")[0, 0]
    k = frequency_squared(padded.shape, like=padded).sqrt()
    return apply(padded, gaussian(k, 1 / (2 * torch.pi * sigma)), axes=2)[reach : reach + y, reach : reach + x]


def _tilted_plane(image: Tensor) -> Tensor:
    """Plane through the medians of rows and of columns: a wedge of ice is not an outlier."""
    out = torch.zeros_like(image)
    for axis in (0, 1):
        line = image.median(1 - axis).values
        at = torch.arange(len(line), dtype=image.dtype) - (len(line) - 1) / 2
        slope = (at * (line - line.mean())).sum() / (at**2).sum()
        out = out + (slope * at).unsqueeze(1 - axis)
    return out


def _outlying(values: Tensor) -> Tensor:
    """Distance from the median in robust standard deviations (1.4826 MAD)."""
    distance = (values - values.median()).abs()
    return distance / (1.4826 * distance.median()).clamp_min(1e-12)
