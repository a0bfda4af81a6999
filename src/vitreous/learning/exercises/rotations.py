"""Exercises of the first lesson on rotations: the plane, and the Euler angles of a matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.rotations import exponential, random_rotations, to_euler


def _about(axis: int, angle: float) -> NDArray:
    """Active turn by ``angle`` radians about x, y or z."""
    vector = torch.zeros(3, dtype=torch.float64)
    vector[axis] = angle
    return exponential(vector).numpy()


def numbers_of(got: Any, shape: tuple[int, ...]) -> NDArray | None:
    """``got`` as real numbers of that shape, all finite; ``None`` if it is not that."""
    try:
        array = np.asarray(got)
    except (TypeError, ValueError):
        return None
    real = array.dtype.kind in "biuf" and array.shape == shape
    return array.astype(float) if real and np.isfinite(array).all() else None


# The plane

_FLAG = np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 2.0], [0.7, 1.5], [1.0, 1.0], [0.0, 1.0]])


def _check_turn(turn: Callable[..., Any]) -> Verdict:
    for degrees in (90.0, 33.0, -140.0):
        matrix = _about(2, math.radians(degrees))[:2, :2]
        right = _FLAG @ matrix.T
        got = turn(_FLAG.copy(), degrees)
        array = numbers_of(got, right.shape)
        reason = "" if array is None else _not_the_turn(array, degrees)
        if reason:
            return Verdict(False, reason)
        found = compare(got, right, f"the flag turned by {degrees:g}°")
        if not found.right:
            return found
    return Verdict(True, "Right: a quarter turn takes +x to +y, and lengths stay as they are.")


def _not_the_turn(got: NDArray, degrees: float) -> str:
    """Which other motion of the flag it is, in words; empty if none of those known."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    usual = {
        "Your flag turns **clockwise**. Is the minus sign at the wrong sine, or is it `points @ M` where `points @ M.T` is meant? Points "
        "are rows here; the matrix acts on columns.": [[c, s], [-s, c]],
        "Your flag is turned **and mirrored**: its determinant is −1. One of the two sines needs a minus.": [[c, s], [s, -c]],
        "NumPy's sines and cosines want **radians**: `np.deg2rad(degrees)`.": [[math.cos(degrees), -math.sin(degrees)],
                                                                               [math.sin(degrees), math.cos(degrees)]],
    }  # fmt: skip
    return next((words for words, matrix in usual.items() if np.allclose(got, _FLAG @ np.array(matrix).T)), "")


def _turn(given: str, angle: str = "np.deg2rad(degrees)") -> str:
    """A function that gives back an expression of the points p, and of c and s."""
    return f"def turn(p, degrees):\n    c, s = np.cos({angle}), np.sin({angle})\n    return {given}\n"


TURN = Exercise(
    name="turn", question="Q44",
    prompt="""Turn points of the plane about the origin, anticlockwise. `points` is an array `(n, 2)`: one point (x, y) a **row**. Give
back an array of the same shape. (With complex numbers it is one line; with a matrix, two.)""",
    starter='''
def turn(points, degrees):
    """Points (n, 2) turned anticlockwise about the origin."""
    raise NotImplementedError
''',
    hints=(
        "Where does (1, 0) go? Where does (0, 1)? These two answers are the columns of the matrix.",
        "`c, s = np.cos(angle), np.sin(angle)` with `angle = np.deg2rad(degrees)`; x' = c x − s y and y' = s x + c y.",
        "`points @ M.T` applies M to each row. Or: `z = points[:, 0] + 1j * points[:, 1]`, multiply by `np.exp(1j * angle)`.",
    ),
    solution='''
def turn(points, degrees):
    """Points (n, 2) turned anticlockwise about the origin."""
    angle = np.deg2rad(degrees)
    turned = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * angle)
    return np.stack([turned.real, turned.imag], axis=1)
''',
    check=_check_turn,
    mistakes=(
        Mistake(_turn("p @ np.array([[c, -s], [s, c]])"), "clockwise"),
        Mistake(_turn("p @ np.array([[c, -s], [s, c]]).T", angle="degrees"), "radians"),
        Mistake(_turn("p @ np.array([[c, s], [s, -c]]).T"), "mirrored"),
        Mistake(_turn("(p[:, 0] + 1j * p[:, 1]) * (c + 1j * s)"), "shape"),
    ),
)  # fmt: skip


