"""Exercises of the two lessons on interpolation: on a grid, from scattered points, and back onto a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.at_points import values_at

# On a grid

_PICTURE = np.random.default_rng(1).normal(size=(6, 9)).astype(np.float32).astype(float)
_X = np.array([0.0, 2.25, 7.5, 3.9, 0.1, 6.0])
_Y = np.array([0.0, 1.5, 3.75, 4.2, 2.9, 3.0])


def _check_bilinear(bilinear: Callable[..., Any]) -> Verdict:
    places = np.stack([_X, _Y, np.zeros_like(_X)], -1)
    right = values_at(np.stack([_PICTURE, _PICTURE]), places)
    got = bilinear(_PICTURE.copy(), _X.copy(), _Y.copy())
    array = np.asarray(got) if np.shape(got) == right.shape else None
    reason = "" if array is None or np.allclose(array, right) else _other_kind(array)
    return Verdict(False, reason) if reason else compare(got, right, "the picture between its pixels", tolerance=1e-5)


def _other_kind(got: NDArray) -> str:
    """Which other interpolation it is, in words; empty if none of those known."""
    x0, y0 = np.floor(_X).astype(int), np.floor(_Y).astype(int)
    a, b = _X - x0, _Y - y0
    p = _PICTURE
    usual = {
        "That is the **nearest** pixel. Linear interpolation mixes four of them.": p[np.rint(_Y).astype(int), np.rint(_X).astype(int)],
        "You interpolate along x, but take y from the row below the point: two steps along x, then **one along y**.":
            (1 - a) * p[y0, x0] + a * p[y0, x0 + 1],
        "The **weights** are exchanged: near a pixel, that pixel should count most. At a = 0 all the weight belongs to x0.":
            b * (a * p[y0, x0] + (1 - a) * p[y0, x0 + 1]) + (1 - b) * (a * p[y0 + 1, x0] + (1 - a) * p[y0 + 1, x0 + 1]),
        "That is the plain **mean** of the four pixels, wherever the point lies among them.":
            (p[y0, x0] + p[y0, x0 + 1] + p[y0 + 1, x0] + p[y0 + 1, x0 + 1]) / 4,
    }  # fmt: skip
    return next((words for words, other in usual.items() if np.allclose(got, other)), "")


def _mix(along: str, across: str) -> str:
    """A function that mixes four pixels with ``along`` as the weights of x, and ``across`` as those of y."""
    return ("def bilinear(image, x, y):\n    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)\n    a, b = x - x0, y - y0\n"
            f"    u, v = {along}\n    s, t = {across}\n    top = u * image[y0, x0] + v * image[y0, x0 + 1]\n"
            "    low = u * image[y0 + 1, x0] + v * image[y0 + 1, x0 + 1]\n    return s * top + t * low\n")  # fmt: skip


BILINEAR = Exercise(
    name="bilinear", question="Q51",
    prompt="""Write bilinear interpolation: the value of an image at points between its pixels. `image` is `(rows, columns)`; `x` (along a
row) and `y` (across the rows) are arrays of equal length, in pixels, all inside. Give back one value a point.""",
    starter='''
def bilinear(image, x, y):
    """Values of image at points (x, y) in pixels."""
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = x - x0, y - y0
    raise NotImplementedError
''',
    hints=(
        "Go along x twice, on the row above the point and on the row below it; then once along y, between the two results.",
        "On the row above: `(1 - a) * image[y0, x0] + a * image[y0, x0 + 1]`. Rows come first in the index.",
        "`return (1 - b) * above + b * below`, and `below` is the same with `y0 + 1`.",
    ),
    solution='''
def bilinear(image, x, y):
    """Values of image at points (x, y) in pixels."""
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = x - x0, y - y0
    above = (1 - a) * image[y0, x0] + a * image[y0, x0 + 1]
    below = (1 - a) * image[y0 + 1, x0] + a * image[y0 + 1, x0 + 1]
    return (1 - b) * above + b * below
''',
    check=_check_bilinear,
    mistakes=(
        Mistake("def bilinear(image, x, y):\n    return image[np.rint(y).astype(int), np.rint(x).astype(int)]\n", "nearest"),
        Mistake(_mix("a, 1 - a", "b, 1 - b"), "weights"),
        Mistake(_mix("1 - a, a", "1.0, 0.0"), "one along y"),
        Mistake(_mix("0.5, 0.5", "0.5, 0.5"), "mean"),
        Mistake("def bilinear(image, x, y):\n    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)\n    a, b = x - x0, y - y0\n"
                "    above = (1 - a) * image[x0, y0] + a * image[x0 + 1, y0]\n"
                "    below = (1 - a) * image[x0, y0 + 1] + a * image[x0 + 1, y0 + 1]\n"
                "    return (1 - b) * above + b * below\n", "index"),
    ),
)  # fmt: skip


# From scattered points


def _scattered(dimensions: int, seed: int, count: int = 40) -> tuple[NDArray, NDArray, NDArray]:
    """Points in the unit cube, values there, and places to interpolate at, two of them outside."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(size=(count, dimensions))
    inside = points.mean(0) + 0.3 * (rng.uniform(size=(14, dimensions)) - 0.5)
    return points, rng.normal(size=count), np.concatenate([inside, np.full((1, dimensions), 1.5), np.full((1, dimensions), -0.4)])


