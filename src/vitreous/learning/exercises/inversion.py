"""Exercises on direct Fourier inversion: where a picture belongs, how many are averaged, and what to divide by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake
from vitreous.numerics.disc import disc
from vitreous.numerics.fourier import fft1, fft2
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.slices import Insertion, ball_shells, volume_of
from vitreous.reconstruct.fourier import shell_density, solve

# Where a picture belongs


def _check_slice(central_slice: Callable[..., Any]) -> Verdict:
    volume = np.random.default_rng(3).normal(size=(8, 8, 8))
    got = central_slice(volume.copy())
    wanted = fft2(torch.from_numpy(volume.sum(0))).numpy()
    answer = np.asarray(got)
    wrong = _not_the_slice(answer, volume) if answer.shape == wanted.shape else ""
    return Verdict(False, wrong) if wrong else compare(got, wanted, "the central slice")


def _not_the_slice(answer: np.ndarray, volume: np.ndarray) -> str:
    """What else of the volume the answer is, in words; empty if it is nothing known."""
    transform = _transform3(volume)
    for axis, name in ((1, "y"), (2, "x")):
        if np.allclose(answer, transform.take(0, axis)):
            return f"This is the slice k{name} = 0: the transform of a projection along {name}. Which axis of a NumPy volume is z?"
    sections = [fft2(torch.from_numpy(plane)).numpy() for plane in volume]
    if any(np.allclose(answer, scale * each) for each in sections for scale in (1, len(volume))):
        return "This is the transform of one section of the volume, as thin as a voxel. A projection adds up all sections."
    highest = transform[len(volume) // 2]
    if np.allclose(answer, highest) or np.allclose(answer, np.roll(highest, (len(highest) // 2,) * 2, (0, 1))):
        return "This is the plane of the highest kz. Where is zero frequency in NumPy's order, and where after `fftshift`?"
    return ""


def _transform3(volume: np.ndarray) -> np.ndarray:
    """The full three-dimensional transform, zero frequency first."""
    planes = fft2(torch.from_numpy(volume))
    return fft1(planes.movedim(0, -1)).movedim(-1, 0).numpy()


CENTRAL_SLICE = Exercise(
    name="central_slice",
    question="Q60",
    prompt="Give the two-dimensional transform of the *projection along z* of a volume `(z, y, x)` **without ever adding up the volume**: "
    "take it out of the three-dimensional transform. Zero frequency first, as `np.fft` has it.",
    starter="""
def central_slice(volume):
    \"\"\"Transform of the projection along z: complex (y, x).\"\"\"
    raise NotImplementedError
""",
    hints=(
        "The transform of the volume at (kz, ky, kx) is Σ f exp(−2πi (kz z + ky y + kx x) / n). For which kz does z vanish from it?",
        "With kz = 0 the sum over z has no phase: it is the projection. So one plane of `np.fft.fftn(volume)` is all you need.",
        "`np.fft` puts zero frequency at index 0, and z is the first axis.",
    ),
    solution="""
def central_slice(volume):
    return np.fft.fftn(volume)[0]
""",
    check=_check_slice,
    mistakes=(
        Mistake("def central_slice(volume):\n    return np.fft.fftn(volume)[:, :, 0]", "projection along x"),
        Mistake("def central_slice(volume):\n    return np.fft.fft2(volume[len(volume) // 2])", "one section"),
        Mistake("def central_slice(volume):\n    return np.fft.fftshift(np.fft.fftn(volume))[len(volume) // 2]", "origin"),
        Mistake("def central_slice(volume):\n    return np.fft.fftshift(np.fft.fftn(volume))[0]", "highest kz"),
        Mistake("def central_slice(volume):\n    return np.abs(np.fft.fftn(volume)[0])", "complex"),
        Mistake("def central_slice(volume):\n    return np.fft.fftn(volume)[len(volume) // 2]", "highest kz"),
        Mistake("def central_slice(volume):\n    return np.fft.fftn(volume)[0] / len(volume)", "normalisation"),
    ),
)

# Slices into cells


def _octahedral() -> torch.Tensor:
    """The 24 rotations that take the grid to itself."""
    found = []
    for order in ((0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2)):
        for signs in np.ndindex(2, 2, 2):
            matrix = np.eye(3)[list(order)] * (1 - 2 * np.array(signs))[:, None]
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    return torch.from_numpy(np.stack(found))


def _slices_in_cells() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells (m, 3), values (m,) and the averages that Vitreous makes of them on an 8³ grid, 24 slices and their mates."""
    points, turns = disc(8), _octahedral()
    draw = torch.Generator().manual_seed(8)
    values = torch.view_as_complex(torch.randn(len(turns), len(points), 2, generator=draw))
    insertion = Insertion(8, points.radius)
    insertion.add(turns, values, torch.ones(values.shape), points)
    numerator, denominator = insertion.total()
    flat = torch.stack([points.kx, points.ky, torch.zeros_like(points.kx)]).double()
    k = torch.einsum("nji,jk->nki", turns, flat).round().long().reshape(-1, 3).flip(-1).numpy()
    cells = np.concatenate([k, -k]) % 8
    both = np.concatenate([values.flatten().numpy(), values.flatten().numpy().conj()])
    middle = denominator.shape[-1] - 1
    averages = np.zeros((8, 8, 8), complex)
    for z, y, x in np.ndindex(7, 7, 7):
        at = np.array([z - 3, y - 3, x - 3])
        a, b, c = (2 * at if at[2] >= 0 else -2 * at) + [middle, middle, 0]
        weight = float(denominator[a, b, c])
        if weight > 0:
            value = complex(numerator[a, b, c]) / weight
            averages[tuple(at % 8)] = value if at[2] >= 0 else value.conjugate()
    return cells, both, averages