# Euler angles of a matrix

_SLABAUGH = "R = Rz(φ) Ry(θ) Rx(ψ)"


def _of_slabaugh(angles: NDArray) -> NDArray:
    psi, theta, phi = angles
    return _about(2, phi) @ _about(1, theta) @ _about(0, psi)


def _check_euler(euler_angles: Callable[..., Any]) -> Verdict:
    for matrix in random_rotations(4, torch.Generator().manual_seed(3)).numpy():
        reason = _not_both(euler_angles(matrix.copy()), matrix)
        if reason:
            return Verdict(False, reason)
    for theta in (math.pi / 2, -math.pi / 2):
        locked = _of_slabaugh(np.array([0.4, theta, -1.1]))
        locked[np.abs(locked) < 1e-12] = 0.0
        reason = _not_locked(euler_angles(locked.copy()))
        if reason:
            return Verdict(False, f"{reason} Tried with θ = {math.degrees(theta):+.0f}°: gimbal lock.")
        got = np.atleast_2d(np.asarray(euler_angles(locked.copy()), float))
        if not all(np.allclose(_of_slabaugh(row), locked, atol=1e-6) for row in got):
            return Verdict(False, f"Right elsewhere, but at gimbal lock (θ = {math.degrees(theta):+.0f}°) your angles do not give "
                                  "the matrix back. There φ may be 0, and ψ is in R₁₂ and R₁₃; mind the signs at R₃₁ = 1.")  # fmt: skip
    return Verdict(
        True, f"Right: both solutions give the matrix back ({_SLABAUGH}), and gimbal lock is caught. That is Slabaugh's figure 1."
    )


def _not_locked(got: Any) -> str:
    array = np.atleast_2d(np.asarray(got, float))
    if array.ndim != 2 or array.shape[1] != 3:
        return f"Each solution is three angles (ψ, θ, φ); yours has the shape {array.shape}."
    return "" if np.isfinite(array).all() else "Some of your angles are not finite: cos θ is 0 there, and you divided by it."


def _not_both(got: Any, matrix: NDArray) -> str:
    array = numbers_of(got, (2, 3))
    if array is None:
        return f"Two solutions of three angles are wanted: an array of shape (2, 3) in radians; yours has the shape {np.shape(got)}."
    good = [np.allclose(_of_slabaugh(row), matrix, atol=1e-6) for row in array]
    if all(good):
        return "" if not np.allclose(array[0], array[1]) else "Your two solutions are the same one twice. The other has θ₂ = π − θ₁."
    if any(good):
        return ("One of your two solutions is right, the other is not. In the second, cos θ is **negative**: dividing R₃₂ and R₃₃ by cos θ "
                "before `arctan2` is what puts the angles into the right quadrant.")  # fmt: skip
    return _other_convention(array[0], matrix)


def _other_convention(angles: NDArray, matrix: NDArray) -> str:
    """What other convention the angles are in, in words."""
    tried = {
        "Your angles are in **degrees**; Slabaugh's are radians.": np.deg2rad(angles),
        "Your angles are in the order (φ, θ, ψ); give (ψ, θ, φ): first the turn about x.": angles[::-1],
        "These are the angles of the **transpose**: rows and columns are mixed up somewhere. R₃₁ is `R[2, 0]`.": None,
        "θ has the wrong **sign**: R₃₁ is −sin θ.": angles * [1, -1, 1],
    }
    for words, other in tried.items():
        built = _of_slabaugh(angles).T if other is None else _of_slabaugh(other)
        if np.allclose(built, matrix, atol=1e-6):
            return words
    return f"Your angles do not give the matrix back. The convention is {_SLABAUGH}: x first, z last, acting on columns."


