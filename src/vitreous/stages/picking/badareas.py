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
LEVEL_LEAST, ROUGH_LEAST = 1.0, 1.3
"""Radius, in particle diameters, of the disc that must fit into an area of outlying level, of outlying roughness. Blurring
widens the mark of one strong particle to these."""
MARGIN = 0.2
"""How much farther than its outlying pixels a bad area reaches, in particle diameters."""


def good_areas(image: Tensor, across: float) -> Tensor:
    """Mark the pixels that can be trusted.

    Parameters
    ----------
    image
        ``(y, x)``, a scaled-down micrograph without its :func:`tilted_plane`, before flattening.
    across
        Particle diameter in its pixels.

    Returns
    -------
    Tensor
        float32 ``(y, x)``, 1 good, 0 bad; all good if less than a tenth would be.
    """
    level = _outlying(_blur(image, across / 6)) > LIMIT
    fine = image - _blur(image, across / 6)
    cap = 4 * fine.square().mean().sqrt()
    rough = _outlying(_blur(fine.clamp(-cap, cap).square(), across / 4).clamp_min(1e-12).log()) > LIMIT
    bad = _opened(level, LEVEL_LEAST * across) | _opened(rough, ROUGH_LEAST * across)
    good = (_distance(bad) > MARGIN * across).to(image.dtype)
    return good if good.mean() >= 0.1 else torch.ones_like(good)


def _opened(bad: Tensor, reach: float) -> Tensor:
    """The part of ``bad`` that discs of radius ``reach`` inside it cover (a morphological opening)."""
    return _distance(_distance(~bad) > reach) <= reach


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


def tilted_plane(image: Tensor) -> Tensor:
    """Plane whose slopes are the medians of differences a quarter of the picture apart: a wedge of ice, not its crystals."""
    out = torch.zeros_like(image)
    for axis, size in enumerate(image.shape):
        lag = max(1, size // 4)
        slope = (image.narrow(axis, lag, size - lag) - image.narrow(axis, 0, size - lag)).median() / lag
        at = torch.arange(size, dtype=image.dtype) - (size - 1) / 2
        out = out + (slope * at).unsqueeze(1 - axis)
    return out


def _outlying(values: Tensor) -> Tensor:
    """Distance from the median in robust standard deviations (1.4826 MAD)."""
    distance = (values - values.median()).abs()
    return distance / (1.4826 * distance.median()).clamp_min(1e-12)
