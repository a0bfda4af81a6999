"""Rotations of the point groups in RELION's orientations, made by closing their generators under multiplication; without
torch, which a page of a project need not load for them.

Axes, as in RELION's manual (Symmetry): C_n, D_n: n-fold along z, D's 2-fold along x; T: 3-fold along z; O: 4-folds along x, y, z;
I1: 2-fold along x, I2 (also called I): 2-folds along x, y, z (Crowther 222), I3: 5-fold along z,
I4: 5-fold along z of the mirrored setting.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from vitreous.errors import InputError

GOLDEN = (1 + 5**0.5) / 2

#: Generators as (fold, axis).
GENERATORS: dict[str, tuple[tuple[int, tuple[float, float, float]], ...]] = {
    "T": ((3, (0.0, 0.0, 1.0)), (2, (0.0, (2 / 3) ** 0.5, (1 / 3) ** 0.5))),
    "O": ((3, (1.0, 1.0, 1.0)), (4, (0.0, 0.0, 1.0))),
    "I1": ((2, (1.0, 0.0, 0.0)), (5, (GOLDEN, 0.0, -1.0)), (3, (GOLDEN**2, 1.0, 0.0))),
    "I2": ((2, (0.0, 0.0, 1.0)), (5, (1.0, 0.0, GOLDEN)), (3, (0.0, 1.0, GOLDEN**2))),
    "I3": ((2, (-1.0, 0.0, GOLDEN)), (5, (0.0, 0.0, 1.0))),
    "I4": ((2, (1.0, 0.0, GOLDEN)), (5, (0.0, 0.0, 1.0))),
}
ORDERS = {"T": 12, "O": 24, "I1": 60, "I2": 60, "I3": 60, "I4": 60}


def group_rotations(name: str) -> tuple[str, NDArray[np.float64]]:
    """The group called ``name`` (Cn, Dn, T, O, I (= I2), I1, I2, I3, I4): its usual name, and ``(order, 3, 3)``, the identity first.

    Raises
    ------
    InputError
        If there is no such group.

    >>> group_rotations("I")[0]
    'I2'
    """
    label = name.strip().upper()
    label = "I2" if label == "I" else label
    if label in GENERATORS:
        turns, order = GENERATORS[label], ORDERS[label]
    else:
        match = re.fullmatch(r"([CD])([1-9]\d{0,2})", label)
        if not match:
            raise InputError(f"symmetry must be one of C1, C2, …, D1, D2, …, T, O, I, I1, I2, I3, I4; got {name!r}. Try: C1.")
        fold, dihedral = int(match[2]), match[1] == "D"
        turns = ((fold, (0.0, 0.0, 1.0)), *(((2, (1.0, 0.0, 0.0)),) if dihedral else ()))
        order = 2 * fold if dihedral else fold
    generators = [Rotation.from_rotvec(np.array(axis) / np.linalg.norm(axis) * (2 * math.pi / fold)).as_matrix() for fold, axis in turns]
    return label, _closure(generators, order)


def _closure(generators: list[NDArray], order: int) -> NDArray[np.float64]:
    """All products of the generators, the identity first."""
    group = [np.eye(3)]
    for element in group:
        for generator in generators:
            product = generator @ element
            if all(np.abs(product - known).max() > 1e-6 for known in group):
                group.append(product)
        if len(group) > order:
            break
    if len(group) != order:
        raise AssertionError(f"generators close to {len(group)} elements, not {order}")
    return _exact(np.stack(group))


def _exact(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrices without the rounding of sines: what is meant to be 0, ±½ or ±1 is, so that grid points fall on grid points."""
    halves = np.round(2 * matrices) / 2
    return np.where(np.abs(matrices - halves) < 1e-12, halves + 0.0, matrices)
