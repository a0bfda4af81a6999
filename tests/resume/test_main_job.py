"""The whole main job on movies, killed in every stage and resumed, ends in the same bytes as one that was left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vitreous.jobs.projects import project
from vitreous.pipeline.events import read_events

# Does what the command line is told and dies by SIGKILL just before a file whose path holds PATTERN is opened, renamed or linked
# for the n-th time.
KILLED = """
import os, signal, sys
pattern, left = sys.argv.pop(1), int(sys.argv.pop(1))

def dying(event, arguments):
    global left
    if event not in ("open", "os.rename", "os.link"):
        return
    if any(pattern in os.fspath(path) for path in arguments[:2] if isinstance(path, (str, os.PathLike))):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

if pattern:
    sys.addaudithook(dying)
from vitreous.cli.app import main
sys.exit(main(sys.argv[1:]))
"""

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
STAGES = ["align-movies", "estimate-ctf", "assess", "pick", "extract", "classify2d", "select", "initial-model", "refine", "postprocess"]
TIMES = ("wall_seconds", "cpu_seconds", "peak_memory_bytes")


def vitreous(*words: str, die_at: str = "", times: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, die_at, str(times), *words, "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The main job on two small movies with twelve ribosomes each."""
    record = project(tmp_path_factory.mktemp("session"), seed=3).do(
        "simulate", movies=2, particles=12, width=576, height=576, pixel_size=5.6, frames=6, dose=7.0, contaminants=0
    )
    return [
        "run", "--movies", str(record.files("movies")[0].parent / "*.tif"), "--gain", str(record["gain"]), "--pixel-size", "5.6",
        "--voltage", "300", "--cs", "2.7", "--dose", "7", "--diameter", "290", "--box", "64", "--classes", "3", "--starts", "1",
        "--no-repick",
    ]  # fmt: skip


def results(folder: Path) -> dict[str, object]:
    """Every byte of the final folder and of the jobs' outputs, without the report, and the summary without what was used."""
    kept = [*folder.glob("jobs/*/outputs/**/*"), *folder.glob("final/*")]
    found: dict[str, object] = {
        str(path.relative_to(folder)): path.read_bytes() for path in kept if path.is_file() and path.suffix not in (".html", ".json")
    }
    summary = json.loads((folder / "final" / "summary.json").read_text())
    return found | {"summary": {name: value for name, value in summary.items() if name not in TIMES}}


def test_killed_in_every_stage(words: list[str], tmp_path: Path) -> None:
    alone = vitreous(*words, "--project", str(tmp_path / "alone"))
    assert alone.returncode == 0, alone.stderr
    killed = tmp_path / "killed"
    todo = [*words, "--project", str(killed)]
    for point, times in POINTS:
        died = vitreous(*todo, die_at=point, times=times)
        assert died.returncode == -9, (point, died.stderr)
        assert not (killed / "final").exists(), point
        todo = ["resume", str(killed)]
    done = vitreous("resume", str(killed))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in sorted((killed / "jobs").iterdir())] == [f"{n + 1:04d}-{name}" for n, name in enumerate(STAGES)]
    found, expected = results(killed), results(tmp_path / "alone")
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert found["summary"]["particle_count"] >= 10
    assert (killed / "final" / "report.html").stat().st_size > 100_000
    passes = [event["done"] for event in read_events(killed / "jobs/0009-refine/log.jsonl") if event["step"].startswith("refine")]
    assert passes.count(1) == 1, "what was kept was done again"
    assert len(passes) <= max(passes) + 1
