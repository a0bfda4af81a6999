"""Killed at every point where the disk changes, a project resumed ends in the same bytes as one that was left alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import killed
import pytest
import toy_jobs

from vitreous.pipeline.project import Project
from vitreous.pipeline.record import read_record


def run(kill_at: int, *words: str) -> subprocess.CompletedProcess[str]:
    return killed.run(kill_at, "toy_jobs", *words)


def results(project: Path) -> dict[str, bytes]:
    """Every byte that a reader of the project may use, by name."""
    kept = [*project.glob("jobs/*/outputs/**/*"), *project.glob("final/**/*")]
    return {str(path.relative_to(project)): path.read_bytes() for path in kept if path.is_file()}


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    for name in "abcd":
        (tmp_path / f"{name}.txt").write_text(f"{name} needle " * 3 + ("spoilt" if name == "b" else ""))
    return ["toy-run", "--texts", str(tmp_path / "*.txt"), "--steps", "3", "--quiet"]


def test_killed_at_every_point(words: list[str], tmp_path: Path) -> None:
    alone = run(1000, *words, "--project", str(tmp_path / "alone"))
    assert alone.returncode == 0, alone.stderr
    expected = results(tmp_path / "alone")
    assert len(expected) == 8
    points = int(alone.stdout.split()[-1])
    assert points > 25
    for point in range(1, points + 1, 2):
        project = tmp_path / f"killed{point}"
        assert run(point, *words, "--project", str(project)).returncode == -9
        assert all(read_record(folder).is_whole() for folder in project.glob("jobs/[0-9]*"))
        recorded = (project / "recipe.json").exists()
        again = Project(project, toy_jobs.registry())
        finished = again.resume() if recorded else again.run("toy-run", texts=[str(tmp_path / "*.txt")], steps=3)
        assert finished.final, point
        assert results(project) == expected, point
        assert [path.name for path in sorted((project / "jobs").iterdir())] == ["0001-count-letters", "0002-walk"], point


def test_killed_again_and_again(words: list[str], tmp_path: Path) -> None:
    assert run(1000, *words, "--project", str(tmp_path / "alone")).returncode == 0
    project = tmp_path / "killed"
    codes = [run(20, *words, "--project", str(project)).returncode]
    while codes[-1] != 0 and len(codes) < 20:
        codes.append(run(20, "resume", str(project), "--quiet").returncode)
    assert codes[:3] == [-9] * 3
    assert codes[-1] == 0
    assert results(project) == results(tmp_path / "alone")


def test_sums_on_worker_processes(tmp_path: Path) -> None:
    """Killed in the first, second and third round of sums on two processes, and resumed; against one process left alone.

    That ``run`` comes back says that the workers died too: they hold the other ends of its pipes.
    """
    words = ["add-up", "--rounds", "3", "--quiet"]
    assert run(1000, *words, "--project", str(tmp_path / "alone")).returncode == 0
    rounds = []
    for point in (17, 21, 25):
        project = tmp_path / f"killed{point}"
        assert run(point, *words, "--project", str(project), "--executor", "local:2").returncode == -9
        rounds += [json.loads(path.read_text())["round"] for path in project.glob("jobs/.*/state/sums.json")]
        assert run(1000, "resume", str(project), "--quiet").returncode == 0
        assert results(project) == results(tmp_path / "alone")
    assert rounds == [1, 2]  # of the first there is nothing yet, or the next is written but not yet in place
