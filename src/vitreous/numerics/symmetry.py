"""Point groups in RELION's orientations, made by closing their generators under multiplication.

A map with symmetry G has V(g r) = V(r); poses R and R g are then the same view. Axes, as in RELION's manual (Symmetry):
C_n, D_n: n-fold along z, D's 2-fold along x; T: 3-fold along z; O: 4-folds along x, y, z;
I1: 2-fold along x, I2 (also called I): 2-folds along x, y, z (Crowther 222), I3: 5-fold along z,
I4: 5-fold along z of the mirrored setting.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.errors import InputError
from vitreous.numerics.rotations import exponential

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


@dataclass(frozen=True)
class Symmetry:
    """A point group.

    Parameters
    ----------
    name
        "C1", "D2", "O", "I2", …
    matrices
        Its rotations, float64 ``(order, 3, 3)``, the identity first.
    """

    name: str
    matrices: Tensor

    @property
    def order(self) -> int:
        """Number of rotations."""
        return len(self.matrices)

    def distance_deg(self, a: Tensor, b: Tensor) -> Tensor:
        """Smallest angle in degrees between poses ``a`` and ``b`` ``(n, 3, 3)`` over the group."""
        traces = torch.einsum("nij,nik,gkj->ng", b, a, self.matrices.to(a))
        return torch.rad2deg(torch.arccos(((traces.amax(-1) - 1) / 2).clamp(-1, 1)))

    def holds(self, direction: Tensor) -> Tensor:
        """Whether viewing directions ``(n, 3)`` lie in the group's asymmetric unit, exactly 1 / order of the sphere.

        The unit is the Voronoi cell of one generic point among its copies.
        """
        pole = torch.tensor([0.1234, 0.0567, 1.0], dtype=torch.float64)
        copies = self.matrices @ (pole / pole.norm())
        return (direction.double() @ copies.T).argmax(-1) == 0


def _closure(generators: list[Tensor], order: int) -> Tensor:
    """All products of the generators, the identity first."""
    group = [torch.eye(3, dtype=torch.float64)]
    for element in group:
        for generator in generators:
            product = generator @ element
            if all((product - known).abs().max() > 1e-6 for known in group):
                group.append(product)
        if len(group) > order:
            break
    if len(group) != order:
        raise AssertionError(f"generators close to {len(group)} elements, not {order}")
    return torch.stack(group)


def symmetry(name: str) -> Symmetry:
    """The point group called ``name``: Cn, Dn, T, O, I (= I2), I1, I2, I3, I4.

    Raises
    ------
    InputError
        If there is no such group.

    >>> symmetry("O").order
    24
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
    generators = []
    for fold, axis in turns:
        vector = torch.tensor(axis, dtype=torch.float64)
        generators.append(exponential(vector / vector.norm() * (2 * math.pi / fold)))
    return Symmetry(label, _closure(generators, order))
