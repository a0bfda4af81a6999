"""The log of a job: one JSON line an event, appended by the job, followed by anyone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from vitreous.pipeline.jsonable import jsonable
from vitreous.runtime.progress import Progress, Reporter

QUIET_SECONDS = 0.2


class EventLog:
    """A reporter that appends to ``log.jsonl``.

    Events that only count on are thinned to one every 0.2 s; a message, a new step or the end of one is always written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._step, self._written = path, "", 0.0
        end_torn_line(path)

    def __call__(self, event: Progress) -> None:
        now = time.time()
        if event.message or event.step != self._step or event.done >= event.total or now - self._written >= QUIET_SECONDS:
            self._step, self._written = event.step, now
            told = {"time": round(now, 3), "step": event.step, "done": event.done, "total": event.total}
            told |= {"figures": jsonable(event.figures)} if event.figures else {}
            told |= {"message": event.message} if event.message else {}
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(told, ensure_ascii=False) + "\n")


def end_torn_line(path: Path) -> None:
    """Cut off the line that a killed writer left without an end."""
    if path.exists() and not (data := path.read_bytes()).endswith(b"\n"):
        with path.open("rb+") as handle:
            handle.truncate(data.rfind(b"\n") + 1)


def fan_out(*reporters: Reporter) -> Reporter:
    """Make one reporter that tells all of ``reporters``."""

    def report(event: Progress) -> None:
        for each in reporters:
            each(event)

    return report


def read_events(path: Path, *, last: int | None = None) -> list[dict[str, Any]]:
    """Read the whole lines of a log, or those within its ``last`` bytes; an absent log has none."""
    if not path.exists():
        return []
    with path.open("rb") as handle:
        skipped = max(0, handle.seek(0, os.SEEK_END) - last) if last is not None else 0
        # One byte more: the line before ends with it, or the first line is torn and falls away.
        handle.seek(max(0, skipped - 1))
        lines = handle.read().split(b"\n")
    return [json.loads(line) for line in lines[1 if skipped else 0 : -1] if line]


def follow(path: Path, finished: Callable[[], bool], *, every: float = 0.25) -> Iterator[dict[str, Any]]:
    """Give events as they are appended.

    Parameters
    ----------
    path
        The log; it may not exist yet.
    finished
        Asked when there is nothing to read; iteration ends when it says so and all has been given.
    every
        Seconds between looks.
    """
    given = 0
    while True:
        last = finished()
        events = read_events(path)
        yield from events[given:]
        given = max(given, len(events))
        if last:
            return
        time.sleep(every)


@dataclass(frozen=True)
class Pace:
    """How far a step is: ``done`` of ``total``, and the seconds it still needs (``None`` before anything is known)."""

    step: str
    done: int
    total: int
    seconds_left: float | None


def pace(events: list[dict[str, Any]], now: float | None = None) -> Pace | None:
    """Work out from a log how far the last step is, assuming that units take equally long.

    Parameters
    ----------
    events
        As :func:`read_events` gives them.
    now
        Seconds since the epoch; the present if ``None``.
    """
    if not events:
        return None
    last = events[-1]
    first = list(takewhile(lambda event: event["step"] == last["step"], reversed(events)))[-1]
    gained, spent = last["done"] - first["done"], last["time"] - first["time"]
    left = None
    if gained > 0 and spent > 0:
        since = (time.time() if now is None else now) - last["time"]
        left = max(0.0, spent / gained * (last["total"] - last["done"]) - since)
    return Pace(last["step"], last["done"], last["total"], left)
