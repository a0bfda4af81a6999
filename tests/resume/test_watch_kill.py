"""Watching a folder is killed at every kind of moment: each file is in each product once, none is lost, and the bytes are the same."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import subprocess
import time
from pathlib import Path

import killed
import pytest
import toy_watch
from killed import NEVER

from vitreous.runtime.files import read_json

TEXTS = {"a.txt": "one.", "b.txt": "two and more.", "copy.txt": "one.", "bad.txt": "spoilt.", "c.txt": "three."}


def words(raw: Path, project: Path, count: int = len(TEXTS)) -> list[str]:
    return ["toy-watch", str(raw), "--movies", str(count), "--project", str(project), "--quiet"]


def run(kill_at: int, raw: Path, project: Path, count: int = len(TEXTS)) -> subprocess.CompletedProcess[str]:
    return killed.run(kill_at, "toy_watch", *words(raw, project, count))


def products(project: Path) -> dict[str, bytes]:
    """What was made of the texts, by name; their records hold times and are looked at by :func:`check`."""
    live = project / "live"
    kept = [*(live / "counts").iterdir(), *(live / "steps").iterdir(), live / "list.json", *project.glob("jobs/*/outputs/*")]
    return {path.relative_to(project).name: path.read_bytes() for path in kept}


def check(project: Path, kills: int) -> None:
    """Each text is in the list once, and only what a kill interrupted was begun twice."""
    done = [json.loads(line)["item"] for line in (project / "live" / "state" / "done.jsonl").read_text().splitlines()]
    assert sorted(done) == sorted(set(done))
    counted = {name: len(text) ** 2 for name, text in TEXTS.items() if "spoilt" not in text}
    told = read_json(project / "live" / "list.json")
    once = {frozenset(("a", "copy")), "b", "c"}  # of two that are the same, the one that was seen first
    assert {name if name in once else frozenset(("a", "copy")) for name in told} == once
    assert all(counted[f"{name}.txt"] == value for name, value in told.items())
    begun = (project / "live" / "begun.txt").read_text().split("\n")
    assert len(begun) - 1 <= 2 * 3 + 1 + kills
    assert not list((project / "live").rglob(".*.part*"))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
        time.sleep(0.01)  # arrival is by the time of change
    return folder


def test_killed_at_every_kind_of_point(raw: Path, tmp_path: Path):
    alone = run(NEVER, raw, tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    check(tmp_path / "alone", 0)
    points = int(alone.stdout.split()[-1])
    assert points > 35
    for point in range(1, points + 1, 11):
        project = tmp_path / f"killed{point}"
        assert run(point, raw, project).returncode == -signal.SIGKILL
        again = run(NEVER, raw, project)
        assert again.returncode == 0, again.stderr
        check(project, 1)
        assert products(project) == products(tmp_path / "alone"), point
        # killed just before the finished job gets its place, it is done; the second call is a job that finds nothing to do
        names = sorted(path.name for path in (project / "jobs").iterdir())
        assert names in (["0001-toy-watch"], ["0001-toy-watch", "0002-toy-watch"]), point


def test_killed_at_random_while_texts_arrive_in_pieces(tmp_path: Path):
    raw, project, chance = tmp_path / "raw", tmp_path / "killed", random.Random(1)
    raw.mkdir()
    feeder = multiprocessing.get_context("spawn").Process(target=toy_watch.feed, args=(raw, TEXTS, 0.15))
    feeder.start()
    kills, code = 0, None
    while code != 0 and kills < 40:
        command = killed.command(NEVER, "toy_watch", *words(raw, project))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            code = process.wait(timeout=chance.uniform(0.3, 1.5) if kills < 3 else 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    feeder.join()
    assert code == 0
    assert kills
    check(project, kills)


def test_a_finished_watch_that_is_started_again_goes_on(raw: Path, tmp_path: Path):
    assert run(NEVER, raw, tmp_path / "P").returncode == 0
    (raw / "late.txt").write_text("late.")
    assert run(NEVER, raw, tmp_path / "P", len(TEXTS) + 1).returncode == 0
    first, second = (read_json(tmp_path / "P" / "jobs" / f"000{k}-toy-watch" / "outputs" / "list.json") for k in (1, 2))
    assert "late" not in first["counts"]
    assert second["counts"] == {**first["counts"], "late": 25}
    assert (tmp_path / "P" / "live" / "begun.txt").read_text().count("\n") == 2 * 3 + 1 + 2
    # asked for the very same once more, it looks again and finds nothing to do
    assert run(NEVER, raw, tmp_path / "P", len(TEXTS) + 1).returncode == 0
    third = read_json(tmp_path / "P" / "jobs" / "0003-toy-watch" / "outputs" / "list.json")
    assert third == second
