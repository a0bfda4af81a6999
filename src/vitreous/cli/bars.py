"""Progress bars with the time left, one for each step of the running job."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from vitreous.cli.answer import number
from vitreous.cli.watch import ending
from vitreous.pipeline.record import Record
from vitreous.runtime.progress import Progress


class Bars:
    """A watcher that draws on a terminal; use it as a context manager."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.fields[job]}"), TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[figures]}"))
        self._bars = RichProgress(*columns, *times, console=Console(stderr=True))
        self._tasks: dict[str, TaskID] = {}
        self._running = ""

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._bars.stop()

    def started(self, record: Record) -> None:
        """Remember the job."""
        self._running = record.job

    def progress(self, record: Record, event: Progress) -> None:
        """Move the bar of the event's step."""
        if event.step in ("start", "end"):
            return
        if event.step not in self._tasks:
            self._tasks[event.step] = self._bars.add_task(event.step, job=record.job, figures="", total=event.total)
        figures = "  ".join(f"{name} {number(value)}" for name, value in event.figures.items())
        self._bars.update(self._tasks[event.step], completed=event.done, total=event.total, figures=figures)
        if event.message:
            self._bars.console.print(f"{record.job}: {event.message}", markup=False, highlight=False)

    def ended(self, record: Record) -> None:
        """Replace the job's bars by one line."""
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._bars.console.print(ending(record, new=record.job == self._running), markup=False, highlight=False)