def _angles(
    *, before: str = "pass", first: str = "-np.arcsin(R[2, 0])", psi: str = "np.arctan2(R[2, 1] / c, R[2, 2] / c)",
    phi: str = "np.arctan2(R[1, 0] / c, R[0, 0] / c)", given: str = "found",
) -> str:  # fmt: skip
    """A function that finds both solutions, one of its parts another than it should be, and forgets gimbal lock."""
    return (f"def euler_angles(R):\n    {before}\n    found = []\n    first = {first}\n    for theta in (first, np.pi - first):\n"
            f"        c = np.cos(theta)\n        found.append([{psi}, theta, {phi}])\n    return {given}\n")  # fmt: skip


EULER = Exercise(
    name="euler_angles", question="Q45",
    prompt=r"""Write Slabaugh's figure 1. A rotation matrix is given; find the angles (in **radians**) with

$$R = R_z(\varphi)\, R_y(\theta)\, R_x(\psi), \qquad R_{31} = -\sin\theta .$$

Give back **both** solutions as an array `[[ψ₁, θ₁, φ₁], [ψ₂, θ₂, φ₂]]`; where $R_{31} = \pm 1$ (gimbal lock) give back one, `[[ψ, θ, 0]]`.
The checker rebuilds the matrix from your angles.""",
    starter='''
def euler_angles(R):
    """Angles [[psi, theta, phi], ...] in radians with R = Rz(phi) Ry(theta) Rx(psi)."""
    if abs(R[2, 0]) < 1 - 1e-9:
        raise NotImplementedError
    raise NotImplementedError
''',
    hints=(
        "Multiply the three matrices out on paper. The last row is (−sin θ, sin ψ cos θ, cos ψ cos θ), the first column "
        "(cos θ cos φ, cos θ sin φ, −sin θ). So one entry has only θ in it.",
        "θ₁ = −arcsin R₃₁ and θ₂ = π − θ₁. Then ψ = arctan2(R₃₂ / cos θ, R₃₃ / cos θ) and φ = arctan2(R₂₁ / cos θ, R₁₁ / cos θ), for "
        "each θ.",
        "In gimbal lock put φ = 0. If R₃₁ = −1: θ = π/2 and ψ = arctan2(R₁₂, R₁₃). If R₃₁ = +1: θ = −π/2 and ψ = arctan2(−R₁₂, −R₁₃).",
    ),
    solution='''
def euler_angles(R):
    """Angles [[psi, theta, phi], ...] in radians with R = Rz(phi) Ry(theta) Rx(psi)."""
    if abs(R[2, 0]) < 1 - 1e-9:
        first = -np.arcsin(R[2, 0])
        found = []
        for theta in (first, np.pi - first):
            c = np.cos(theta)
            psi = np.arctan2(R[2, 1] / c, R[2, 2] / c)
            phi = np.arctan2(R[1, 0] / c, R[0, 0] / c)
            found.append([psi, theta, phi])
        return np.array(found)
    if R[2, 0] < 0:
        return np.array([[np.arctan2(R[0, 1], R[0, 2]), np.pi / 2, 0.0]])
    return np.array([[np.arctan2(-R[0, 1], -R[0, 2]), -np.pi / 2, 0.0]])
''',
    check=_check_euler,
    mistakes=(
        Mistake(_angles(psi="np.arctan2(R[2, 1], R[2, 2])", phi="np.arctan2(R[1, 0], R[0, 0])"), "quadrant"),
        Mistake(_angles(given="np.rad2deg(found)"), "degrees"),
        Mistake(_angles(given="np.array(found)[:, ::-1]"), "order"),
        Mistake(_angles(first="np.arcsin(R[2, 0])"), "sign"),
        Mistake(_angles(before="R = R.T"), "transpose"),
        Mistake(_angles(), "gimbal lock"),
        Mistake(_angles(given="found[0]"), "shape"),
    ),
)  # fmt: skip


