"""The whole main job on movies, killed in every stage and resumed, ends in the same bytes as one that was left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest

from vitreous.jobs.projects import project
from vitreous.pipeline.events import read_events

#: Where it dies, one after the other, each time in the same project: what the file is called, and which time.
POINTS = (
    ("align-movies.running/outputs/motion/movie_0002.star", 1),
    ("estimate ctf.jsonl", 2),
    ("assess.running/outputs/verdicts.json", 1),
    ("pick.running/outputs/coordinates.star", 1),
    ("extract.running/outputs/particles.star", 1),
    ("state/classes.npz", 9),
    ("select.running/outputs/templates.mrcs", 1),
    ("initial-model.running/log.jsonl", 2),
    ("state/refine.npz", 4),
    ("jobs/0009-refine", 1),
    ("postprocess.running/outputs/mask.mrc", 1),
    (".final.part/map.mrc", 1),
)
STAGES = [
    "align-movies", "estimate-ctf", "assess", "pick", "extract", "classify2d", "select", "initial-model", "refine", "postprocess",
    "validate",
]  # fmt: skip
TIMES = ("wall_seconds", "cpu_seconds", "peak_memory_bytes")


@pytest.fixture(scope="module")
def vitreous() -> Iterator[forked.Run]:
    with forked.vitreous() as run:
        yield run


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The main job on two small movies with twelve ribosomes each."""
    record = project(tmp_path_factory.mktemp("session"), seed=3).do(
        "simulate", movies=2, particles=12, width=576, height=576, pixel_size=5.6, frames=6, dose=7.0, contaminants=0
    )
    return [
        "run", "--movies", str(record.files("movies")[0].parent / "*.tif"), "--gain", str(record["gain"]), "--pixel-size", "5.6",
        "--voltage", "300", "--cs", "2.7", "--dose", "7", "--diameter", "290", "--box", "64", "--classes", "3", "--starts", "1",
        "--no-repick", "--quiet",
    ]  # fmt: skip


def results(folder: Path) -> dict[str, object]:
    """Every byte of the final folder and of the jobs' outputs, without the report, and the summary without what was used."""
    kept = [*folder.glob("jobs/*/outputs/**/*"), *folder.glob("final/*")]
    found: dict[str, object] = {
        str(path.relative_to(folder)): path.read_bytes() for path in kept if path.is_file() and path.suffix not in (".html", ".json")
    }
    summary = json.loads((folder / "final" / "summary.json").read_text())
    return found | {"summary": {name: value for name, value in summary.items() if name not in TIMES}}


def test_killed_in_every_stage(words: list[str], vitreous: forked.Run, tmp_path: Path) -> None:
    assert vitreous(*words, "--project", str(tmp_path / "alone")) == 0
    killed = tmp_path / "killed"
    todo = [*words, "--project", str(killed)]
    for point, times in POINTS:
        assert vitreous(*todo, die_at=point, times=times) == -9, point
        assert not (killed / "final").exists(), point
        todo = ["resume", str(killed), "--quiet"]
    assert vitreous("resume", str(killed), "--quiet") == 0
    assert [path.name for path in sorted((killed / "jobs").iterdir())] == [f"{n + 1:04d}-{name}" for n, name in enumerate(STAGES)]
    found, expected = results(killed), results(tmp_path / "alone")
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert found["summary"]["particle_count"] >= 10
    assert (killed / "final" / "report.html").stat().st_size > 100_000
    passes = [event["done"] for event in read_events(killed / "jobs/0009-refine/log.jsonl") if event["step"].startswith("refine")]
    assert passes.count(1) == 1, "what was kept was done again"
    assert len(passes) <= max(passes) + 1
