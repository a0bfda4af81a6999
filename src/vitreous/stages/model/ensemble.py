"""How far independent models of one map differ: what the map leaves open (Herzik, Fraser & Lander 2019, Structure 27:344)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitreous.data.atomic_model import AtomicModel
from vitreous.errors import require


def fit_variability(models: list[AtomicModel]) -> NDArray[np.float64]:
    """Root mean square distance of each residue's atoms from their mean places, Å, ``(r,)``.

    √( Σ_models Σ_atoms |r − r̄|² / ((N − 1) · atoms) ): the models are not moved, since all were fitted to the same map.

    Raises
    ------
    InputError
        If there are fewer than two models or their atoms differ.
    """
    require(len(models) > 1, "models of an ensemble", len(models), "two or more")
    first = models[0]
    for number, other in enumerate(models[1:], 2):
        same = len(other) == len(first) and bool((other.names == first.names).all() and (other.residues == first.residues).all())
        require(same, f"model {number} of the ensemble", f"{len(other)} atoms", f"of the atoms of the first, in its order ({len(first)})",
                instead="write all models with the same atoms")  # fmt: skip
    places = np.stack([model.positions for model in models])
    square = ((places - places.mean(0)) ** 2).sum(2).sum(0) / (len(models) - 1)
    _, where = np.unique(first.residue_index, return_inverse=True)
    return np.sqrt(np.bincount(where, square) / np.bincount(where))