def _check_relion(relion_angles: Callable[..., Any]) -> Verdict:
    matrices = random_rotations(5, torch.Generator().manual_seed(8))
    for matrix, right in zip(matrices.numpy(), to_euler(matrices).numpy(), strict=True):
        got = relion_angles(matrix.copy())
        array = numbers_of(got, (3,))
        reason = "" if array is None else _not_relions(array, right)
        if reason:
            return Verdict(False, reason)
        found = compare(got, right, "(rot, tilt, psi)")
        if not found.right:
            return found
    return Verdict(True, "Right: these are the numbers that stand in a particle STAR file, and `to_euler` of Vitreous gives the same.")


def _not_relions(got: NDArray, right: NDArray) -> str:
    def same(other: Any) -> bool:
        return bool((np.cos(np.deg2rad(got - other)) > 1 - 1e-9).all())

    if same(right):
        return "" if 0 <= got[1] <= 180 else "tilt should lie between 0° and 180°."
    if np.allclose(np.rad2deg(got), right):
        return "Those are **radians**; STAR files hold degrees."
    if same(right[::-1]):
        return "rot and psi have changed places. **rot** says where on the globe one looks from: it is in the **last row**, beside tilt."
    if same(right * [1, -1, 1]):
        return "tilt should lie between 0° and 180°, so sin tilt is not negative."
    if same(right + np.array([180, 0, 180])):
        return "rot and psi are both off by 180°: one sign on each side of your `arctan2` calls. In psi it is **−R₁₃** that goes with cos."
    if same(right * [-1, 1, -1]):
        return "rot and psi have the wrong **sign**: the first argument of `arctan2` is the sine's."
    if same([right[0], right[1], 180 - right[2]]):
        return "rot and tilt are right. In psi, R₁₃ is **minus** cos psi sin tilt."
    return ""


def _read(given: str) -> str:
    """A function that gives back an expression of the three angles in radians."""
    terms = given.format(rot="np.arctan2(R[2, 1], R[2, 0])", tilt="np.arccos(R[2, 2])", psi="np.arctan2(R[1, 2], -R[0, 2])")
    return f"def relion_angles(R):\n    return {terms}\n"


RELION = Exercise(
    name="relion_angles", question="",
    prompt=r"""Now the angles of our own field. RELION's (rot, tilt, psi) = $(\varphi, \theta, \psi)$ have the matrix

$$R = \begin{pmatrix} \cdot & \cdot & -\cos\psi\sin\theta \\ \cdot & \cdot & \sin\psi\sin\theta \\
\sin\theta\cos\varphi & \sin\theta\sin\varphi & \cos\theta \end{pmatrix}.$$

Read the three angles, in **degrees**, off its last row and last column. (0° < tilt < 180° here; the dots are not needed.)""",
    starter='''
def relion_angles(R):
    """(rot, tilt, psi) in degrees; tilt between 0 and 180."""
    rot, tilt, psi = 0.0, 0.0, 0.0
    raise NotImplementedError
''',
    hints=(
        "The last row is the direction one looks from, in spherical coordinates: azimuth rot, polar angle tilt.",
        "`np.arctan2(sine, cosine)` finds an angle from anything proportional to both; sin θ is positive, so it needs no dividing.",
        "`rot = np.arctan2(R[2, 1], R[2, 0])`, `tilt = np.arccos(R[2, 2])`, `psi = np.arctan2(R[1, 2], -R[0, 2])`, then `np.rad2deg`.",
    ),
    solution='''
def relion_angles(R):
    """(rot, tilt, psi) in degrees; tilt between 0 and 180."""
    rot = np.arctan2(R[2, 1], R[2, 0])
    tilt = np.arccos(np.clip(R[2, 2], -1, 1))
    psi = np.arctan2(R[1, 2], -R[0, 2])
    return np.rad2deg([rot, tilt, psi])
''',
    check=_check_relion,
    mistakes=(
        Mistake(_read("{rot}, {tilt}, {psi}"), "radians"),
        Mistake(_read("np.rad2deg([{psi}, {tilt}, {rot}])"), "changed places"),
        Mistake(_read("np.rad2deg([{rot}, {tilt}, np.arctan2(R[1, 2], R[0, 2])])"), "minus"),
        Mistake(_read("np.rad2deg([{rot}, -{tilt}, {psi}])"), "between"),
    ),
)  # fmt: skip
