"""How densely the sphere of viewing directions is covered, for any number of particles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.numerics.group_rotations import group_rotations
from vitreous.runtime.files import replacing
from vitreous.web.columns import Columns, Reading, cache_of
from vitreous.web.kept import kept_at
from vitreous.web.picks import pick_lists
from vitreous.web.project_view import ProjectView

ROT, TILT = "rlnAngleRot", "rlnAngleTilt"
#: Degrees along a side of the cells into which directions are counted.
CELL_DEG = 4
#: Directions that should lie in a patch as large as they are spread: with fewer the sphere shows chance.
TOGETHER = 6
#: Degrees between the places of the texture that the browser lays over the sphere.
STEP_DEG = 2


@dataclass(frozen=True)
class Views:
    """A list of particles with poses: its path from the project's folder, its job, the symmetry the job was given."""

    file: str
    job: str
    symmetry: str


def lists_of_views(project: ProjectView) -> list[Views]:
    """List what holds poses, the last first; by the kind of job, so that no list need be read."""
    posed = {"refine", "classify3d", "polish", "refine-ctf", "expand", "subtract", "validate", "initial-model"}
    found = []
    for each in pick_lists(project):
        record = project.record(each.job)
        if record is not None and record.type in posed:
            found.append(Views(each.file, each.job, str(record.figures.get("symmetry") or record.params.get("symmetry") or "C1")))
    return found


def directions(rot_deg: ArrayLike, tilt_deg: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors ``(n, 3)`` from which the object is seen: the third row of R, (cos rot sin tilt, sin rot sin tilt, cos tilt)."""
    rot, tilt = np.deg2rad(np.asarray(rot_deg, np.float64)), np.deg2rad(np.asarray(tilt_deg, np.float64))
    return np.stack([np.cos(rot) * np.sin(tilt), np.sin(rot) * np.sin(tilt), np.cos(tilt)], -1)


def counts(rot_deg: ArrayLike, tilt_deg: ArrayLike, symmetry: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count directions, with all their symmetric copies, in cells of one area, about.

    Parameters
    ----------
    rot_deg, tilt_deg
        ``(n,)``.
    symmetry
        Point group.

    Returns
    -------
    tuple
        Centres ``(c, 3)`` and how many lie in each, ``(c,)``. Copies are those of the cell's centre: cells are finer than what
        is drawn of them.

    Notes
    -----
    Bands of equal tilt are cut into cells as wide as they are high, so that a million directions are counted by arithmetic alone.
    """
    bands = 180 // CELL_DEG
    middle = (np.arange(bands) + 0.5) * CELL_DEG
    cells = np.maximum(1, np.rint(360 * np.sin(np.deg2rad(middle)) / CELL_DEG)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(cells)[:-1]])
    band = np.repeat(np.arange(bands), cells)
    centres = directions((np.arange(len(band)) - first[band] + 0.5) * 360 / cells[band], middle[band])

    def cell(rot: NDArray, tilt: NDArray) -> NDArray[np.int64]:
        row = np.minimum((tilt / CELL_DEG).astype(np.int64), bands - 1)
        return first[row] + np.minimum((rot / 360 * cells[row]).astype(np.int64), cells[row] - 1)

    once = np.bincount(cell(*_in_range(rot_deg, tilt_deg)), minlength=len(centres)).astype(np.float64)
    if symmetry.upper() == "C1":
        return centres, once
    found = np.zeros(len(centres))
    for turn in group_rotations(symmetry)[1]:
        x, y, z = (centres @ turn).T
        np.add.at(found, cell(np.rad2deg(np.arctan2(y, x)) % 360, np.rad2deg(np.arccos(np.clip(z, -1, 1)))), once)
    return centres, found


def _in_range(rot_deg: ArrayLike, tilt_deg: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same directions with rot from 0° to 360° and tilt from 0° to 180°; those that are not finite are left out."""
    rot, tilt = np.asarray(rot_deg, np.float32), np.asarray(tilt_deg, np.float32) % 360
    beyond = tilt > 180
    rot, tilt = np.where(beyond, rot + 180, rot) % 360, np.where(beyond, 360 - tilt, tilt)
    there = np.isfinite(rot) & np.isfinite(tilt)
    return rot[there], tilt[there]


def spread(count: float) -> float:
    """Radians over which ``count`` directions are spread, 5° to 15°: the side of a patch that holds :data:`TOGETHER` of them."""
    return min(max(math.sqrt(4 * math.pi * TOGETHER / max(count, 1)), math.radians(5)), math.radians(15))


def density(centres: NDArray, found: NDArray, at: NDArray) -> NDArray[np.float64]:
    """Directions at unit vectors ``at`` ``(m, 3)`` over even coverage.

    Notes
    -----
    Each is spread by the von Mises-Fisher kernel κ exp(κ(cos γ − 1)) / 2π(1 − exp(−2κ)) with κ = 1 / spread².
    """
    kappa = 1 / spread(found.sum()) ** 2
    held = found > 0
    total, at = np.zeros(len(at)), at.astype(np.float32)
    for part, weight in zip(np.array_split(centres[held], 16), np.array_split(found[held], 16)):
        total += np.exp(kappa * (at @ part.T.astype(np.float32) - 1)) @ weight
    return total * 2 * kappa / -math.expm1(-2 * kappa) / max(found.sum(), 1)


def tilts(columns: Columns, symmetry: str) -> NDArray[np.float64]:
    """How many views, copies too, have a tilt in each of the bands of ``CELL_DEG``."""
    centres, found = counts(columns.number(ROT), columns.number(TILT), symmetry)
    return np.histogram(np.rad2deg(np.arccos(np.clip(centres[:, 2], -1, 1))), np.linspace(0, 180, 180 // CELL_DEG + 1), weights=found)[0]


def texture(columns: Columns, symmetry: str) -> NDArray[np.float32]:
    """Density over even coverage, ``(tilt, rot)``: tilt 1°, 3° … 179°, rot −179° … 179°."""
    centres, found = counts(columns.number(ROT), columns.number(TILT), symmetry)
    rot, tilt = np.meshgrid(np.arange(-180, 180, STEP_DEG) + STEP_DEG / 2, np.arange(0, 180, STEP_DEG) + STEP_DEG / 2)
    return density(centres, found, directions(rot.ravel(), tilt.ravel())).reshape(rot.shape).astype(np.float32)


def kept_texture(project: ProjectView, views: Views) -> Path | Reading:
    """Give the texture as little-endian float32, made when first asked for.

    Raises
    ------
    InputError
        If the list has no poses, or the symmetry is none.
    """
    from vitreous.errors import require

    path = project.inside(views.file)
    columns = cache_of(project.cache).ask(path)
    if isinstance(columns, Reading):
        return columns
    require(ROT in columns.numbers and TILT in columns.numbers, "particles", views.file, f"with {ROT} and {TILT}")
    kept = kept_at(project.cache / "directions", ".f4", [path], views.symmetry, STEP_DEG, TOGETHER)
    if not kept.exists():
        with replacing(kept) as aside:
            texture(columns, views.symmetry).astype("<f4").tofile(aside)
    return kept


def read_texture(path: Path) -> NDArray[np.float32]:
    """What :func:`kept_texture` keeps, ``(tilt, rot)``."""
    return np.fromfile(path, "<f4").reshape(180 // STEP_DEG, 360 // STEP_DEG)
