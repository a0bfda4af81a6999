"""Jobs started from the page: in processes of their own, which outlive it, one at a time, stopped and gone on with."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import toy_jobs
from web_site import Site, served

from vitreous.errors import InputError
from vitreous.pipeline.lock import holder
from vitreous.pipeline.project import Project
from vitreous.web import work
from vitreous.web.app import create_app
from vitreous.web.state import process_of

#: A walk that takes longer than any test, at ``PAUSE`` seconds a step.
LONG, PAUSE = {"steps": "1000", "paths:counts": ""}, "0.1"


def eventually(true: Callable[[], object], seconds: float = 40.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.2)


@pytest.fixture
def begun(tmp_path: Path) -> Project:
    """A project whose letters are counted."""
    (tmp_path / "a.txt").write_text("eleven")
    made = Project(tmp_path / "P", toy_jobs.registry())
    made.do("count-letters", texts=[str(tmp_path / "a.txt")])
    return made


@pytest.fixture
def own(begun: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Its page; whatever is at work at the end is killed."""
    monkeypatch.setattr(work, "PROGRAM", (sys.executable, toy_jobs.__file__))
    folder = begun.store.folder
    with served(create_app(folder, begun.registry, token="t", learn=False), "t") as site:
        site.enter()
        yield site
    process, _ = process_of(holder(folder))
    if process:
        os.kill(process, signal.SIGKILL)


def states(site: Site) -> dict[str, str]:
    """State by job, of those that are not done."""
    return {job["job"]: job["state"] for job in json.loads(site.get("/api/project").body)["jobs"]}


def test_a_job_is_started_stopped_and_gone_on_with_and_survives_the_page(
    own: Site, begun: Project, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("TOY_WALK_PAUSE", PAUSE)
    folder = begun.store.folder
    answer = own.post("/new/walk", LONG)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    eventually(lambda: states(own).get("0002-walk") == "running")
    process, _ = process_of(holder(folder))
    # Its own session: what is sent to the server's group does not reach it.
    assert os.getsid(process) != os.getsid(0)
    assert "in use" in own.post("/new/walk", {"steps": "3"}).text
    assert "disabled" in own.get("/new/walk").text
    assert "Stop" in own.get("/jobs/0002-walk").text
    assert own.post("/stop").status == 303
    assert "Starting" not in own.get("/").text
    eventually(lambda: states(own).get("0002-walk") == "cancelled")
    eventually(lambda: not holder(folder))
    assert "Go on" in own.get("/").text
    own.post("/jobs/0002-walk/resume")
    eventually(lambda: states(own).get("0002-walk") == "running")
    # Killed like a machine that went off; then gone on with in a second page, which knows nothing of the first.
    os.kill(process_of(holder(folder))[0], signal.SIGKILL)
    eventually(lambda: states(own).get("0002-walk") == "interrupted")
    with served(create_app(folder, begun.registry, token="u", learn=False), "u") as second:
        second.enter()
        second.post("/resume")
        eventually(lambda: states(second).get("0002-walk") == "running")
        survivor = process_of(holder(folder))[0]
    assert psutil.pid_exists(survivor)
    assert process_of(holder(folder))[0] == survivor
    assert states(own)["0002-walk"] == "running"


def test_a_clone_with_nothing_changed_takes_what_is_there(own: Site, begun: Project) -> None:
    own.post("/new/walk", {"steps": "3"})
    eventually(lambda: begun.store.latest("walk"))
    eventually(lambda: not holder(begun.store.folder))
    assert 'value="3"' in own.get("/new/walk?like=0002-walk").text
    eventually(lambda: own.post("/new/walk", {"steps": "3", "from:counts": "0001-count-letters/counts"}).status == 303)
    eventually(lambda: "disabled" not in own.get("/new/walk").text)
    assert [record.job for record in begun.store.records()] == ["0001-count-letters", "0002-walk"]


def test_a_command_that_never_gets_to_work_says_why(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "PROGRAM", (sys.executable, "-c", "print('vitreous: the moon is too full'); raise SystemExit(2)"))
    assert own.post("/new/walk", {"steps": "3"}).status == 303
    eventually(lambda: "the moon is too full" in own.get("/").text)


def test_work_on_another_machine_is_not_stopped_from_here(begun: Project) -> None:
    folder = begun.store.folder
    with begun.store.lock():
        (folder / ".lock").write_text("process 4711 on titan since 2026-03-01T12:00:00+01:00")
        with pytest.raises(InputError, match="only titan can stop it"):
            work.Work(folder, folder / ".cache").stop()
        with pytest.raises(InputError, match="in use by process 4711"):
            work.Work(folder, folder / ".cache").start(["walk"])
    with pytest.raises(InputError, match="nobody works there"):
        work.Work(folder, folder / ".cache").stop()
