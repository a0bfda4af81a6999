"""The micrographs of a project: one list, and where the rest of what is known of each lies."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.jobs.micrograph_list import unique_names
from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json
from vitreous.web.columns import Columns, Reading, cache_of
from vitreous.web.project_view import Outside, ProjectView

#: Kinds of job that leave a list of micrographs, the one that says most of them first.
LISTS = ("assess", "estimate-ctf", "align-movies")
LIVE = "live/micrographs_ctf.star"
NAME = "rlnMicrographName"
#: Ports whose files are one a micrograph, called like it.
BESIDE = ("fits", "tracks", "thumbnails")
#: What the list shows and may be sorted by: heading, unit, label, size of a unit.
SHOWN = {
    "defocus": ("Defocus", "µm", "rlnDefocusU", 1e4),
    "resolution": ("Rings to", "Å", "rlnCtfMaxResolution", 1.0),
    "motion": ("Motion", "Å", "rlnAccumMotionTotal", 1.0),
    "score": ("Score", "", "vitreousScore", 1.0),
}
GRADES = ("good", "doubtful", "bad")


@dataclass(frozen=True)
class Micrographs:
    """The list of micrographs.

    Parameters
    ----------
    columns
        Of the list.
    names
        As jobs call the micrographs.
    job
        That made the list; "live" for a session.
    verdicts
        Columns of ``verdicts.json``, in the same order; ``None`` if they were not judged by a job.
    folders
        Where fits, tracks and thumbnails lie.
    """

    columns: Columns
    names: tuple[str, ...]
    job: str
    verdicts: Columns | None
    folders: Mapping[str, Path]

    def number(self, label: str) -> NDArray[np.float64]:
        """A column of the list, NaN where it has none; defocus is the mean of u and v."""
        if label not in self.columns.numbers:
            return np.full(self.columns.count, np.nan)
        values = self.columns.number(label)
        both = label == "rlnDefocusU" and "rlnDefocusV" in self.columns.numbers
        return 0.5 * (values + self.columns.number("rlnDefocusV")) if both else values

    def value(self, label: str, row: int) -> float | None:
        """One number of the list, as :meth:`number` gives it; ``None`` for NaN."""
        if label not in self.columns.numbers:
            return None
        found = self.columns.number(label)[row]
        if label == "rlnDefocusU" and "rlnDefocusV" in self.columns.numbers:
            found = 0.5 * (found + self.columns.number("rlnDefocusV")[row])
        return float(found) if math.isfinite(found) else None

    def verdict(self, row: int) -> str:
        """One of :data:`GRADES`, empty where nothing was judged."""
        word = self.columns.text("vitreousVerdict", row) if "vitreousVerdict" in self.columns.words else ""
        return word if word in GRADES else ""

    def grades(self) -> NDArray[np.int64]:
        """Index into :data:`GRADES`, −1 where nothing was judged."""
        if "vitreousVerdict" not in self.columns.words:
            return np.full(self.columns.count, -1)
        known = [GRADES.index(word) if word in GRADES else -1 for word in self.columns.values("vitreousVerdict")]
        return np.array([*known, -1])[self.columns.codes("vitreousVerdict")]

    def told(self, row: int, folder: str) -> Any:
        """What a JSON file says of a micrograph; ``None`` if there is none."""
        path = self.folders.get(folder, Path("/nowhere")) / f"{self.names[row]}.json"
        return read_json(path) if path.is_file() else None

    def picture(self, row: int, folder: str, ending: str = ".png") -> Path | None:
        """A small picture of a micrograph, if there is one."""
        path = self.folders.get(folder, Path("/nowhere")) / f"{self.names[row]}{ending}"
        return path if path.is_file() else None


def micrographs_of(project: ProjectView) -> Micrographs | Reading | None:
    """Give the micrographs; ``Reading`` while the list is being read, ``None`` if there is no list.

    Raises
    ------
    VitreousError
        If the list cannot be read.
    """
    cache, records = cache_of(project.cache), project.records()
    record = _judged(records)
    path = _file(record, "micrographs") if record else project.root / LIVE
    if not path.exists():
        return None
    columns = cache.ask(path)
    if isinstance(columns, Reading):
        return columns
    folders = _folders(project, records, live=record is None)
    verdicts = cache.ask(_file(record, "verdicts")) if record and "verdicts" in record.outputs else None
    if isinstance(verdicts, Reading):
        return verdicts
    fitting = verdicts if verdicts and verdicts.count == columns.count else None
    return Micrographs(columns, _names(columns), record.job if record else "live", fitting, folders)


def _file(record: Record, port: str) -> Path:
    """The first file of a port; the others, ten thousand may be, are not looked at."""
    return record.folder / record.outputs[port][0]


def _judged(records: list[Record]) -> Record | None:
    """The last job of the kind that says most; ``None`` if there is none."""
    for kind in LISTS:
        for record in reversed(records):
            if record.type == kind and record.status == "done" and "micrographs" in record.outputs:
                return record
    return None


@lru_cache(maxsize=4)
def _names_in(folder: Path) -> tuple[str, ...]:
    columns = Columns.open(folder)
    values = columns.values(NAME)
    return tuple(unique_names([Path(values[code]) for code in columns.codes(NAME)]))


def _names(columns: Columns) -> tuple[str, ...]:
    return _names_in(columns.folder)


def _folders(project: ProjectView, records: list[Record], *, live: bool) -> dict[str, Path]:
    if live:
        return {port: project.root / "live" / ("ctf" if port == "fits" else port) for port in BESIDE}
    found: dict[str, Path] = {}
    for record in records:
        for port in BESIDE if record.status == "done" else ():
            if record.outputs.get(port):
                found[port] = _file(record, port).parent
    return found


def order_of(listed: Micrographs, sort: str, grade: str, decided: Container[str], *, down: bool = False) -> NDArray[np.int64]:
    """Rows to be shown, in their order.

    Parameters
    ----------
    listed
        The micrographs.
    sort
        A key of :data:`SHOWN`, or anything else for the order of the list; what has no number comes last.
    grade
        One of :data:`GRADES`, "decided", or anything else for all.
    decided
        Names of those that a person has decided on.
    down
        Whether the greatest comes first.
    """
    rows = np.arange(listed.columns.count)
    if grade in GRADES:
        rows = rows[listed.grades() == GRADES.index(grade)]
    elif grade == "decided":
        rows = np.array([row for row in rows if listed.names[row] in decided], np.int64)
    if sort not in SHOWN:
        return rows[::-1] if down else rows
    values = np.asarray(listed.number(SHOWN[sort][2]))[rows]
    return rows[np.argsort(-values if down else values, kind="stable")]


def row_of(listed: Micrographs, row: int, decided: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A micrograph as a row of the list."""
    values = {key: listed.value(label, row) for key, (_, _, label, _) in SHOWN.items()}
    numbers = {key: None if value is None else value / SHOWN[key][3] for key, value in values.items()}
    name = listed.names[row]
    return {"row": row, "name": name, "verdict": listed.verdict(row), "decided": decided.get(name, ("", ""))[0], **numbers}


