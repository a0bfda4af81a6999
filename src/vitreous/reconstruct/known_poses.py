"""Images at known poses put into one half ball, as central slices or as the two pieces of the Ewald sphere that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import Disc
from vitreous.reconstruct.ewald import insert_sidebands
from vitreous.reconstruct.weighing import Block, Lens, lens, spectra_of, weighed


def lenses(particles: Particles, disc: Disc, diameter: float) -> list[Lens]:
    """One :class:`~vitreous.reconstruct.weighing.Lens` an optics group, for an object of ``diameter`` Å."""
    return [lens(disc, optics, diameter) for optics in particles.optics]


def insert_block(
    sums: BentInsertion, images: Tensor, particles: Particles, group_lens: Sequence[Lens], inverse_variance: Tensor, *, beam: int
) -> None:
    """Add images at the poses of their particles.

    Parameters
    ----------
    sums
        Where to.
    images
        float32 ``(b, n, n)`` as stored, n even or odd.
    particles
        The same b, with defocus, rotation and shift.
    group_lens
        Of each optics group, from :func:`lenses`.
    inverse_variance
        1 / σ² of a real component in each shell, float32 ``(b, shells)``.
    beam
        0: slices are flat; 1 or −1: they are bent, electrons travelling towards +z or −z.
    """
    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    whole = Block(
        spectra_of(images, -1.0 if particles.contrast == "bright" else 1.0), torch.from_numpy(shift / particles.pixel_size),
        torch.from_numpy(particles.defocus), inverse_variance,
    )  # fmt: skip
    rotation = torch.from_numpy(particles.rotation)
    for g in np.unique(particles.group):
        rows = torch.from_numpy(np.flatnonzero(particles.group == g))
        part = whole if len(rows) == len(particles) else replace(
            whole, **{name: getattr(whole, name)[rows] for name in ("spectra", "shift", "defocus", "inverse_variance")}
        )  # fmt: skip
        if beam:
            insert_sidebands(sums, rotation[rows], part, group_lens[g], beam)
        else:
            sums.add(rotation[rows], *weighed(part, group_lens[g]), group_lens[g].disc)
