"""The images that fit best and worst, beside their views and what is left over."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.stages.particle_checks.evidence import Posed
from vitreous.stages.particle_checks.fit import Fit

#: Å: images are shown smoothed to this; their noise is all there is to see otherwise.
SHOWN = 15.0


@dataclass(frozen=True, eq=False)
class Shown:
    """Images to look at, float32 ``(m, size, size)`` each, protein bright.

    Parameters
    ----------
    image, view, residual
        The image, a c T P V, and their difference, all smoothed to 15 Å and moved to the middle.
    rows
        Which particles.
    """

    image: Tensor
    view: Tensor
    residual: Tensor
    rows: Tensor


def residual_images(posed: Posed, fit: Fit, rows: Tensor) -> Shown:
    """Pictures of the particles at ``rows``, in that order."""
    here, disc = posed.take(rows), posed.disc
    radius = max(4, min(fit.radius, here.images.shell(SHOWN)))
    count = disc.within(radius)
    fall = 0.5 + 0.5 * torch.cos(torch.pi * (disc.shell[:count] / radius) ** 2)
    values, c = here.images.block(slice(None), count)
    back = disc.shift_phases(-here.shift)[:, :count]
    view = here.views(count) * c * fit.gain.float()[disc.shell[:count]] * fit.scale.float()[rows, None]
    image, seen = -disc.image(values * back * fall), -disc.image(view * back * fall)
    return Shown(image, seen, image - seen, rows)
