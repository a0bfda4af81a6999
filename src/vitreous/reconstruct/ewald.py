"""Reconstruction on the Ewald sphere: both sidebands where they come from, and which way the sphere is bent.

References: Russo & Henderson 2018, Ultramicroscopy 187:26; DeRosier 2000, ibid. 81:83.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.bent_slices import BentInsertion
from vitreous.reconstruct.weighing import Block, Lens, weighed


def insert_sidebands(sums: BentInsertion, rotation: Tensor, block: Block, lens: Lens, beam: int) -> None:
    """Add images of a thick object: the sideband of A at kz = −``beam`` · sag, that of B at + ``beam`` · sag.

    ``rotation`` is ``(b, 3, 3)``; ``beam`` 1 where electrons travel towards +z, −1 towards −z (:mod:`vitreous.physics.ewald`).
    """
    for side in (1, -1):
        sums.add(rotation, *weighed(block, lens, side), lens.disc, rise=-side * beam * lens.sag)


@dataclass(frozen=True)
class Curvature:
    """Which way the sphere is bent, by the agreement of half-maps.

    Parameters
    ----------
    beam
        1 or −1: the better sign.
    z_score
        By how many standard deviations the half-maps of the one sign agree better than those of the other; 0 or more.
    """

    beam: int
    z_score: float

    @property
    def confidence(self) -> float:
        """Probability, from ½ to 1, that it is the right one, if either is as likely beforehand."""
        return 0.5 * (1 + math.erf(self.z_score / math.sqrt(2)))


def better_curvature(positive: Tensor, negative: Tensor, open_fraction: float) -> Curvature:
    """Judge two FSC curves of half-maps, made with either sign from the same images.

    Parameters
    ----------
    positive, negative
        FSC by shell ``(s,)``, shell 0 first, of ``beam`` 1 and −1.
    open_fraction
        Share of the box inside the mask of the curves.

    Notes
    -----
    atanh FSC has the variance 1 / (2 n) (Fisher 1915, Biometrika 10:507; n complex coefficients, 2 π s² times the open fraction in shell
    s, are 2 n real ones). Shells are weighted by n. Both curves come from the same noise, which makes their difference surer than
    two independent ones, as it is taken here to be: the confidence is on the safe side.
    """
    shell = torch.arange(1, len(positive), dtype=torch.float64)
    count = 2 * math.pi * shell**2 * open_fraction
    one, other = (torch.atanh(curve[1:].double().clamp(-0.9999, 0.9999)) for curve in (positive, negative))
    z = float((count * (one - other)).sum() / count.sum().sqrt())
    return Curvature(1 if z >= 0 else -1, abs(z))
