"""A finished run as the report reads it: the last job of each kind, and what all of them said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.data.particles import Particles
    from vitreous.data.volume import Volume


@dataclass(frozen=True)
class Run:
    """The finished jobs of a recipe.

    Parameters
    ----------
    records
        By stage, in the order in which they were done.
    project
        Folder of the project.
    """

    records: Mapping[str, Record]
    project: Path

    def last(self, kind: str) -> Record | None:
        """The last job of a kind: where particles were picked twice, the second picking."""
        return next((record for record in reversed(self.records.values()) if record.type == kind), None)

    def all(self, kind: str) -> list[Record]:
        """All jobs of a kind, in order."""
        return [record for record in self.records.values() if record.type == kind]

    def file(self, kind: str, port: str) -> Path | None:
        """The file of an output port of the last job of a kind, if there is one."""
        record = self.last(kind)
        return record[port] if record and record.outputs.get(port) else None

    def figure(self, kind: str, name: str) -> Any:
        """A number that the last job of a kind told, or ``None``."""
        record = self.last(kind)
        return record.figures.get(name) if record else None

    def param(self, kind: str, name: str) -> Any:
        """A parameter of the last job of a kind, or ``None``."""
        record = self.last(kind)
        return record.params.get(name) if record else None

    @cached_property
    def diameter(self) -> float | None:
        """Å: what the refinement was told."""
        return self.param("refine", "diameter")

    @cached_property
    def symmetry(self) -> str:
        """Point group imposed on the map."""
        return self.figure("refine", "symmetry") or "C1"

    @property
    def claims_resolution(self) -> bool:
        """Whether agreement of the half-maps is a resolution.

        Halves that agree on their reference only are none: the refinement knows, the comparison of the maps cannot.
        """
        refined = self.last("refine")
        return refined is None or refined.figures.get("resolution_angstrom") is not None

    @cached_property
    def micrographs(self) -> list[Micrograph]:
        """The micrographs, with their defocus where it was fitted; empty where the run began with particles."""
        from vitreous.io.micrographs import read_micrographs

        kinds = ("assess", "estimate-ctf", "align-movies")
        path = next(filter(None, (self.file(kind, "micrographs") for kind in kinds)), None)
        return read_micrographs(path) if path else []

    @cached_property
    def picks(self) -> dict[int, Any]:
        """Coordinates on each micrograph, by its index: those of the last picking."""
        from vitreous.jobs.coordinate_list import read_coordinate_list

        path = self.file("pick", "coordinates")
        return read_coordinate_list([path], self.micrographs) if path else {}

    @cached_property
    def tracks(self) -> dict[str, dict[str, Any]]:
        """What the alignment drew of each movie, by the movie's name."""
        record = self.last("align-movies")
        return {path.stem: _read(path) for path in record.files("tracks")} if record and "tracks" in record.outputs else {}

    @cached_property
    def fits(self) -> dict[str, dict[str, Any]]:
        """What the fit of the CTF says of each micrograph, by its name."""
        record = self.last("estimate-ctf")
        return {path.stem: _read(path) for path in record.files("fits")} if record and "fits" in record.outputs else {}

    @cached_property
    def particles(self) -> Particles | None:
        """The refined particles."""
        from vitreous.io.particles import read_particles

        path = self.file("refine", "particles")
        return read_particles(path, require_images=False) if path else None

    @cached_property
    def map(self) -> Volume | None:
        """The mean of the half-maps, as it is."""
        return self._volume("postprocess", "map") or self._volume("refine", "map")

    @cached_property
    def first_map(self) -> Volume | None:
        """The map that the refinement began with."""
        return self._volume("initial-model", "map")

    @cached_property
    def best_map(self) -> Volume | None:
        """The map to look at: sharpened if it could be, solvent taken away by the mask."""
        from dataclasses import replace

        best, mask = self._volume("postprocess", "sharpened") or self.map, self.mask
        return best if best is None or mask is None else replace(best, values=best.values * mask.values)

    @cached_property
    def mask(self) -> Volume | None:
        """Inside which the half-maps were compared."""
        return self._volume("postprocess", "mask_used")

    def _volume(self, kind: str, port: str) -> Volume | None:
        from vitreous.io.mrc import read_volume

        path = self.file(kind, port)
        return read_volume(path) if path else None

    @cached_property
    def warnings(self) -> list[str]:
        """What the jobs warned of, each once, with the job's kind before it."""
        told = [f"{_words(record.type)}: {warning}" for record in self.records.values() for warning in record.warnings]
        return list(dict.fromkeys(told))

    @cached_property
    def quarantine(self) -> list[dict[str, str]]:
        """What was set aside: item, reason, stage."""
        rows = [{"item": each["item"], "reason": each["reason"], "stage": stage}
                for stage, record in self.records.items() for each in record.quarantine]  # fmt: skip
        return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _read(path: Path) -> dict[str, Any]:
    told: Any = read_json(path)
    return told


def _words(kind: str) -> str:
    """The kind of a job as the first words of a sentence.

    >>> _words("initial-model"), _words("estimate-ctf")
    ('Initial model', 'Estimate CTF')
    """
    return kind.replace("-", " ").capitalize().replace("ctf", "CTF")


def table_columns(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV file of numbers, by their headings; an empty cell is NaN."""
    import numpy as np

    names = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    rows = np.genfromtxt(path, delimiter=",", skip_header=1, ndmin=2)
    return dict(zip(names, rows.T))
