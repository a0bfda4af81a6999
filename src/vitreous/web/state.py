"""What is going on in a project: the state of each job, how far it is, and what comes after it."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import psutil

from vitreous.jobs.report.words import clock
from vitreous.pipeline.events import Pace, pace, read_events
from vitreous.pipeline.lock import holder
from vitreous.pipeline.record import FILE, Record
from vitreous.web.project_view import ProjectView
from vitreous.web.words import size

State = Literal["done", "running", "interrupted", "failed", "cancelled", "waiting"]

#: States in words; "interrupted" is a job whose process is gone: killed, or the machine was switched off.
WORDS: dict[State, str] = {
    "done": "done", "running": "running", "interrupted": "interrupted", "failed": "failed", "cancelled": "stopped", "waiting": "to do",
}  # fmt: skip
#: Bytes at the end of a log that tell how fast its last step goes.
TAIL = 65_536


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job as the graph shows it.

    Parameters
    ----------
    job
        Folder name; empty for one that has not begun.
    type, stage
        Its kind, and its name in what was asked for.
    state
        As in :data:`WORDS`.
    pace
        How far its last step is, while it runs.
    parents
        (job, port there, port here) of each input from another job of the list; a waiting job is called by its stage.
    figures
        What it says of its result.
    remarks
        How many warnings it gave, and how many items it set aside.
    seconds
        Wall time; of a waiting job, as estimated; 0 if unknown.
    """

    job: str
    type: str
    stage: str
    state: State
    pace: Pace | None = None
    parents: tuple[tuple[str, str, str], ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What other jobs call it by."""
        return self.job or self.stage

    @property
    def fraction(self) -> float | None:
        """Share of the running step that is done."""
        return self.pace.done / self.pace.total if self.pace and self.pace.total else None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A project at one moment: who works in it ("" if nobody), its jobs, and whether what was last asked for waits to be gone on with."""

    holder: str
    jobs: tuple[JobState, ...]
    unfinished: bool

    @property
    def running(self) -> JobState | None:
        """The job that is being done."""
        return next((job for job in self.jobs if job.state == "running"), None)

    @property
    def version(self) -> str:
        """Another text whenever a job begins, ends, or changes its state."""
        told = [(job.name, job.state) for job in self.jobs]
        return hashlib.sha256(repr((bool(self.holder), told)).encode()).hexdigest()[:16]


def standing(project: ProjectView) -> Standing:
    """Look at the project."""
    working, records = holder(project.folder), project.records()
    going = _going(records) if working else ""
    jobs = [_of_record(record, running=record.job == going) for record in records]
    asked = project.asked()["steps"]
    latest = {record.stage: record for record in records}
    at = _reached(asked, latest)
    return Standing(holder=working, jobs=(*jobs, *_waiting(asked[at:], latest)), unfinished=not working and at < len(asked))


def _going(records: Sequence[Record]) -> str:
    """The job that is being done: of those that say so (others were killed), the one begun last."""
    begun = [(os.stat(record.folder / FILE).st_mtime, record.job) for record in records if record.status == "running"]
    return max(begun, default=(0.0, ""))[1]


def _of_record(record: Record, *, running: bool) -> JobState:
    state: Any = record.status if record.status != "running" or running else "interrupted"
    return JobState(
        job=record.job, type=record.type, stage=record.stage, state=state, pace=pace_of(record) if running else None,
        parents=tuple((told["job"], told["port"], port) for port, told in record.inputs.items() if "job" in told), figures=record.figures,
        remarks=(len(record.warnings), len(record.quarantine)), seconds=record.used.get("wall_seconds", 0.0),
    )  # fmt: skip


def pace_of(record: Record) -> Pace | None:
    """How far a running job is in its present step."""
    return pace(read_events(record.folder / "log.jsonl", last=TAIL))


def _reached(asked: Sequence[Mapping[str, Any]], latest: Mapping[str, Record]) -> int:
    """Index of the step of what was asked for that is begun and not done; their number if there is none."""
    begun = [index for index, step in enumerate(asked) if step["stage"] in latest and latest[step["stage"]].status != "done"]
    return max(begun, default=len(asked))


def _waiting(left: Sequence[Mapping[str, Any]], latest: Mapping[str, Record]) -> Iterator[JobState]:
    """The steps after the first of ``left``, which is begun."""
    stages = {step["stage"] for step in left[1:]}
    for step in left[1:]:
        parents = [_parent(port, source, latest, stages) for port, source in step["inputs"].items() if "paths" not in source]
        seconds = (step["estimate"] or {}).get("seconds", 0.0)
        yield JobState(job="", type=step["job"], stage=step["stage"], state="waiting", parents=tuple(parents), seconds=seconds)


def _parent(port: str, source: Mapping[str, str], latest: Mapping[str, Record], waiting: Container[str]) -> tuple[str, str, str]:
    if "job" in source:
        return source["job"], source["port"], port
    stage = source["stage"]
    return (stage if stage in waiting or stage not in latest else latest[stage].job), source["port"], port


def asked_for(project: ProjectView, record: Record) -> bool:
    """Whether ``record`` belongs to what the project was last asked for, so that ``resume`` goes on with it."""
    return any(step["stage"] == record.stage and step["job"] == record.type for step in project.asked()["steps"])


def usage(working: str) -> str:
    """Say how long the process that works has been at it, and the memory it and its workers hold; empty if it is not on this machine.

    Pages of memory that processes share are counted once in each.
    """
    number, host = process_of(working)
    if not number or host != socket.gethostname():
        return ""
    try:
        process = psutil.Process(number)
        held = sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
        return f"· {clock(time.time() - process.create_time())} so far, {size(held)} of memory"
    except psutil.Error:
        return ""


def process_of(working: str) -> tuple[int, str]:
    """Give the process and the machine that :func:`vitreous.pipeline.lock.holder` names; (0, "") if it names none."""
    found = re.match(r"process (\d+) on (\S+) since", working)
    return (int(found[1]), found[2]) if found else (0, "")
