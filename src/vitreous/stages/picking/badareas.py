"""Areas of a micrograph where nothing should be picked: crystals of ice, carbon, dirt that is larger than a particle.

Such areas differ from the rest in their local mean or their local variance by far more than particles make them
differ, and a disc larger than a particle fits into them: a lone, strong particle is no bad area.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.areas import blurred, distance_to, opened, robust_distance

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
        ``(y, x)``, a scaled-down micrograph without its :func:`~vitreous.numerics.areas.tilted_plane`, before flattening.
    across
        Particle diameter in its pixels.

    Returns
    -------
    Tensor
        float32 ``(y, x)``, 1 good, 0 bad; all good if less than a tenth would be.
    """
    level = robust_distance(blurred(image, across / 6)).abs() > LIMIT
    fine = image - blurred(image, across / 6)
    cap = 4 * fine.square().mean().sqrt()
    rough = robust_distance(blurred(fine.clamp(-cap, cap).square(), across / 4).clamp_min(1e-12).log()).abs() > LIMIT
    bad = opened(level, LEVEL_LEAST * across) | opened(rough, ROUGH_LEAST * across)
    good = (distance_to(bad) > MARGIN * across).to(image.dtype)
    return good if good.mean() >= 0.1 else torch.ones_like(good)
