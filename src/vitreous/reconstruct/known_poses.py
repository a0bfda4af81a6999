"""Images at known poses put into one half ball, as central slices or as the two pieces of the Ewald sphere that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import require
from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import Disc
from vitreous.physics.corrected import require_undoable
from vitreous.physics.ctf import ctf_grid
from vitreous.reconstruct.ewald import insert_sidebands
from vitreous.reconstruct.weighing import Block, Lens, lens, spectra_of, weighed

#: Least |c| that stored products are divided by.
LEAST_DIVISOR = 1e-4


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

    Raises
    ------
    InputError
        If the images were corrected for the CTF in a way that cannot be undone.
    """
    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    spectra = spectra_of(images, -1.0 if particles.contrast == "bright" else 1.0)
    whole = Block(
        _before_correction(spectra, particles, beam), torch.from_numpy(shift / particles.pixel_size), torch.from_numpy(particles.defocus),
        inverse_variance,
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


def _before_correction(spectra: Tensor, particles: Particles, beam: int) -> Tensor:
    """Spectra as they were before images were corrected for the CTF.

    Images multiplied by −c are divided by it again, whatever becomes of their noise at the zeros: what is inserted is multiplied by c
    anyway, unless the sidebands go different ways.
    """
    for g, optics in enumerate(particles.optics):
        rows = torch.from_numpy(np.flatnonzero(particles.group == g))
        if optics.correction == "none" or not len(rows):
            continue
        require(beam == 0 or optics.correction == "flipped", "the Ewald sphere", f"images that are {optics.correction}",
                "asked for with images as recorded or phase-flipped", instead="--no-ewald")  # fmt: skip
        require_undoable(optics)
        c = ctf_grid(torch.from_numpy(particles.defocus)[rows], optics, (spectra.shape[-2],) * 2).float()
        sign = torch.where(c > 0, 1.0, -1.0)
        spectra[rows] /= -sign if optics.correction == "flipped" else -sign * c.abs().clamp_min(LEAST_DIVISOR)
    return spectra
