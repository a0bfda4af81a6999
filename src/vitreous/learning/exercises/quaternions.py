"""Exercises of the second lesson on rotations: axis and angle, quaternions, and the derivative of a turned point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.learning.exercises.rotations import numbers_of
from vitreous.numerics.rotations import exponential, from_quaternion, geodesic_deg, logarithm, random_rotations

# Axis and angle


def _check_axis_angle(axis_angle: Callable[..., Any]) -> Verdict:
    threefold = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for matrix in [threefold, *random_rotations(3, torch.Generator().manual_seed(5)).numpy()]:
        vector = logarithm(torch.from_numpy(matrix)).numpy()
        degrees = math.degrees(np.linalg.norm(vector))
        axis = vector / np.linalg.norm(vector)
        got = axis_angle(matrix.copy())
        if not isinstance(got, tuple | list) or len(got) != 2 or numbers_of(got[0], (3,)) is None or numbers_of(got[1], ()) is None:
            return Verdict(
                False, "Give back two things: the axis, an array of three numbers, and the angle, one number: `return axis, degrees`."
            )
        reason = _not_axis_angle(np.asarray(got[0], float), float(got[1]), axis, degrees)
        if reason:
            return Verdict(False, reason)
    return Verdict(True, "Right: trace and antisymmetric part are all one needs. (At 180° the antisymmetric part is zero: there the axis "
                         "is read from R + 1.)")  # fmt: skip


def _not_axis_angle(axis: NDArray, degrees: float, right_axis: NDArray, right: float) -> str:
    if abs(np.linalg.norm(axis) - 1) > 1e-6:
        return f"An axis is a direction: of length 1. Yours has the length {np.linalg.norm(axis):.4g}; divide by it (or by 2 sin θ)."
    if np.allclose(axis, -right_axis) and abs(degrees - right) < 1e-6:
        return "The angle is right; the axis points the **opposite** way. Which entry minus which? n_z is R₂₁ − R₁₂, `R[1, 0] - R[0, 1]`."
    if np.allclose(axis, right_axis) and abs(math.degrees(degrees) - right) < 1e-6:
        return "The axis is right; the angle is in **radians**."
    if np.allclose(axis, right_axis) and abs(degrees - right) > 1e-6:
        return f"The axis is right; the angle is not: {degrees:.4g}° where {right:.4g}° is right. The **trace** is 1 + 2 cos θ."
    if not np.allclose(axis, right_axis):
        return f"The axis is not right: {np.round(axis, 3)} where R leaves {np.round(right_axis, 3)} as it is."
    return ""


def _axis_angle(*, axis: str = "a / np.linalg.norm(a)", angle: str = "np.rad2deg(np.arccos((np.trace(R) - 1) / 2))") -> str:
    """A function whose axis and angle are expressions of R and of its antisymmetric part a."""
    part = "np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])"
    return f"def axis_angle(R):\n    a = {part}\n    return {axis}, {angle}\n"


AXIS_ANGLE = Exercise(
    name="axis_angle", question="Q46",
    prompt="""Find the axis (a unit vector) and the angle (in degrees, between 0 and 180) of a rotation matrix: `return axis, degrees`.