def described(project: ProjectView, listed: Micrographs, row: int, decided: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """All that is known of one micrograph: reasons, fit, motion, size."""
    fit, tracks = listed.told(row, "fits"), listed.told(row, "tracks")
    image = image_of(project, listed, row)
    size, pixel = size_of(image, tracks)
    told = row_of(listed, row, decided) | {"reasons": reasons_of(listed, row), "size": size, "pixel_size": pixel,
                                           "image": image is not None, "thumbnail": listed.picture(row, "thumbnails") is not None,
                                           "fit": None, "tracks": None}  # fmt: skip
    if fit:
        told["fit"] = {key: fit.get(key) for key in ("defocus", "intervals_95", "resolution_angstrom", "tilt")}
        told["fit"]["edge"] = fit.get("picture_edge_per_angstrom")
    if tracks:
        told["tracks"] = {key: tracks[key] for key in ("places_pixels", "tracks_angstrom", "global_angstrom", "figures", "size_pixels")}
    return told


def reasons_of(listed: Micrographs, row: int) -> list[dict[str, str]]:
    """Why a micrograph was judged as it was: name, sentence and grade of each reason."""
    if listed.verdicts is not None and "reasons" in listed.verdicts.words:
        return json.loads(listed.verdicts.text("reasons", row))
    if "vitreousReasons" not in listed.columns.words:
        return []
    names = listed.columns.text("vitreousReasons", row)
    return [{"name": name, "sentence": "", "grade": ""} for name in names.split("; ") if name != "none"]


def image_of(project: ProjectView, listed: Micrographs, row: int) -> Path | None:
    """The image of a micrograph, if it is there and lies in the project: no other file is read for the page."""
    try:
        return project.inside(listed.columns.text(NAME, row))
    except Outside:
        return None


def size_of(image: Path | None, tracks: Mapping[str, Any] | None) -> tuple[list[int] | None, float | None]:
    """Width and height in pixels, and Å per pixel, of the image's header, else of the movie's."""
    from vitreous.io.stacks import read_header

    if image is not None and image.suffix == ".mrc":
        header = read_header(image)
        return [header.shape[2], header.shape[1]], header.pixel_size[0] or None
    return (tracks["size_pixels"], tracks["pixel_size_angstrom"]) if tracks else (None, None)
