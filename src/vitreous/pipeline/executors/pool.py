"""Worker processes that may be killed: what one was doing is done again by another."""

from __future__ import annotations

import multiprocessing
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from vitreous.pipeline.executors import AHEAD, RETRIES, WorkerDied
from vitreous.pipeline.executors.messages import Frame, pack, receive, send, unpack
from vitreous.pipeline.executors.worker import serve
from vitreous.runtime.threads import threads

# Spawned, not forked: a fork would copy threads' locks and keep the project's lock alive after this process dies.
SPAWN = multiprocessing.get_context("spawn")


@dataclass(eq=False)
class _Worker:
    """A process and our end of its pipe; the index of the item it has, if any; whether it knows the present work."""

    process: BaseProcess
    pipe: Connection
    index: int | None
    told: bool = False


class Pool:
    """Up to ``count`` processes, started as they are needed and kept until :meth:`close`; each may use its share of the cores."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[_Worker] = []
        self._work: list[Frame] = []
        self._items: Sequence[Any] = ()
        self._todo: deque[int] = deque()
        self._deaths: Counter[int] = Counter()

    def results(self, function: Callable[[Any, Any], Any], shared: Any, items: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        """Give (index, ``function(shared, item)``) as items finish; the function and what is shared go to each process once.

        Raises
        ------
        WorkerDied
            If processes died on one item more than ``RETRIES`` times.
        Exception
            What the function raised, with the worker's traceback as a note.
        """
        self._work, self._items = pack((function, shared)), items
        self._todo, self._deaths = deque(range(len(items))), Counter()
        try:
            self._hand_out()
            while busy := {worker.pipe: worker for worker in self._workers if worker.index is not None}:
                for pipe in wait(list(busy)):
                    heard = self._hear(busy[pipe])
                    while heard:
                        yield heard.pop()  # not kept here: sums are large
        finally:
            self._rest()

    def close(self) -> None:
        """End all processes."""
        for worker in list(self._workers):
            self._end(worker)

    def _hear(self, worker: _Worker) -> list[tuple[int, Any]]:
        """Take a message, or note that the process is gone; give the result, if there is one, once the next item is handed out."""
        index = worker.index
        try:
            kind, frames = receive(worker.pipe)
        except (EOFError, OSError):
            kind, frames = "gone", []
        match kind:
            case "gone":
                self._lost(worker)
            case "ready":
                self._tell(worker)
            case _:
                worker.index = None
        if kind == "problem":
            raise unpack(frames)
        self._hand_out()
        return [(index, unpack(frames))] if kind == "value" else []

    def _hand_out(self) -> None:
        """Give items to the idle, and start processes while there may be more."""
        while self._todo and self._todo[0] < self._oldest() + AHEAD * self._count:
            idle = next((worker for worker in self._workers if worker.index is None), None)
            if idle:
                idle.index = self._todo.popleft()
                self._tell(idle)
            elif len(self._workers) < self._count:
                self._start(self._todo.popleft())
            else:
                return

    def _oldest(self) -> int:
        """The first item that is not finished."""
        return min((worker.index for worker in self._workers if worker.index is not None), default=self._todo[0])

    def _start(self, index: int) -> None:
        """Start a process that gets item ``index`` when it says that it is ready."""
        ours, its = SPAWN.Pipe()
        process = SPAWN.Process(target=serve, args=(its, max(1, threads() // self._count)), daemon=True)
        process.start()
        its.close()
        self._workers.append(_Worker(process, ours, index))

    def _tell(self, worker: _Worker) -> None:
        """Send a process its item, and the work if it does not know it."""
        try:
            if not worker.told:
                send(worker.pipe, "work", self._work)
                worker.told = True
            send(worker.pipe, "item", pack(self._items[worker.index]))
        except OSError:
            self._lost(worker)

    def _lost(self, worker: _Worker) -> None:
        """Put the item of a process that died back, unless it is the item that kills."""
        self._end(worker)
        self._deaths[worker.index] += 1
        if self._deaths[worker.index] > RETRIES:
            raise WorkerDied(worker.index)
        self._todo.appendleft(worker.index)

    def _end(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.process.close()
        worker.pipe.close()

    def _rest(self) -> None:
        """After a call: end those that are still at an item, and let the others forget what they shared."""
        self._work, self._items = [], ()
        for worker in list(self._workers):
            if worker.index is None and worker.told:
                worker.told = False
                with suppress(OSError):
                    send(worker.pipe, "work")
            elif worker.index is not None:
                self._end(worker)
