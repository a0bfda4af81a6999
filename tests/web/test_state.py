"""What is going on in a project, told from its files: who works, which job runs, what was killed, what comes next."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import toy_jobs

from vitreous.pipeline.project import Project
from vitreous.pipeline.record import FILE, Record
from vitreous.web.project_view import ProjectView
from vitreous.web.state import process_of, standing
from vitreous.web.stream import Shared, progress, told
from vitreous.web.words import job_title, row_figures


@pytest.fixture
def begun(tmp_path: Path) -> Project:
    """A recipe of which the first job is done; the second lies there as one that was killed."""
    (tmp_path / "a.txt").write_text("eleven")
    made = Project(tmp_path / "P", toy_jobs.registry())
    request = made.request("toy-run", {"texts": [str(tmp_path / "a.txt")], "steps": 2})
    made.run("toy-run", until="count", texts=[str(tmp_path / "a.txt")], steps=2)
    request.save(made.store.folder)
    return made


def killed(project: Project) -> Record:
    inputs = {"counts": {"job": "0001-count-letters", "port": "counts"}}
    record = replace(project.store.records()[0], job="0002-walk", type="walk", stage="walk", key="k", status="running", inputs=inputs)
    record = replace(record, outputs={}, used={}, folder=project.store.jobs / ".0002-walk.running")
    record.folder.mkdir()
    record.save()
    return record


def test_what_was_killed_is_interrupted_and_may_be_gone_on_with(begun: Project) -> None:
    killed(begun)
    now = standing(ProjectView(begun.store.folder, begun.registry))
    assert [(job.job, job.state) for job in now.jobs] == [("0001-count-letters", "done"), ("0002-walk", "interrupted")]
    assert now.unfinished
    assert now.running is None
    assert now.jobs[1].parents == (("0001-count-letters", "counts", "counts"),)


def test_the_job_begun_last_runs_while_somebody_works(begun: Project) -> None:
    first = killed(begun)
    second = replace(first, job="0003-walk", folder=begun.store.jobs / ".0003-walk.running")
    second.folder.mkdir()
    second.save()
    os.utime(first.folder / FILE, (1, 1))
    begun_at = time.time() - 10
    lines = [{"time": begun_at + 2 * done, "step": "walk", "done": done, "total": 20} for done in range(5)]
    (second.folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with begun.store.lock():
        now = standing(ProjectView(begun.store.folder, begun.registry))
    assert [job.state for job in now.jobs] == ["done", "interrupted", "running"]
    assert now.running is now.jobs[2]
    assert now.jobs[2].fraction == 0.2
    # 2 s a step, 16 steps left, less the 2 s since the last.
    assert now.jobs[2].pace.seconds_left == pytest.approx(30, abs=2)  # type: ignore[union-attr]
    assert not now.unfinished
    assert re.fullmatch(r"walk: 4 of 20, about (29|30|31) s left in this step", progress(now.jobs[2].pace))


def test_steps_that_come_next_are_listed_with_what_they_wait_for(begun: Project) -> None:
    record = begun.store.records()[0]
    failed = replace(record, status="failed", folder=record.folder)
    failed.save()
    now = standing(ProjectView(begun.store.folder, begun.registry))
    assert [(job.name, job.state) for job in now.jobs] == [(record.job, "failed"), ("walk", "waiting")]
    assert now.jobs[1].parents == ((record.job, "counts", "counts"),)
    assert now.jobs[1].seconds == 1


def test_a_project_that_is_done_waits_for_nothing(project: Project) -> None:
    now = standing(ProjectView(project.store.folder, project.registry))
    assert [job.state for job in now.jobs] == ["done", "done", "failed"]
    assert now.jobs[0].remarks == (0, 1)
    assert now.jobs[1].remarks == (1, 0)


def test_the_version_changes_when_a_job_does_and_not_with_its_progress(begun: Project) -> None:
    view = ProjectView(begun.store.folder, begun.registry)
    before = standing(view).version
    assert standing(view).version == before
    killed(begun)
    assert standing(view).version != before
    assert told(standing(view), "", "")["version"] != told(standing(view), "vitreous walk", "")["version"]
    assert [job["job"] for job in told(standing(view), "", "")["jobs"]] == ["0002-walk"]


def test_an_empty_project_has_a_standing(tmp_path: Path) -> None:
    made = Project(tmp_path / "P", toy_jobs.registry())
    now = standing(ProjectView(made.store.folder, made.registry))
    assert (now.jobs, now.unfinished, now.holder) == ((), False, "")


def test_who_works_is_read_from_the_lock() -> None:
    assert process_of("process 4711 on titan since 2026-03-01T12:00:00+01:00") == (4711, "titan")
    assert process_of("another process") == (0, "")


def test_many_readers_cost_one_look() -> None:
    looks = []
    shared = Shared(lambda: looks.append(1) or len(looks))
    assert [shared() for _ in range(5)] == [1] * 5


def test_figures_say_their_unit() -> None:
    rows = row_figures({"pose_sigma_deg": 0.14, "resolution_angstrom": 8.9612, "particle_count": 12345, "mask_origin": "words"})
    assert [tuple(row) for row in rows] == [
        ("resolution", "8.96", "Å", False), ("particles", "12\u2009345", "", True), ("pose sigma", "0.140", "°", False),
    ]  # fmt: skip
    assert job_title("0010-refine") == ("10", "refine")
