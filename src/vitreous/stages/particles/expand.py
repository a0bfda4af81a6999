"""Symmetry expansion: every particle as often as its symmetry sees it, so that one subunit a row can be looked at by itself."""

from __future__ import annotations

import numpy as np
import torch

from vitreous.data.particles import Particles
from vitreous.errors import InputError, require
from vitreous.numerics.symmetry import Symmetry

#: The column that says from which row (1-based) of the particles given a row comes.
ORIGIN = "vitreousExpandedFrom"


def expand(particles: Particles, group: Symmetry) -> Particles:
    """Rows times the group's order, with poses R g: particle after particle, its own pose first.

    A map with V(g r) = V(r) looks the same at R and at R g, so C1 work on the expanded rows is work on asymmetric units. Copies of a
    particle share its noise: they keep its half-set, and rows are no more independent than particles.

    Raises
    ------
    InputError
        If the group is C1, or the particles have no poses or are expanded already.
    """
    require(group.order > 1, "symmetry", group.name, "a group of more than one rotation", instead="D2")
    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot …) to be expanded. Try: vitreous refine first.")
    if ORIGIN in particles.extra:
        raise InputError(f"particles must be one row a particle; these are expanded already (column {ORIGIN}). Try: the set before it.")
    rows = np.repeat(np.arange(len(particles)), group.order)
    turned = torch.einsum("nij,gjk->ngik", torch.from_numpy(particles.rotation).double(), group.matrices).reshape(-1, 3, 3)
    many = particles.take(rows)
    return many.with_(rotation=turned.numpy(), extra={**many.extra, ORIGIN: rows + 1})