The turn is right-handed about the axis.""",
    starter='''
def axis_angle(R):
    """Unit axis (3,) and angle in degrees of a rotation."""
    raise NotImplementedError
''',
    hints=(
        "The trace of R is the same in every frame. In the frame whose z is the axis it is 1 + 2 cos θ.",
        "R − Rᵀ is antisymmetric and vanishes for no turn: in the frame of the axis its entry (2, 1) is 2 sin θ.",
        "`axis = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])`, then divide by its length; "
        "`np.arccos((np.trace(R) - 1) / 2)`.",
    ),
    solution='''
def axis_angle(R):
    """Unit axis (3,) and angle in degrees of a rotation."""
    axis = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    length = np.linalg.norm(axis)
    return axis / length, np.rad2deg(np.arctan2(length, np.trace(R) - 1))
''',
    check=_check_axis_angle,
    mistakes=(
        Mistake(_axis_angle(axis="-a / np.linalg.norm(a)"), "opposite"),
        Mistake(_axis_angle(angle="np.arccos((np.trace(R) - 1) / 2)"), "radians"),
        Mistake(_axis_angle(axis="a / 2"), "length"),
        Mistake(_axis_angle(angle="np.rad2deg(np.arccos(np.trace(R) / 3))"), "trace"),
        Mistake("def axis_angle(R):\n    return np.rad2deg(np.arccos((np.trace(R) - 1) / 2))\n", "two things"),
    ),
)  # fmt: skip


# Quaternions


def _check_quaternion(quaternion: Callable[..., Any]) -> Verdict:
    for axis, degrees in (([0.0, 0.0, 1.0], -90.0), ([1.0, 1.0, 1.0], 120.0), ([0.0, 3.0, -4.0], 33.0)):
        unit = np.array(axis) / np.linalg.norm(axis)
        got = quaternion(np.array(axis), degrees)
        array = numbers_of(got, (4,))
        if array is None:
            return compare(got, np.zeros(4), "the quaternion (w, x, y, z)")
        reason = _not_the_quaternion(array, unit, math.radians(degrees))
        if reason:
            return Verdict(False, f"{reason} Tried with {degrees:g}° about ({axis[0]:g}, {axis[1]:g}, {axis[2]:g}).")
    return Verdict(True, "Right. A clockwise quarter turn about z is (√½, 0, 0, −√½), and its negative is the same turn.")


def _not_the_quaternion(q: NDArray, axis: NDArray, angle: float) -> str:
    def turned(other: Any) -> bool:
        other = torch.as_tensor(np.asarray(other, float))
        wanted = exponential(torch.from_numpy(axis * angle))
        return bool(abs(other.norm() - 1) < 1e-6 and geodesic_deg(from_quaternion(other), wanted) < 1e-4)

    def like(half: float, way: float = 1.0) -> NDArray:
        return np.array([math.cos(half), *(way * math.sin(half) * axis)])

    if turned(q):
        return ""
    if np.allclose(q, like(angle)):
        return "**Half** the angle belongs into a quaternion: q stands on both sides of p, and each side turns by half."
    if turned(q * [1, -1, -1, -1]):
        return "It turns the other **way** round: the vector part has the wrong sign."
    if turned(q[[3, 0, 1, 2]]):
        return "Its **order** is (x, y, z, w); here it is (w, x, y, z). Programs differ in this: always ask."
    if np.allclose(q, [math.cos(math.degrees(angle) / 2), *(axis * math.sin(math.degrees(angle) / 2))]):
        return "NumPy wants **radians**."
    if abs(np.linalg.norm(q) - 1) > 1e-6:
        return f"A rotation's quaternion has the **length** 1; yours has {np.linalg.norm(q):.4g}. Is the axis a unit vector?"
    return "It is of length 1, but another rotation."


def _quaternion(given: str, half: str = "np.deg2rad(degrees) / 2") -> str:
    """A function that gives back an expression of the unit axis n and half the angle, h."""
    return f"def quaternion(axis, degrees):\n    n = axis / np.linalg.norm(axis)\n    h = {half}\n    return {given}\n"


QUATERNION = Exercise(
    name="quaternion", question="Q47",
    prompt="""Write the quaternion (w, x, y, z) of a turn by `degrees` about `axis` (three numbers, of any length). The first test is the
