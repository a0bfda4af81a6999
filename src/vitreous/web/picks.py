"""Picks of one micrograph, and what a person adds and takes away: kept as edits of a list, written out as a list of coordinates."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, require
from vitreous.jobs.coordinate_list import NAME, SCORE
from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json, write_json
from vitreous.web.columns import Columns
from vitreous.web.project_view import ProjectView

X, Y = "rlnCoordinateX", "rlnCoordinateY"
#: Kinds of output that may hold coordinates, picks first.
KINDS = ("coordinates", "particles", "classified", "classified particles")
#: Pixels within which a place that is taken away is that of a pick.
SAME = 0.01
#: Picks of one micrograph that may be added by hand.
MOST = 20_000
_WRITING = threading.Lock()


@dataclass(frozen=True)
class PickList:
    """A list of coordinates: its path from the project's folder, the job that made it, what it holds, the particle's diameter in Å."""

    file: str
    job: str
    kind: str
    diameter: float | None = None


def pick_lists(project: ProjectView) -> list[PickList]:
    """List what holds coordinates: the picks, the last first, then lists of particles, the last first."""
    done = [record for record in reversed(project.records()) if record.status == "done"]
    found = [each for record in done for each in _of(project, record)]
    live = PickList("live/particles.star", "live", "particles")
    found += [live] if (project.root / live.file).exists() else []
    return sorted(found, key=lambda each: each.kind != "coordinates")


def _of(project: ProjectView, record: Record) -> Iterator[PickList]:
    known = project.registry.jobs.get(record.type)
    for port in known.outputs if known else ():
        if port.kind in KINDS and record.outputs.get(port.name) and record[port.name].exists():
            yield PickList(f"jobs/{record.job}/{record.outputs[port.name][0]}", record.job, port.kind, record.params.get("diameter"))


@dataclass(frozen=True)
class Edit:
    """What was changed by hand in one micrograph: places added and taken away, ``(n, 2)``, (x, y) in pixels."""

    added: NDArray[np.float64]
    removed: NDArray[np.float64]


def edits_file(root: Path, job: str) -> Path:
    """Where the edits of the list of a job are kept."""
    return root / "decisions" / f"picks_{job}.json"


def read_edits(root: Path, job: str) -> dict[str, Edit]:
    """Give the edits by the micrograph's name in the list."""
    path = edits_file(root, job)
    told: Any = read_json(path) if path.exists() else {}
    return {name: Edit(*(_places(each[key], key) for key in ("added", "removed"))) for name, each in told.items()}


def edit(root: Path, job: str, micrograph: str, changed: Mapping[str, Sequence[Sequence[float]]], size: Sequence[int] | None) -> None:
    """Keep what was changed in a micrograph; an empty change takes back all.

    Parameters
    ----------
    root
        Folder of the project.
    job
        Whose list is edited.
    micrograph
        Its name in the list.
    changed
        ``added`` and ``removed``, each a list of (x, y) in pixels of the micrograph.
    size
        Width and height of the micrograph in pixels, if known.

    Raises
    ------
    InputError
        If a place is no pair of numbers or lies outside the micrograph, or there are too many.
    """
    require(re.fullmatch(r"[\w.-]+", job) is not None, "job", job, "the name of a job's folder")
    added, removed = (_places(changed.get(key, ()), key) for key in ("added", "removed"))
    if size is not None and len(added):
        within = ((added >= 0) & (added <= np.array(size) - 1)).all(1)
        require(bool(within.all()), "added", added[~within][:1].tolist(), f"inside the micrograph of {size[0]} × {size[1]} pixels")
    with _WRITING:
        path = edits_file(root, job)
        told: Any = read_json(path) if path.exists() else {}
        told.pop(micrograph, None)
        if len(added) or len(removed):
            told[micrograph] = {"added": added.round(3).tolist(), "removed": removed.tolist()}
        write_json(path, told)


def _places(given: Any, name: str) -> NDArray[np.float64]:
    try:
        places = np.array(given, np.float64).reshape(-1, 2) if len(given) else np.zeros((0, 2))
    except (ValueError, TypeError) as problem:
        raise InputError(f"{name} must be pairs of numbers, x and y in pixels; got {given!r}.") from problem
    require(len(places) <= MOST and bool(np.isfinite(places).all()), name, len(places), f"at most {MOST} pairs of finite numbers")
    return places


def code_of(columns: Columns, micrograph: str) -> int:
    """Which micrograph of a list is meant by the name or path of another list; −1 if none is."""
    names = columns.values(NAME) if NAME in columns.words else []
    if micrograph in names:
        return names.index(micrograph)
    last = Path(micrograph).name
    fitting = [code for code, name in enumerate(names) if name.endswith(last) and Path(name).name == last]
    return fitting[0] if len(fitting) == 1 else -1


def rows_of(columns: Columns, micrograph: str) -> NDArray[np.int64]:
    """Rows of a micrograph's picks."""
    code = code_of(columns, micrograph)
    return np.flatnonzero(columns.codes(NAME) == code) if code >= 0 else np.zeros(0, np.int64)


def picks_of(columns: Columns, micrograph: str) -> dict[str, list[Any]]:
    """Places (pixels) and scores (None where there are none) of a micrograph's picks as they are in the list."""
    rows = rows_of(columns, micrograph)
    x, y = (columns.number(label)[rows] for label in (X, Y))
    score = columns.number(SCORE)[rows] if SCORE in columns.numbers else np.full(len(rows), np.nan)
    return {"x": x.tolist(), "y": y.tolist(), "score": [None if np.isnan(each) else float(each) for each in score]}


def write_edited(columns: Columns, edits: Mapping[str, Edit], path: Path) -> int:
    """Write a list with its edits made: micrograph, x, y, score (NaN for picks made by hand).

    Returns
    -------
    int
        Picks in the new list.

    Raises
    ------
    InputError
        If none is left.
    """
    from vitreous.io.coordinates import write_coordinates

    keep = np.ones(columns.count, bool)
    names = np.array([*columns.values(NAME), *(name for name in edits if code_of(columns, name) < 0)], object)
    known = {name: code for code, name in enumerate(names)}
    place, code = [], []
    for name, each in edits.items():
        rows = rows_of(columns, name)
        at = np.stack([columns.number(label)[rows] for label in (X, Y)], -1)
        for gone in each.removed:
            keep[rows[np.abs(at - gone).max(1) < SAME]] = False
        place.append(each.added)
        found = code_of(columns, name)
        code += [found if found >= 0 else known[name]] * len(each.added)
    old = np.stack([columns.number(label)[keep] for label in (X, Y)], -1)
    places = np.concatenate([old, *place])
    require(len(places) > 0, "picks", "none left", "one at least")
    codes = np.concatenate([columns.codes(NAME)[keep], np.array(code, np.int32)])
    score = columns.number(SCORE)[keep] if SCORE in columns.numbers else np.full(len(old), np.nan)
    scores = np.concatenate([score, np.full(len(codes) - len(old), np.nan)])
    write_coordinates(path, places, {NAME: names[codes], SCORE: scores})
    return len(places)