def _check_fill(fill: Callable[..., Any]) -> Verdict:
    cells, values, wanted = _slices_in_cells()
    got = fill(cells.copy(), values.copy(), 8)
    answer = np.asarray(got)
    if answer.shape == wanted.shape:
        index = tuple(cells.T)
        total, count = np.zeros_like(wanted), np.zeros(wanted.shape)
        np.add.at(total, index, values)
        np.add.at(count, index, 1)
        if not np.isfinite(answer).all() and not count[~np.isfinite(answer)].any():
            return Verdict(False, "Where nothing was measured you divide 0 by 0. Leave those cells 0.")
        if np.allclose(answer, total):
            return Verdict(False, "This is the *sum* of what fell into each cell. Cells near the origin were hit by many slices: divide "
                                  "by how many, or coarse detail drowns the fine.")
        last, added = np.zeros_like(wanted), np.zeros_like(wanted)
        last[index] = values
        added[index] += values
        if np.allclose(answer, last) or np.allclose(answer, added):
            return Verdict(False, "In each cell only the *last* value is left: `grid[index] = …`, and `grid[index] += …` too, write a "
                                  "repeated index once. `np.add.at` adds every one.")
        averages = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        if np.allclose(answer, averages.transpose(2, 1, 0)):
            return Verdict(False, "Your grid is transposed: cells are (z, y, x), in the order of the grid's own axes.")
        if np.allclose(answer, total / len(values)):
            return Verdict(False, "You divide by the number of *all* values. Each cell has a number of its own.")
    return compare(got, wanted, "the filled grid", tolerance=1e-5)


FILL = Exercise(
    name="fill",
    question="Q61",
    prompt="The heart of direct Fourier inversion. Slices have been turned to where they belong: value `values[i]` falls into the cell "
    "`cells[i] = (z, y, x)` of a grid of `size`³. Several slices meet in a cell (all of them near the origin), and some cells are met by "
    "none. "
    "Give the grid of the **averages**, 0 where nothing was measured.",
    starter="""
def fill(cells, values, size):
    \"\"\"cells: integers (m, 3); values: complex (m,). Gives a complex grid (size, size, size).\"\"\"
    grid = np.zeros((size, size, size), complex)
    index = tuple(cells.T)
    raise NotImplementedError
""",
    hints=(
        "An average needs two grids: the sum of the values that fell into each cell, and their number.",
        "`total[index] += values` forgets repeated cells. `np.add.at(total, index, values)` does not; the same with ones gives the number.",
        "Divide only where the number is not 0: `np.divide(total, count, out=np.zeros_like(total), where=count > 0)`.",
    ),
    solution="""
def fill(cells, values, size):
    total = np.zeros((size, size, size), complex)
    count = np.zeros((size, size, size))
    index = tuple(cells.T)
    np.add.at(total, index, values)
    np.add.at(count, index, 1)
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0)
""",
    check=_check_fill,
    mistakes=(
        Mistake("def fill(cells, values, size):\n    grid = np.zeros((size,) * 3, complex)\n    grid[tuple(cells.T)] = values\n    return "
                "grid", "last"),
        Mistake("def fill(cells, values, size):\n    grid = np.zeros((size,) * 3, complex)\n    grid[tuple(cells.T)] += values\n    "
                "return grid", "np.add.at"),
        Mistake("def fill(cells, values, size):\n    grid = np.zeros((size,) * 3, complex)\n    np.add.at(grid, tuple(cells.T), values)\n "
                "   return grid", "sum"),
        Mistake(
            "def fill(cells, values, size):\n    t = np.zeros((size,) * 3, complex)\n    c = np.zeros((size,) * 3)\n"
            "    np.add.at(t, tuple(cells.T), values)\n    np.add.at(c, tuple(cells.T), 1)\n    with np.errstate(all='ignore'):\n        "
            "return t / c",
            "0 by 0",
        ),
        Mistake("def fill(cells, values, size):\n    t = np.zeros((size,) * 3, complex)\n    np.add.at(t, tuple(cells[:, ::-1].T), "
                "values)\n"
                "    c = np.zeros((size,) * 3)\n    np.add.at(c, tuple(cells[:, ::-1].T), 1)\n    return np.divide(t, c, out=t * 0, "
                "where=c > 0)", "transposed"),
        Mistake("def fill(cells, values, size):\n    t = np.zeros((size,) * 3, complex)\n    np.add.at(t, tuple(cells.T), values)\n"
                "    return t / len(values)", "number of its own"),
    ),
)  # fmt: skip