question of the meeting: 90° **clockwise** about z is −90°.""",
    starter='''
def quaternion(axis, degrees):
    """Unit quaternion (w, x, y, z) of a right-handed turn about an axis."""
    raise NotImplementedError
''',
    hints=(
        "The scalar part is a cosine, the vector part is the unit axis times a sine: of which angle?",
        "Of **half** the angle, in radians.",
        "`n = axis / np.linalg.norm(axis)`, `h = np.deg2rad(degrees) / 2`, `np.array([np.cos(h), *(np.sin(h) * n)])`.",
    ),
    solution='''
def quaternion(axis, degrees):
    """Unit quaternion (w, x, y, z) of a right-handed turn about an axis."""
    n = axis / np.linalg.norm(axis)
    half = np.deg2rad(degrees) / 2
    return np.array([np.cos(half), *(np.sin(half) * n)])
''',
    check=_check_quaternion,
    mistakes=(
        Mistake(_quaternion("np.array([np.cos(2 * h), *(np.sin(2 * h) * n)])"), "Half"),
        Mistake(_quaternion("np.array([np.cos(h), *(np.sin(h) * axis)])"), "length"),
        Mistake(_quaternion("np.array([*(np.sin(h) * n), np.cos(h)])"), "order"),
        Mistake(_quaternion("np.array([np.cos(h), *(-np.sin(h) * n)])"), "way"),
        Mistake(_quaternion("np.array([np.cos(h), *(np.sin(h) * n)])", half="degrees / 2"), "radians"),
    ),
)  # fmt: skip


def hamilton(p: NDArray, q: NDArray) -> NDArray:
    """The product p q of quaternions ``(..., 4)``, (w, x, y, z): (p₀q₀ − p·q, p₀q + q₀p + p × q)."""
    p, q = np.asarray(p, float), np.asarray(q, float)
    scalar = p[..., :1] * q[..., :1] - (p[..., 1:] * q[..., 1:]).sum(-1, keepdims=True)
    vector = p[..., :1] * q[..., 1:] + q[..., :1] * p[..., 1:] + np.cross(p[..., 1:], q[..., 1:])
    return np.concatenate([scalar, vector], -1)


def _check_multiply(multiply: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(2)
    for p, q, words in ((rng.normal(size=4), rng.normal(size=4), "the product of two quaternions"), (*np.eye(4)[[3, 1]], "k i")):
        got = multiply(p.copy(), q.copy())
        array = numbers_of(got, (4,))
        reason = "" if array is None or np.allclose(array, hamilton(p, q)) else _not_the_product(array, p, q)
        if reason:
            return Verdict(False, reason)
        found = compare(got, hamilton(p, q), words)
        if not found.right:
            return found
    return _as_rotations(multiply)


def _not_the_product(got: NDArray, p: NDArray, q: NDArray) -> str:
    right = hamilton(p, q)
    usual = (
        (hamilton(q, p), "That is q p, not p q: the **order** matters. k i = j but i k = −j. Is your cross product the wrong way round?"),
        (p * q, "You multiplied component by component. Expand (w + xi + yj + zk)(…) and use ij = k: **sixteen** products."),
        (right - [0, *np.cross(p[1:], q[1:])], "Without its **cross product**, your product is commutative: ij and ji would be the same."),
        (right + np.array([2 * p[1:] @ q[1:], 0, 0, 0]), "The scalar part has the wrong **sign**: i² = j² = k² = −1, so it is w w′ "
         "minus the dot product."),
    )  # fmt: skip
    return next((words for other, words in usual if np.allclose(got, other)), "")


def _as_rotations(multiply: Callable[..., Any]) -> Verdict:
    """The product of quaternions is the product of their matrices: the same with the production function."""
    p, q = (np.array(each) / 3 for each in ((1.0, 2.0, 2.0, 0.0), (2.0, 0.0, -1.0, 2.0)))
    both = from_quaternion(torch.from_numpy(p)) @ from_quaternion(torch.from_numpy(q))
    one = from_quaternion(torch.as_tensor(np.asarray(multiply(p, q), float)))
    gap = float((both - one).abs().max())
    return Verdict(True, f"Right: k i = j, and the matrix of p q is the matrix of p times that of q (within {gap:.0e}).")


def _product(*, sign: str = "-", cross: str = "np.cross(p[1:], q[1:])") -> str:
    """A function that multiplies, one of its parts another than it should be."""
    vector = f"p[0] * q[1:] + q[0] * p[1:] + {cross}"
    return f"def multiply(p, q):\n    return np.array([p[0] * q[0] {sign} p[1:] @ q[1:], *({vector})])\n"


MULTIPLY = Exercise(
    name="multiply", question="Q48",
    prompt="""Multiply two quaternions (w, x, y, z), from i² = j² = k² = −1, ij = k, jk = i, ki = j (and the other way round a minus).""",
    starter='''
def multiply(p, q):
    """The quaternion p q."""
    raise NotImplementedError
''',
    hints=(
        "Split each into a number and a vector: p = (a, u), q = (b, v).",
        "(a, u)(b, v) = (ab − u·v, av + bu + u × v). The cross product is all that does not commute.",
        "`np.concatenate([[p[0] * q[0] - p[1:] @ q[1:]], p[0] * q[1:] + q[0] * p[1:] + np.cross(p[1:], q[1:])])`",
    ),
    solution='''
def multiply(p, q):
    """The quaternion p q."""
    scalar = p[0] * q[0] - p[1:] @ q[1:]
    vector = p[0] * q[1:] + q[0] * p[1:] + np.cross(p[1:], q[1:])
    return np.concatenate([[scalar], vector])
''',
    check=_check_multiply,
    mistakes=(
        Mistake(_product(cross="np.cross(q[1:], p[1:])"), "order"),
        Mistake("def multiply(p, q):\n    return p * q\n", "sixteen"),
        Mistake(_product(cross="0"), "cross product"),
        Mistake(_product(sign="+"), "sign"),
    ),
)  # fmt: skip


# The derivative of a turned point


def sandwich(q: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Vector part of q r q̄ for any q ``(4,)``: |q|² R(q / |q|) r, which is quadratic in q."""
    length = q.norm()
    return length**2 * (from_quaternion(q / length) @ r)