def _scipys(points: NDArray, values: NDArray, at: NDArray) -> NDArray:
    from scipy.interpolate import griddata

    return griddata(points, values, at)


def _triangles(points: NDArray) -> NDArray:
    from scipy.spatial import Delaunay

    return Delaunay(points).simplices


def _check_in_triangles(in_triangles: Callable[..., Any]) -> Verdict:
    points, values, at = _scattered(2, 5)
    triangles = _triangles(points)
    return _held(in_triangles(points.copy(), values.copy(), triangles.copy(), at.copy()), _scipys(points, values, at), points, values, at)


def _held(got: Any, right: NDArray, points: NDArray, values: NDArray, at: NDArray) -> Verdict:
    """The verdict on interpolated values; ``right`` has NaN outside the points."""
    array = np.asarray(got) if got is not None else None
    if array is None or array.shape != right.shape or array.dtype.kind not in "fc":
        return compare(got, np.nan_to_num(right), "the interpolated values")
    outside = np.isnan(right)
    if not np.isnan(array[outside]).all():
        return Verdict(False, f"{_kind(array, right, points, values, at)}Two of the places lie **outside** all triangles. "
                              "There nothing is known: `np.nan`, not a number that looks like knowledge.")  # fmt: skip
    if np.isnan(array[~outside]).any():
        return Verdict(
            False,
            "Some places inside a triangle got NaN. All three weights are ≥ 0 inside, the edge included; allow for rounding (−1e-12).",
        )
    kind = _kind(array, right, points, values, at)
    return Verdict(False, kind) if kind else compare(array[~outside], right[~outside], "the interpolated values", tolerance=1e-9)


def _kind(got: NDArray, right: NDArray, points: NDArray, values: NDArray, at: NDArray) -> str:
    known = ~np.isnan(right)
    apart = np.linalg.norm(at[:, None] - points, axis=-1)
    nearest = values[apart.argmin(1)]
    if np.allclose(got[known], right[known]):
        return ""
    if np.allclose(got[known], nearest[known]):
        return "These are the values of the **nearest** points: a step at every border, no slope anywhere. "
    if np.iscomplexobj(right) and np.allclose(got[known], right[known].real):
        return "The imaginary part is lost. The weights are real, the values need not be: multiply, do not `float` them. "
    return ""


_FIND = """
def in_triangles(points, values, triangles, at):
    found = np.full(len(at), np.nan)
    for i, place in enumerate(at):
        for corners in triangles:
            a, b, c = points[corners]
            u, v = np.linalg.solve(np.column_stack([b - a, c - a]), place - a)
            weights = np.array([1 - u - v, u, v])
            if {inside}:
                found[i] = {value}
                break
    return found
"""

IN_TRIANGLES = Exercise(
    name="in_triangles", question="Q55",
    prompt="""Write your own `griddata`, the heart of it. Somebody has already joined the scattered `points` `(n, 2)` into `triangles`
`(m, 3)` (three row numbers each). For every place in `at` `(k, 2)` find the triangle it lies in and interpolate its `values` linearly;
`np.nan` where there is none. Two loops are fine: that they are slow is the point of the question.""",
    starter='''
def in_triangles(points, values, triangles, at):
    """Values at the places (k, 2), linear in each triangle, NaN outside all."""
    found = np.full(len(at), np.nan)
    for i, place in enumerate(at):
        for corners in triangles:
            a, b, c = points[corners]
            raise NotImplementedError
    return found
''',
    hints=(
        "Write the place as a + u (b − a) + v (c − a): two equations for u and v. `np.linalg.solve` with the two edges as **columns**.",
        "The weights of the corners are 1 − u − v, u and v. They add up to 1, and the place is inside if none is negative.",
        "`u, v = np.linalg.solve(np.column_stack([b - a, c - a]), place - a)`, `w = np.array([1 - u - v, u, v])`, "
        "`if (w >= -1e-12).all(): found[i] = w @ values[corners]; break`.",
    ),
    solution=_FIND.format(inside="(weights >= -1e-12).all()", value="weights @ values[corners]"),
    check=_check_in_triangles,
    mistakes=(
        Mistake(_FIND.format(inside="True", value="weights @ values[corners]"), "outside"),
        Mistake(_FIND.format(inside="(weights >= -1e-12).all()", value="values[corners].mean()"), "not right yet"),
        Mistake(_FIND.format(inside="(weights >= -1e-12).all()", value="weights[::-1] @ values[corners]"), "not right yet"),
        Mistake(_FIND.format(inside="(weights > 0.2).all()", value="weights @ values[corners]"), "NaN"),
        Mistake("def in_triangles(points, values, triangles, at):\n"
                "    return values[np.linalg.norm(at[:, None] - points, axis=-1).argmin(1)]\n", "nearest"),
    ),
)  # fmt: skip