# A point between cells


def _check_corners(corner_weights: Callable[..., Any]) -> Verdict:
    middle = 9
    for point in ((1.25, 2.5, 3.75), (-0.75, 1.5, 0.25), (2.0, -1.25, 2.5)):
        try:
            cells, weights = corner_weights(np.array(point))
        except ValueError:
            return Verdict(False, "Give back two things: the cells, integers (8, 3), and their weights (8,).")
        cells, weights = np.asarray(cells), np.asarray(weights, float)
        if cells.shape != (8, 3) or weights.shape != (8,):
            return Verdict(False, f"A cube has eight corners: cells should have the shape (8, 3) and weights (8,); yours have "
                                  f"{cells.shape} and {weights.shape}.")
        wanted = _inserted(point, middle)
        got = np.zeros_like(wanted)
        index = np.round(cells).astype(int) + middle
        if (index < 0).any() or (index >= len(got)).any():
            return Verdict(False, f"Cells of the point {point} lie far from it.")
        np.add.at(got, tuple(index[:, ::-1].T), weights)
        if not np.allclose(got, wanted, atol=1e-5):
            return Verdict(False, _corners_wrong(cells, weights, np.array(point)))
    return Verdict(True, "Right: your eight weights are those with which Vitreous inserts a slice, for points on both sides of the origin.")


def _inserted(point: tuple[float, float, float], middle: int) -> np.ndarray:
    """Weights of the cells (z, y, x) where the production code puts one coefficient at ``point`` (x, y, z) of its fine grid."""
    target = np.array(point) / 2
    length = float(np.linalg.norm(target))
    x = target / length
    z = np.cross(x, np.eye(3)[np.abs(x).argmin()])
    z /= np.linalg.norm(z)
    turn = torch.from_numpy(np.stack([x, np.cross(z, x), z]))[None]
    points = disc(8)
    insertion = Insertion(8, points.radius)
    whole_number = torch.ones(1, dtype=torch.int64)
    one = replace(points, kx=torch.tensor([length], dtype=torch.float32), ky=torch.zeros(1), shell=whole_number, flat=whole_number)
    insertion.add(turn, torch.ones(1, 1, dtype=torch.complex64), torch.ones(1, 1), one)
    half = insertion.total()[1].numpy().astype(float)
    whole = np.zeros((2 * middle + 1,) * 3)
    m = half.shape[-1] - 1
    whole[:, :, middle:] = half[m - middle : m + middle + 1, m - middle : m + middle + 1, : middle + 1]
    return _without_mate(whole, np.array(point), middle)


def _without_mate(whole: np.ndarray, point: np.ndarray, middle: int) -> np.ndarray:
    """Both halves of the grid, and of a point and its Friedel mate only the point."""
    full = whole + whole[::-1, ::-1, ::-1] * (np.arange(-middle, middle + 1) < 0)
    z, y, x = (np.arange(-middle, middle + 1) for _ in range(3))
    near = (np.abs(z - point[2]) < 1)[:, None, None] & (np.abs(y - point[1]) < 1)[:, None] & (np.abs(x - point[0]) < 1)
    return full * near


