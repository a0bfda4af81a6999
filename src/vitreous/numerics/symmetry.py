"""Point groups in RELION's orientations (:mod:`~vitreous.numerics.group_rotations`).

A map with symmetry G has V(g r) = V(r); poses R and R g are then the same view.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.group_rotations import group_rotations


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


def symmetry(name: str) -> Symmetry:
    """The point group called ``name``: Cn, Dn, T, O, I (= I2), I1, I2, I3, I4.

    Raises
    ------
    InputError
        If there is no such group.

    >>> symmetry("O").order
    24
    """
    label, matrices = group_rotations(name)
    return Symmetry(label, torch.from_numpy(matrices))
