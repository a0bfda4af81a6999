"""The one stream of a page: what is going on, told anew when it has changed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from vitreous.jobs.report.words import clock
from vitreous.pipeline.events import Pace
from vitreous.web.state import WORDS, JobState, Standing, usage

#: First and last step of every job, as a reader says it.
EDGES = {"start": "getting ready", "end": "finishing"}
#: Seconds between looks, and between signs of life when nothing changes.
LOOK, BREATH = 1.0, 15.0


class Shared:
    """A value that many streams ask for and that is worked out once a ``LOOK``."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._at, self._value = make, 0.0, None
        self._making = threading.Lock()

    def __call__(self) -> Any:
        """Give the value, at most a ``LOOK`` old."""
        with self._making:
            if time.monotonic() - self._at >= LOOK:
                self._value, self._at = self._make(), time.monotonic()
            return self._value


def told(standing: Standing, started: str, problem: str) -> dict[str, Any]:
    """Give a project's standing as JSON: only jobs that are not done, and a version that changes when the page must be drawn anew.

    Parameters
    ----------
    standing
        The project.
    started
        The command that was started from the page and has not reached the project yet; empty if there is none.
    problem
        Why the last command started from the page ended before its work began; empty if it did not.
    """
    open_ = [_job(job) for job in standing.jobs if job.state != "done"]
    version = f"{standing.version}-{bool(started):d}-{len(problem)}"
    return {"version": version, "holder": standing.holder, "usage": usage(standing.holder), "starting": started, "problem": problem,
            "jobs": open_}  # fmt: skip


def _job(job: JobState) -> dict[str, Any]:
    return {"job": job.name, "state": job.state, "word": WORDS[job.state], "fraction": job.fraction, "progress": progress(job.pace)}


def progress(pace: Pace | None) -> str:
    """Say how far a step is: "particles: 3 of 20, about 4 min 10 s left"."""
    if pace is None:
        return ""
    left = f", about {clock(pace.seconds_left)} left in this step" if pace.seconds_left is not None and pace.done < pace.total else ""
    count = f": {pace.done} of {pace.total}" if pace.total > 1 else ""
    return f"{EDGES.get(pace.step, pace.step)}{count}{left}"


async def events(look: Callable[[], dict[str, Any]]) -> AsyncIterator[str]:
    """Give the stream: an event "project" at once and after each change, and a breath in between."""
    before, silent = "", 0.0
    while True:
        now = json.dumps(await run_in_threadpool(look), ensure_ascii=False)
        if now != before:
            before, silent = now, 0.0
            yield f"event: project\ndata: {now}\n\n"
        elif silent >= BREATH:
            silent = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOK)
        silent += LOOK