def _corners_wrong(cells: np.ndarray, weights: np.ndarray, point: np.ndarray) -> str:
    named = tuple(point.tolist())
    moved = weights @ cells / weights.sum() if weights.sum() else point * np.nan
    if not np.isclose(weights.sum(), 1):
        return f"The weights of {named} add up to {weights.sum():.3g}, not 1: part of the measurement is lost or counted twice."
    if (np.abs(cells - point) > 1 + 1e-9).any():
        return (f"For {named} some cells are more than one away. `int(-0.75)` is 0 in Python, towards zero: below a negative number "
                "`np.floor` is wanted.")  # fmt: skip
    if np.isclose(weights.max(), 1) and (point % 1).any():
        return (
            "All the weight is on the nearest cell. That is nearest-neighbour insertion: quick, but a point is moved by up to half a "
            "cell."
        )
    if np.allclose(np.sort(weights), np.sort(_trilinear(point))) and not np.allclose(moved, point):
        return (
            f"Weights are right but sit at the wrong corners: together they lie at {np.round(moved, 3)} instead of {named}. A point at "
            f"0.25 is nearer 0: that corner gets 0.75."
        )
    return (
        f"Together your cells lie at {np.round(moved, 3)} instead of {named}; each weight is a product of three, 1 − f or f along each "
        f"axis."
    )


def _trilinear(point: np.ndarray) -> np.ndarray:
    f = point - np.floor(point)
    return np.array([np.prod(np.where(corner, f, 1 - f)) for corner in np.ndindex(2, 2, 2)])


CORNER_WEIGHTS = Exercise(
    name="corner_weights",
    question="Q65",
    prompt="A point of a turned slice falls *between* the cells of the grid. Share it among the eight corners of its cell by trilinear "
    "weights. Give the corners, integers `(8, 3)`, and their weights `(8,)`, in any order (but the same). Points may be negative.",
    starter="""
def corner_weights(point):
    \"\"\"point: (x, y, z) in cells. Gives the eight cells around it and the share of each.\"\"\"
    low = point.astype(int)
    raise NotImplementedError
""",
    hints=(
        "Along one axis a point at 3.25 gives ¾ to cell 3 and ¼ to cell 4. In three axes weights multiply.",
        "With low = floor(point) and f = point − low, the corner low + c, c in {0, 1}³, gets the product of f where c is 1 and 1 − f "
        "where it is 0.",
        "`astype(int)` cuts towards zero: −0.75 becomes 0, but the corner below is −1. `np.floor` is right on both sides.",
    ),
    solution="""
def corner_weights(point):
    low = np.floor(point).astype(int)
    f = point - low
    corners = np.array(list(np.ndindex(2, 2, 2)))
    weights = np.where(corners == 1, f, 1 - f).prod(axis=1)
    return low + corners, weights
""",
    check=_check_corners,
    mistakes=(
        Mistake("def corner_weights(point):\n    low = point.astype(int)\n    f = point - low\n    c = np.array(list(np.ndindex(2, 2, "
                "2)))\n"
                "    return low + c, np.where(c == 1, f, 1 - f).prod(1)", "floor"),
        Mistake("def corner_weights(point):\n    low = np.floor(point).astype(int)\n    f = point - low\n    c = "
                "np.array(list(np.ndindex(2, 2, 2)))\n"
                "    return low + c, np.where(c == 1, 1 - f, f).prod(1)", "wrong corners"),
        Mistake("def corner_weights(point):\n    low = np.floor(point).astype(int)\n"
                "    c = np.array(list(np.ndindex(2, 2, 2)))\n"
                "    near = np.abs(low + c - point).sum(1)\n    w = np.zeros(8)\n"
                "    w[near.argmin()] = 1\n    return low + c, w", "nearest"),
        Mistake("def corner_weights(point):\n    low = np.floor(point).astype(int)\n    f = point - low\n    c = "
                "np.array(list(np.ndindex(2, 2, 2)))\n"
                "    return low + c, np.where(c == 1, f, 1 - f).sum(1)", "add up"),
        Mistake("def corner_weights(point):\n    low = np.floor(point).astype(int)\n    return low, 1.0", "eight corners"),
    ),
)  # fmt: skip

# What to divide by


def _sums() -> tuple[torch.Tensor, torch.Tensor]:
    """Numerator and denominator of thirty random slices of noise, on a grid for 8³ voxels."""
    points, draw = disc(8), torch.Generator().manual_seed(5)
    insertion = Insertion(8, points.radius)
    turns, values = random_rotations(30, draw), torch.view_as_complex(torch.randn(30, len(points), 2, generator=draw))
    insertion.add(turns, values, torch.ones(values.shape), points)
    return insertion.total()


