"""What a running job is given beside its inputs and parameters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from vitreous.errors import Cancelled, InputError, JobError, MissingExtra, VitreousError, require
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.executors import RETRIES, Executor, WorkerDied
from vitreous.pipeline.executors.local import Local
from vitreous.runtime.progress import Progress, Reporter

Item = TypeVar("Item")
Shared = TypeVar("Shared")
Value = TypeVar("Value")
Sums = TypeVar("Sums")


@dataclass(frozen=True)
class Done(Generic[Item]):
    """An item that went well, and what the function said of it, as JSON holds it: tuples are lists, NaN is ``None``."""

    item: Item
    value: Any


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one job.

    Parameters
    ----------
    project
        Folder of the project.
    folder
        Folder of the job while it runs. It is renamed when the job is done: write paths into files only by :meth:`name`.
    final
        Folder of the job afterwards.
    state
        Where the job keeps what it needs to go on after a kill.
    report
        Takes progress; also the place where a cancelled job stops.
    seed
        Seed of all chance in the job; derive generators by ``runtime.chance`` with a label.
    device
        "auto", "cpu", "cuda:0" …
    memory
        Bytes the job may use.
    executor
        Does the work of :meth:`map` and :meth:`map_reduce`.
    """

    project: Path
    folder: Path
    final: Path
    state: State
    report: Reporter
    seed: int
    device: str
    memory: int
    executor: Executor = field(default_factory=Local)
    cancel: threading.Event = field(default_factory=threading.Event)
    quarantined: list[dict[str, str]] = field(default_factory=list)

    @property
    def outputs(self) -> Path:
        """Where the files of the output ports are written."""
        return self.folder / "outputs"

    def name(self, path: Path) -> str:
        """Give the name by which a file that the job writes or reads is to be called inside other files.

        Relative to the project for what lies in it, as other programs expect who are started there; absolute otherwise.
        """
        path = path.absolute()
        if path.is_relative_to(self.folder):
            path = self.final / path.relative_to(self.folder)
        return path.relative_to(self.project).as_posix() if path.is_relative_to(self.project) else str(path)

    def check(self) -> None:
        """Stop here if the user wants the job to stop.

        Raises
        ------
        Cancelled
            If so.
        """
        if self.cancel.is_set():
            raise Cancelled("stopped by the user; what was finished is kept.")

    def quarantine(self, item: str, reason: str) -> None:
        """Set ``item`` aside, with the reason; the job goes on without it."""
        self.quarantined.append({"item": item, "reason": reason})

    def map(
        self,
        function: Callable[[Item], Any],
        items: Iterable[Item],
        *,
        step: str,
        key: Callable[[Item], str] = str,
    ) -> list[Done[Item]]:
        """Do ``function`` on each item, once: after a kill the job goes on behind the last finished one.

        What an earlier attempt at the job set aside is tried again: the reason may be gone, a file forbidden or a fault mended.

        Parameters
        ----------
        function
            Returns what JSON can hold (numbers, texts, lists, dicts). Files it makes go into the outputs or state folder,
            whole or absent (``runtime.files.replacing``), before it returns.
        items
            What to work on: paths, rows …
        step
            Name of this work in the log and of its record in the state folder.
        key
            Gives each item a name that is unique, and the same after a restart.

        Returns
        -------
        list[Done]
            The items that went well, in the order given. One that raised a ``VitreousError``, or whose file could not be
            opened, is quarantined with the reason.

        Raises
        ------
        InputError
            If two items have one key, or no item at all went well.
        JobError
            If worker processes keep dying on one item.
        """
        todo = list(items)
        names = [key(item) for item in todo]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"items of {step} must have different names; got {twice!r} more than once.")
        finished = self.state.items(step)
        waiting = [item for item, name in zip(todo, names) if "value" not in finished.outcomes.get(name, {})]
        done = len(todo) - len(waiting)
        self._count(step, done, len(todo))
        keys = [key(item) for item in waiting]
        with self._naming(step, keys), closing(self.executor(partial(attempted, function), waiting)) as outcomes:
            for index, outcome in outcomes:
                done += 1
                finished.add(keys[index], outcome)
                self._count(step, done, len(todo), f"{keys[index]}: {outcome['reason']}" if "reason" in outcome else "")
        return self._sorted_out(step, todo, names, [finished.outcomes[name] for name in names])

    def map_reduce(
        self,
        function: Callable[[Shared, Item], tuple[Value, Sums]],
        items: Iterable[Item],
        *,
        shared: Shared,
        combine: Callable[[Sums, Sums], Sums],
        step: str,
        key: Callable[[Item], str] = str,
    ) -> tuple[list[Value], Sums]:
        """Add up the sums of ``function(shared, item) -> (value, sums)`` over items; nothing is kept of it after a kill.

        Parameters
        ----------
        function
            Gives a small value of each item and sums of any size; it must not change ``shared``. For executors with
            several processes it is at the top of a module, or a ``functools.partial`` of such a one.
        items
            What to work on, at least one: blocks of particles, each small enough to be sent.
        shared
            What every item needs; it is sent to each worker once. Arrays of numpy travel without being copied.
        combine
            Adds two sums into a new one and leaves both as they are.
        step
            Name of this work in the log.
        key
            Gives an item's name, for messages.

        Returns
        -------
        tuple[list[Value], Sums]
            The values in the order of the items, and the sum of all sums, added in an order that depends on the number of
            items alone: its bits do not depend on the executor, on how many workers it has or on which is faster.

        Raises
        ------
        InputError
            If there is no item.
        VitreousError, Exception
            What the function raised for any item.
        JobError
            If worker processes keep dying on one item.
        Cancelled
            If the user stops the job.
        """
        todo = list(items)
        require(bool(todo), f"items of {step}", todo, "at least one")
        values: dict[int, Value] = {}

        def finished(index: int, value: Value) -> None:
            values[index] = value
            self._count(step, len(values), len(todo))
            self.check()

        self.check()
        with self._naming(step, [key(item) for item in todo]):
            total = self.executor.map_reduce(function, shared, todo, combine, finished)
        return [values[index] for index in range(len(todo))], total

    @contextmanager
    def _naming(self, step: str, names: Sequence[str]) -> Iterator[None]:
        """Say which item it was that workers died on."""
        try:
            yield
        except WorkerDied as died:
            told = f"{step}: {RETRIES + 1} worker processes died on {names[died.index]}, one after the other"
            raise JobError(self.final.name, f"{told}. Try: fewer processes, or more memory") from died

    def _count(self, step: str, done: int, total: int, message: str = "") -> None:
        self.report(Progress(step, done, total, message=message))

    def _sorted_out(self, step: str, todo: list[Item], names: list[str], outcomes: list[dict[str, Any]]) -> list[Done[Item]]:
        for name, outcome in zip(names, outcomes):
            if "reason" in outcome:
                self.quarantine(name, outcome["reason"])
        good = [Done(item, outcome["value"]) for item, outcome in zip(todo, outcomes) if "value" in outcome]
        if todo and not good:
            raise InputError(f"{step}: none of {len(todo)} could be used; the first, {names[0]}: {outcomes[0]['reason']}")
        return good


def attempted(function: Callable[[Any], Any], item: Any) -> dict[str, Any]:
    """Give ``{"value": function(item)}``, or ``{"reason": …}`` why the item cannot be used."""
    try:
        return {"value": function(item)}
    except (Cancelled, JobError, MissingExtra):
        raise
    except (VitreousError, FileNotFoundError, PermissionError, IsADirectoryError) as problem:
        return {"reason": str(problem)}