def _check_interpolate(interpolate: Callable[..., Any]) -> Verdict:
    for dimensions in (2, 3):
        points, values, at = _scattered(dimensions, 7, 60)
        complex_values = values + 1j * np.roll(values, 3)
        found = _held(
            interpolate(points.copy(), complex_values.copy(), at.copy()), _scipys(points, complex_values, at), points, complex_values, at
        )
        if not found.right:
            return Verdict(False, f"In {dimensions} dimensions: {found.text}")
    return Verdict(True, "Right, in two and in three dimensions, for complex values, and NaN outside: it *is* `griddata`. "
                         "Triangulating takes most of its time; finding simplices comes second, your arithmetic last.")  # fmt: skip


_WHOLE = """
def interpolate(points, values, at):
    from scipy.spatial import Delaunay
    mesh = Delaunay(points)
    where = mesh.find_simplex(at)
    d = points.shape[1]
    edges = mesh.transform[where]
    part = np.einsum("kij,kj->ki", edges[:, :d], at - edges[:, d])
    weights = {weights}
    found = {found}
    {outside}
    return found
"""
_WEIGHTS = "np.column_stack([part, 1 - part.sum(1)])"
_NAN = "found[where < 0] = np.nan"
_SUM = "(weights * values[mesh.simplices[where]]).sum(1)"

INTERPOLATE = Exercise(
    name="interpolate", question="Q57",
    prompt="""Now the whole of `griddata`, without a loop, in 2 **and** 3 dimensions: `points` `(n, d)`, complex `values` `(n,)`, places
`at` `(k, d)`; `np.nan` outside. `scipy.spatial.Delaunay` may make the mesh. It also keeps, for each simplex, a matrix that turns a place
into barycentric weights: `mesh.transform[s, :d] @ (place - mesh.transform[s, d])` are the first d of its d + 1 weights.""",
    starter='''
def interpolate(points, values, at):
    """Values (k,) at the places, linear in each simplex, NaN outside."""
    from scipy.spatial import Delaunay
    mesh = Delaunay(points)
    where = mesh.find_simplex(at)  # number of the simplex, -1 outside
    raise NotImplementedError
''',
    hints=(
        "`edges = mesh.transform[where]` has the shape (k, d + 1, d): all matrices and origins at once.",
        '`part = np.einsum("kij,kj->ki", edges[:, :d], at - edges[:, d])`; the last weight is one minus the sum of the others.',
        "`(weights * values[mesh.simplices[where]]).sum(1)`, and then `found[where < 0] = np.nan`: index −1 is NumPy's *last* simplex.",
    ),
    solution=_WHOLE.format(weights=_WEIGHTS, found=_SUM, outside=_NAN),
    check=_check_interpolate,
    mistakes=(
        Mistake(_WHOLE.format(weights=_WEIGHTS, found=_SUM, outside="pass"), "outside"),
        Mistake(_WHOLE.format(weights=_WEIGHTS, found="(weights * values.real[mesh.simplices[where]]).sum(1)", outside=_NAN), "imaginary"),
        Mistake(_WHOLE.format(weights="np.column_stack([1 - part.sum(1), part])", found=_SUM, outside=_NAN), "not right yet"),
        Mistake(_WHOLE.format(weights="np.column_stack([part[:, :2], 1 - part[:, :2].sum(1)])", found=_SUM, outside=_NAN),
                "could not be broadcast"),
        Mistake("def interpolate(points, values, at):\n    found = values[np.linalg.norm(at[:, None] - points, axis=-1).argmin(1)]\n"
                "    return found\n", "nearest"),
    ),
)  # fmt: skip


# Back onto a grid


def _adjoint(points: NDArray, values: NDArray, size: int) -> NDArray:
    """What interpolating a map at ``points`` with Vitreous' `values_at` does, transposed: each voxel's share of each value."""
    spread = np.zeros(size**3)
    for voxel in range(size**3):
        one = np.zeros((size,) * 3)
        one.flat[voxel] = 1.0
        spread[voxel] = values_at(one, points) @ values
    return spread.reshape((size,) * 3)


