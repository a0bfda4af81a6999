"""Which maps and models a project has to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vitreous.pipeline.job import Registry
from vitreous.pipeline.record import Record
from vitreous.web.project_view import Outside, ProjectView

#: Kinds of output that are density, a mask among them, in the order in which one would look at them.
DENSITY = ("sharpened map", "map", "consensus", "class maps", "half-map 1", "half-map 2", "mask", "map of B-factors")
LOCAL = "local resolution"
#: What a whole run leaves in ``final``, with its kind.
FINAL = {
    "map_sharpened.mrc": "sharpened map", "map.mrc": "map", "half1.mrc": "half-map 1", "half2.mrc": "half-map 2", "mask.mrc": "mask",
    "local_resolution.mrc": LOCAL,
}  # fmt: skip
#: Outputs of a kind above whose axes are frequencies and not places.
FREQUENCIES = ("fsc3d",)
MODELS = ("*.pdb", "*.cif", "*.pdb.gz", "*.cif.gz")


@dataclass(frozen=True)
class MapFile:
    """A file to look at.

    Parameters
    ----------
    file
        Its path from the project's folder.
    job
        The job that made it, or "final".
    kind
        As its port says.
    """

    file: str
    job: str
    kind: str

    @property
    def label(self) -> str:
        """What it is, in a few words; class maps by their file."""
        return Path(self.file).stem if self.kind == "class maps" else self.kind


def map_files(project: ProjectView) -> list[MapFile]:
    """List the maps, those of the final results first, then by job, the last first."""
    final = [MapFile(f"final/{name}", "final", kind) for name, kind in FINAL.items() if (project.root / "final" / name).is_file()]
    done = [record for record in reversed(project.records()) if record.status == "done"]
    return final + [each for record in done for each in _of(record, project.registry)]


def _of(record: Record, registry: Registry) -> Iterator[MapFile]:
    job = registry.jobs.get(record.type)
    kinds = {port.name: port.kind for port in job.outputs} if job else {}
    found = [
        MapFile(f"jobs/{record.job}/{name}", record.job, kind)
        for port, names in record.outputs.items()
        if (kind := kinds.get(port, "")) in (*DENSITY, LOCAL) and port not in FREQUENCIES
        for name in names
    ]
    yield from sorted(found, key=lambda each: ((*DENSITY, LOCAL).index(each.kind), each.file))


def first_map(maps: Iterable[MapFile]) -> MapFile | None:
    """The map that one wants to see: the newest of the best kind there is."""
    density = [each for each in maps if each.kind in DENSITY]
    return min(density, key=lambda each: DENSITY.index(each.kind), default=None)


def halves_of(maps: Iterable[MapFile], shown: MapFile) -> tuple[MapFile, MapFile] | None:
    """Two half-maps to lay over a map: of its own job, else the newest."""
    pairs: dict[str, dict[str, MapFile]] = {}
    for each in maps:
        if each.kind in ("half-map 1", "half-map 2"):
            pairs.setdefault(each.job, {})[each.kind] = each
    whole = {job: (pair["half-map 1"], pair["half-map 2"]) for job, pair in pairs.items() if len(pair) == 2}
    return whole.get(shown.job) or next(iter(whole.values()), None)


def model_files(project: ProjectView) -> list[str]:
    """List the atomic models inside the project, by path from its folder: those that jobs used or made, and those beside project.toml."""
    named = [path for record in reversed(project.records()) for path in _models_of(record)]
    beside = [path for pattern in MODELS for path in sorted(project.root.glob(pattern))]
    found: dict[str, None] = {}
    for path in (*named, *beside):
        try:
            found[str(project.inside(path).relative_to(project.root))] = None
        except Outside:
            continue
    return list(found)


def _models_of(record: Record) -> list[Path]:
    made = [record.folder / name for port in ("fitted",) for name in record.outputs.get(port, ()) if name.endswith(".cif")]
    return made + [Path(path) for path in record.inputs.get("model", {}).get("paths", ())]


def models_outside(project: ProjectView) -> list[str]:
    """List the models that jobs used and that lie outside the project: the page does not read those."""
    inside = set(model_files(project))
    used = {path for record in project.records() for path in record.inputs.get("model", {}).get("paths", ())}
    return sorted(path for path in used if not any(str(path).endswith(each) for each in inside))