def _check_wiener(wiener: Callable[..., Any]) -> Verdict:
    numerator, denominator = _sums()
    shell = ball_shells(denominator.shape[-1] - 1)
    inside, radius = shell <= 3, 3
    ssnr = torch.tensor([50.0, 20.0, 4.0, 0.5])
    density = shell_density(denominator, radius).float()
    num, den, at = (each[inside].numpy() for each in (numerator, denominator, shell))
    got = wiener(num.copy(), den.copy(), at.copy(), ssnr.numpy().copy())
    wanted = num / (den + (density / ssnr).numpy()[at])
    answer = np.asarray(got)
    wrong = _not_that_prior(answer, num, den, at, density.numpy(), ssnr.numpy()) if answer.shape == wanted.shape else ""
    found = Verdict(False, wrong) if wrong else compare(got, wanted, "the transform of the map", tolerance=1e-4)
    return _same_map(answer, inside, numerator, denominator, ssnr) if found.right else found


def _not_that_prior(answer: np.ndarray, num: np.ndarray, den: np.ndarray, at: np.ndarray, mean: np.ndarray, ssnr: np.ndarray) -> str:
    """Which other prior the answer was made with, in words; empty if none that is known."""
    others = (
        (1 / ssnr[at], "1 / SSNR is a pure number, but the denominator counts slices. Give it their unit: multiply by the shell's mean "
                       "denominator."),
        ((mean * ssnr)[at], "Upside down: where the signal is *strong* (SSNR large) the prior must hold back *less*."),
        (den / ssnr[at], "You used the cell's own denominator. Then the prior is as strong as the data everywhere, and a cell met by no "
                         "slice is "
                         "still 0 / 0; take the mean of the shell."),
        (mean.mean() / ssnr[at], "You used one mean for the whole ball; each shell has its own, since slices thin out as 1/k."),
    )  # fmt: skip
    with np.errstate(all="ignore"):
        for prior, text in others:
            if np.allclose(answer, num / (den + prior), rtol=1e-4, equal_nan=True):
                return text
        if not np.isfinite(answer).all() or np.allclose(answer, num / den, equal_nan=True):
            return (
                "Without a prior, cells that few slices met (or none) blow up: a division by next to nothing. Add something to the "
                "denominator."
            )
    return ""


def _same_map(values: np.ndarray, inside: torch.Tensor, numerator: torch.Tensor, denominator: torch.Tensor, ssnr: torch.Tensor) -> Verdict:
    ball = torch.zeros_like(numerator)
    ball[inside] = torch.from_numpy(values.astype(np.complex64))
    mine, theirs = volume_of(ball, 8), solve(numerator, denominator, 8, ssnr=ssnr, radius=3, voxel_size=1.0)
    return compare(mine.numpy(), theirs.numpy(), "the map", tolerance=1e-3)


WIENER = Exercise(
    name="wiener",
    question="Q66",
    prompt="From the sums to the map. Each cell holds a `numerator` Σ c X / σ² and a `denominator` Σ c² / σ²; `shell` says which shell it "
           "is in, "
    "and `ssnr[s]` how much stronger than noise the map's signal is in shell s. Give numerator / (denominator + prior), where the prior "
    "of a shell "
    "is the **mean denominator of that shell over its SSNR** (Scheres 2012).",
    starter="""
def wiener(numerator, denominator, shell, ssnr):
    \"\"\"All arrays (m,) but ssnr, one number a shell. Gives the transform of the map, complex (m,).\"\"\"
    raise NotImplementedError
""",
    hints=(
        "The mean of the denominator in each shell: `np.bincount(shell, denominator) / np.bincount(shell)`.",
        "The prior of shell s is mean[s] / ssnr[s]: large where noise rules, small where signal does.",
        "`prior[shell]` gives every cell the number of its shell.",
    ),
    solution="""
def wiener(numerator, denominator, shell, ssnr):
    mean = np.bincount(shell, denominator) / np.bincount(shell)
    prior = mean / ssnr
    return numerator / (denominator + prior[shell])
""",
    check=_check_wiener,
    mistakes=(
        Mistake("def wiener(numerator, denominator, shell, ssnr):\n    with np.errstate(all='ignore'):\n        return numerator / "
                "denominator", "blow up"),
        Mistake("def wiener(numerator, denominator, shell, ssnr):\n    return numerator / (denominator + 1 / ssnr[shell])", "unit"),
        Mistake("def wiener(numerator, denominator, shell, ssnr):\n    mean = np.bincount(shell, denominator) / np.bincount(shell)\n"
                "    return numerator / (denominator + (mean * ssnr)[shell])", "Upside down"),
        Mistake("def wiener(numerator, denominator, shell, ssnr):\n    with np.errstate(all='ignore'):\n"
                "        return numerator / (denominator + denominator / ssnr[shell])", "own denominator"),
    ),
)  # fmt: skip