def _check_spread(spread: Callable[..., Any]) -> Verdict:
    rng = np.random.default_rng(9)
    size, points, values = 4, rng.uniform(0, 2.99, size=(25, 3)), rng.normal(size=25)
    got = spread(points.copy(), values.copy(), size)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return Verdict(False, "Give back two arrays: the sums of weight × value, and the sums of the weights. Their quotient is the map.")
    sums, weights = _adjoint(points, values, size), _adjoint(points, np.ones(25), size)
    answer = np.asarray(got[0], float)
    reason = "" if answer.shape != sums.shape or np.allclose(answer, sums, atol=1e-5) else _not_spread(answer, points, values, sums)
    if reason:
        return Verdict(False, reason)
    first = compare(got[0], sums, "the sum of weight × value", tolerance=1e-5)
    return first if not first.right else _with_weights(compare(got[1], weights, "the sum of weights", tolerance=1e-5))


def _with_weights(second: Verdict) -> Verdict:
    if not second.right:
        return second
    return Verdict(True, "Right: this is what `Insertion` does with every slice of every particle. Each point costs eight additions, and "
                         "none has to look for another: the search is gone.")  # fmt: skip


def _not_spread(got: NDArray, points: NDArray, values: NDArray, right: NDArray) -> str:
    if np.allclose(got, right.transpose(), atol=1e-5):
        return "The axes are in the order (x, y, z). Points are (x, y, z), but maps are `[z, y, x]`."
    whole = np.zeros_like(right)
    np.add.at(whole, tuple(np.rint(points).astype(int)[:, ::-1].T), values)
    if np.allclose(got, whole):
        return "Each value went to its **nearest** voxel only. Share it out among eight, with the weights of trilinear interpolation."
    if np.abs(got).sum() < 0.9 * np.abs(right).sum() and not np.isclose(got.sum(), values.sum()):
        return ("Some values are **lost**: the sum over your map is not the sum of the values. `map[z, y, x] += v` with arrays keeps only "
                "the last of several points in one voxel; use `np.add.at`.")  # fmt: skip
    return ""


_SPREAD = """
def spread(points, values, size):
    sums, weights = np.zeros((size,) * 3), np.zeros((size,) * 3)
    low = np.floor(points).astype(int)
    part = points - low
    for corner in np.ndindex(2, 2, 2):
        step = np.array(corner)
        weight = np.where(step, part, 1 - part).prod(1)
        x, y, z = (low + step).T
        {add}
    return {given}
"""
_ADD = "np.add.at(sums, (z, y, x), weight * values); np.add.at(weights, (z, y, x), weight)"

SPREAD = Exercise(
    name="spread", question="",
    prompt="""How cryo-EM speeds it up: **turn the question round**. Do not ask, for each voxel, which points are near; let each point give
itself to the eight voxels around it. Points `(n, 3)` are (x, y, z) in voxels, all within the grid. Give back two maps `(size, size, size)`,
indexed `[z, y, x]`: the sums of weight × value, and of the weights, with the weights of trilinear interpolation.""",
    starter='''
def spread(points, values, size):
    """Sums of weight × value and of weight, each (size, size, size)."""
    sums, weights = np.zeros((size,) * 3), np.zeros((size,) * 3)
    low = np.floor(points).astype(int)
    part = points - low
    raise NotImplementedError
''',
    hints=(
        "Go over the eight corners: `for corner in np.ndindex(2, 2, 2)`. In each, do all points at once.",
        "The weight of a corner is the product over the three axes of `part` where the corner is the upper one, `1 - part` where it is "
        "the lower.",
        "`np.add.at(sums, (z, y, x), weight * values)`: plain `+=` would lose all but one of the points that share a voxel.",
    ),
    solution=_SPREAD.format(add=_ADD, given="sums, weights"),
    check=_check_spread,
    mistakes=(
        Mistake(_SPREAD.format(add=_ADD.replace("(z, y, x)", "(x, y, z)"), given="sums, weights"), "order"),
        Mistake(_SPREAD.format(add="sums[z, y, x] += weight * values; weights[z, y, x] += weight", given="sums, weights"), "lost"),
        Mistake("def spread(points, values, size):\n    sums, weights = np.zeros((size,) * 3), np.zeros((size,) * 3)\n"
                "    x, y, z = np.rint(points).astype(int).T\n    np.add.at(sums, (z, y, x), values)\n"
                "    np.add.at(weights, (z, y, x), 1.0)\n"
                "    return sums, weights\n", "nearest"),
        Mistake(_SPREAD.format(add=_ADD, given="sums / np.maximum(weights, 1e-9)"), "two arrays"),
    ),
)  # fmt: skip
