"""What a 3 × 3 matrix does to space, in words: so that any answer to a problem on rotations can be looked at."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require
from vitreous.numerics.rotations import geodesic_deg, logarithm, nearest_rotation, to_euler

#: Largest entry of RᵀR − 1 that typing three decimals explains.
TYPED = 5e-3


def in_words(matrix: ArrayLike) -> str:
    """Markdown: a rotation (axis, angle, quaternion, Euler angles), a mirror image, or neither, and why.

    Parameters
    ----------
    matrix
        ``(3, 3)``, acting on columns (x, y, z).
    """
    given = np.asarray(matrix, float)
    require(given.shape == (3, 3), "matrix", given.shape, "3 × 3")
    off = float(np.abs(given.T @ given - np.eye(3)).max())
    if off > TYPED:
        return f"**Not orthogonal**: RᵀR differs from 1 by up to {off:.3g}. {_why_not(given)}"
    if np.linalg.det(given) < 0:
        return _mirror(given)
    return _rotation(nearest_rotation(torch.from_numpy(given)))


def _why_not(given: NDArray) -> str:
    lengths = np.linalg.norm(given, axis=0)
    if np.abs(lengths - 1).max() > TYPED:
        return f"Its columns, where the three unit vectors go, have the lengths {_row(lengths)}; a rotation leaves them at 1."
    return "Its columns have length 1, but are not perpendicular: it shears."


def _row(numbers: ArrayLike, digits: int = 3) -> str:
    return "(" + ", ".join(f"{each + 0.0:.{digits}f}" for each in np.asarray(numbers)).replace("-", "−") + ")"


def _mirror(given: NDArray) -> str:
    turn = -torch.from_numpy(given)
    axis, degrees = axis_angle(nearest_rotation(turn))
    return (f"**Orthogonal, with determinant −1**: lengths stay, but a right hand becomes a left one. It is the inversion −1 followed by a "
            f"turn of {degrees:.2f}° about {_row(axis)}." + (" That is the mirror across the plane perpendicular to this axis."
                                                             if abs(degrees - 180) < 0.5 else ""))  # fmt: skip


def axis_angle(rotation: torch.Tensor) -> tuple[NDArray, float]:
    """Unit axis ``(3,)`` and angle in degrees, 0 to 180, of a rotation; at 180° the axis whose last entry that is not 0 is positive."""
    degrees = float(geodesic_deg(rotation, torch.eye(3, dtype=rotation.dtype)))
    if degrees > 179.9:
        # R = 2 n nᵀ − 1 there, and the antisymmetric part is lost.
        outer = (rotation + torch.eye(3)).numpy() / 2
        column = outer[:, outer.diagonal().argmax()]
        axis = column / np.linalg.norm(column)
        return axis * np.sign(axis[np.flatnonzero(np.abs(axis) > 1e-3)[-1]]), degrees
    vector = logarithm(rotation).numpy()
    length = np.linalg.norm(vector)
    return (vector / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])), degrees


def _rotation(rotation: torch.Tensor) -> str:
    axis, degrees = axis_angle(rotation)
    half = np.radians(degrees) / 2
    rot, tilt, psi = to_euler(rotation).numpy()
    return (
        f"**A rotation**: {degrees:.2f}° about the axis {_row(axis)}, right-handed.\n\n"
        f"| | |\n|---|---|\n"
        f"| trace | {float(rotation.trace()):.4f} = 1 + 2 cos {degrees:.2f}° |\n"
        f"| eigenvalues | 1 and cos {degrees:.2f}° ± i sin {degrees:.2f}° |\n"
        f"| quaternion (w, x, y, z) | ± {_row([np.cos(half), *(np.sin(half) * axis)], 4)} |\n"
        f"| (rot, tilt, psi) | {_row([rot, tilt, psi], 2)}° |\n"
    )
