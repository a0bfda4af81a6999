"""From an inbox through an executor to a ledger, for as long as files arrive."""

from __future__ import annotations

import errno
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from vitreous.errors import Cancelled, JobError, MissingExtra
from vitreous.pipeline.context import Context, attempted
from vitreous.pipeline.executors import RETRIES, WorkerDied
from vitreous.pipeline.inbox import Inbox, Stamp, content_digest, stamp_of
from vitreous.pipeline.ledger import Item, Ledger
from vitreous.runtime.progress import Progress

#: Seconds between looks at an idle inbox.
LOOK_SECONDS = 2.0
#: How a disk says that it is full.
FULL = (errno.ENOSPC, errno.EDQUOT)
STEP = "watch"


@dataclass(kw_only=True)
class Conveyor:
    """Works on files as they arrive, each once, at most ``at_once`` of them at a time.

    Parameters
    ----------
    context
        Of the job; its executor does the work.
    inbox, ledger
        What arrives, and what became of it.
    work
        Called with the items of a batch, gives the function that does one of them, ``do(item) -> dict`` of what JSON holds. That one
        leaves its files whole or absent, and may be called again for an item that a kill interrupted.
    at_once
        Items handed to the executor together; nothing of the others is in memory but their names.
    finished
        Called as ``finished(name, value)`` when an item has been recorded as done.
    hold
        Says why no work is to be begun now, "" if it may.
    tell
        Called after each look and each item, to show how it goes.
    look_seconds
        Seconds between looks at an idle inbox.
    """

    context: Context
    inbox: Inbox
    ledger: Ledger
    work: Callable[[Sequence[Item]], Callable[[Item], dict[str, Any]]]
    finished: Callable[[str, dict[str, Any]], None]
    hold: Callable[[], str]
    tell: Callable[[], None]
    at_once: int = 4
    look_seconds: float = LOOK_SECONDS
    queue: deque[Item] = field(default_factory=deque, init=False)
    #: Why nothing is done at present: the folder is away, the disk is full; empty if all is well.
    held: str = field(default="", init=False)
    #: When something arrived or was finished last, seconds since the epoch.
    active: float = field(default_factory=time.time, init=False)

    def __post_init__(self) -> None:
        self.inbox.dealt_with |= self.ledger.known()
        for item in self.ledger.unfinished():
            if stamp_of(item.path) == item.stamp:
                self.queue.append(item)
                self.inbox.dealt_with[item.path] = item.stamp

    def run(self, over: Callable[[], str]) -> str:
        """Work until ``over()`` gives a reason to end, which is given back.

        Raises
        ------
        Cancelled
            If the user stops the job.
        """
        while True:
            self.look()
            if reason := over():
                return reason
            self.context.check()
            if self.queue and not self.held:
                self._do_some()
            else:
                self.context.cancel.wait(self.look_seconds)

    def look(self) -> None:
        """Take in what has arrived."""
        for arrival in self.inbox.look(time.time()):
            self.active = time.time()
            if arrival.problem:
                self._set_aside(arrival.path, arrival.problem, arrival.stamp)
                continue
            try:
                digest = content_digest(arrival.path)
            except OSError:  # gone since the look
                self.inbox.put_back(arrival.path)
                continue
            item = self.ledger.admit(arrival, digest)
            if item:
                self._queue(item)
            elif str(arrival.path) in self.ledger.aside:
                self._say(f"{arrival.path.name} is set aside: {self.ledger.aside[str(arrival.path)]}")
        if self.inbox.waiting or self.queue:
            self.active = time.time()
        self._hold(self.inbox.absent if self.inbox.absent and not self.queue else self.hold())
        self.tell()

    def _do_some(self) -> None:
        """Do the first items of the queue; one that is not done when this ends, however it ends, is still in the queue."""
        batch = list(islice(self.queue, self.at_once))
        try:
            with closing(self.context.executor(partial(_tried, self.work(batch)), batch)) as outcomes:
                for index, outcome in outcomes:
                    self._take(batch[index], outcome)
                    self.look()
                    self.context.check()
        except WorkerDied as died:
            item = batch[died.index]
            self._drop(item)
            self._set_aside(item.path, f"{RETRIES + 1} worker processes died on it, one after the other", None)

    def _take(self, item: Item, outcome: dict[str, Any]) -> None:
        """Write down what came of an item."""
        if "full" in outcome:
            self._hold(outcome["full"])
            return
        self._drop(item)
        self.active = time.time()
        if not self.ledger.stands(item):  # written anew or renamed meanwhile, and in the queue as what it is now
            return
        now = stamp_of(item.path)
        if now not in (item.stamp, None) or (now is None and "reason" in outcome):
            self.inbox.put_back(item.path)
            self._say(f"{item.path.name} {'changed' if now else 'went away'} while it was read; it is waited for")
        elif "reason" in outcome:
            self._set_aside(item.path, outcome["reason"], None if outcome.get("passing") else item.stamp)
        else:
            value = {"arrived": item.arrived, "finished": self.active, "path": str(item.path), "size": item.stamp[0],
                     **outcome["value"]}  # fmt: skip
            self.ledger.finish(item, value)
            self.finished(item.name, self.ledger.done[item.name])
        self.tell()

    def _queue(self, item: Item) -> None:
        """Put an item in the queue, in the place of what its file was before."""
        self.queue = deque(each for each in self.queue if each.path != item.path)
        self.queue.append(item)

    def _drop(self, item: Item) -> None:
        if item in self.queue:
            self.queue.remove(item)

    def _set_aside(self, path: Path, reason: str, stamp: Stamp | None) -> None:
        self.ledger.set_aside(path, reason, stamp)
        self._say(f"{path.name} is set aside: {reason}")

    def _hold(self, reason: str) -> None:
        """Say once why nothing is done, and once that it goes on."""
        if reason != self.held and (bool(reason) != bool(self.held)):
            self._say(reason or "going on")
        self.held = reason

    def _say(self, message: str) -> None:
        self.context.report(Progress(STEP, self.ledger.settled, self.ledger.arrived, message=message))


def _tried(work: Callable[[Item], dict[str, Any]], item: Item) -> dict[str, Any]:
    """Try ``work`` on an item: a fault that one movie brings out must not end a session of thousands.

    What need not be the file's fault (a disk that fails, memory, a fault of ours) is marked as passing.
    """
    try:
        return attempted(work, item)
    except (Cancelled, JobError, MissingExtra):
        raise
    except OSError as problem:
        return {"full": f"the disk is full ({problem})"} if problem.errno in FULL else {"reason": str(problem), "passing": True}
    except Exception as problem:  # noqa: BLE001 - told with its place, so that it can be mended
        place = traceback.extract_tb(problem.__traceback__)[-1]
        told = f"{type(problem).__name__}: {problem} ({place.name}, line {place.lineno}: a fault of Vitreous, not yours)"
        return {"reason": told, "passing": True}
