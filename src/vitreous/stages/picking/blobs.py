"""Picking without a template: the particle's diameter is all that is given.

1. Scale the micrograph so that a particle is 24 pixels wide; leave out ice and carbon; flatten.
2. Whiten the noise; correlate locally with discs; average the best peaks into a round template; correlate with that; twice.
3. Do the same with decoys, pictures of Gaussian noise that have the spectrum of the micrograph's noise. Accept peaks
   down to the score at which decoys say that a twentieth of them are noise.
4. Measure the noise again without the accepted particles and repeat from 2 until their number settles. In a crowded
   micrograph the first spectrum is mostly particles, so the first threshold is too high; it falls as they are taken out.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.picks import Picks
from vitreous.stages.picking.search import disc_search
from vitreous.stages.picking.settle import picks, prepare, settle


def pick_blobs(image: Tensor | np.ndarray, pixel_size: float, diameter: float, params: PickParams | None = None) -> Picks:
    """Find globular particles of one diameter.

    Parameters
    ----------
    image
        Micrograph, ``(y, x)``.
    pixel_size
        Å per pixel, positive.
    diameter
        Longest diameter of the particle, Å; a fifth too much or too little does little harm.
    params
        Contrast, tolerated share of noise, spacing.

    Returns
    -------
    Picks
        Best first; none where nothing stands out from noise.

    Raises
    ------
    InputError
        If the particle does not fit into the micrograph, or this has no contrast or values that are not finite.
    """
    params = params or PickParams()
    ready = prepare(image, pixel_size, diameter, params)
    return picks(ready, settle(ready, disc_search(params), params), params)