def jacobian(q: NDArray, r: NDArray) -> NDArray:
    """∂(q r q̄)/∂q, ``(3, 4)``, by differentiating Vitreous' own rotation automatically."""
    point = torch.from_numpy(np.asarray(r, float))
    return torch.autograd.functional.jacobian(lambda each: sandwich(each, point), torch.from_numpy(np.asarray(q, float))).numpy()


def _check_derivative(derivative: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(4)
    q, r = rng.normal(size=4), rng.normal(size=3)
    q /= np.linalg.norm(q)
    right = jacobian(q, r)
    got = derivative(q.copy(), r.copy())
    array = numbers_of(got, (3, 4))
    if array is None:
        return compare(got, right, "the derivative")
    flipped = jacobian(q * [1, -1, -1, -1], r) @ np.diag([1, -1, -1, -1])
    if np.allclose(array, right / 2):
        return Verdict(False, "It is **half** of the right one. q stands on both sides of the point: the product rule has two terms.")
    if np.allclose(array, flipped):
        return Verdict(False, "That is the derivative of q̄ p q, the **inverse** rotation: the two factors around p have changed places.")
    if np.allclose(array[:, 1:], right[:, 1:]) and np.allclose(array[:, 0], 2 * hamilton([0, *r], q)[1:]):
        return Verdict(False, "Only the first column is wrong: it is made of **p q** where q p belongs. Differentiating p′ = q p q̄ by w "
                              "leaves p q̄ + q p = q p − (q p)*.")  # fmt: skip
    found = compare(got, right, "the derivative")
    return (
        Verdict(True, "Right, and automatic differentiation of Vitreous' own `from_quaternion` gives the same.") if found.right else found
    )


def _slopes(
    *, first: str = "w * r + np.cross(v, r)", outer: str = "np.outer(v, r) - np.outer(r, v)", last: str = "- w", given: str = "2 * J"
) -> str:
    """A function that builds the derivative, one of its parts another than it should be."""
    return ("def derivative(q, r):\n    w, v = q[0], q[1:]\n    cross = np.array([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]])\n"
            f"    J = np.column_stack([{first}, {outer} + (v @ r) * np.eye(3) {last} * cross])\n    return {given}\n")  # fmt: skip


DERIVATIVE = Exercise(
    name="derivative", question="Q50",
    prompt=r"""Write ∂p′/∂q: how the turned point $p' = q\,p\,\bar q$ moves when each component of $q = (w, x, y, z)$ does. $p = (0, r)$.
Give back an array `(3, 4)`: x′, y′, z′ are its rows, w, x, y, z its columns. (Your `multiply` of above is not at hand here unless you paste
it; the hints lead to a formula without quaternions.)""",
    starter='''
def derivative(q, r):
    """∂(q r q̄)/∂q, shape (3, 4), for q = (w, x, y, z) and a point r (3,)."""
    w, v = q[0], q[1:]
    raise NotImplementedError
''',
    hints=(
        "First write the turned point without quaternions: p′ = (w² − v·v) r + 2 (v·r) v + 2 w (v × r), with q = (w, v).",
        "By w: 2 w r + 2 v × r. By v, term by term: −2 r vᵀ, then 2 (v rᵀ + (v·r) 1), then −2 w [r]×, where [r]× u = r × u.",
        "`cross = np.array([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]])`; "
        "`2 * (np.outer(v, r) - np.outer(r, v) + (v @ r) * np.eye(3) - w * cross)` are the last three columns.",
    ),
    solution='''
def derivative(q, r):
    """∂(q r q̄)/∂q, shape (3, 4), for q = (w, x, y, z) and a point r (3,)."""
    w, v = q[0], q[1:]
    cross = np.array([[0, -r[2], r[1]], [r[2], 0, -r[0]], [-r[1], r[0], 0]])
    by_w = 2 * (w * r + np.cross(v, r))
    by_v = 2 * (np.outer(v, r) - np.outer(r, v) + (v @ r) * np.eye(3) - w * cross)
    return np.column_stack([by_w, by_v])
''',
    check=_check_derivative,
    mistakes=(
        Mistake(_slopes(given="J"), "half"),
        Mistake(_slopes(first="w * r - np.cross(v, r)", last="+ w"), "inverse"),
        Mistake(_slopes(first="w * r - np.cross(v, r)"), "p q"),
        Mistake(_slopes(given="2 * J.T"), "transposed"),
        Mistake(_slopes(outer="np.outer(r, v) - np.outer(v, r)"), "not right yet"),
    ),
)  # fmt: skip
