"""How progress is drawn: bars on a terminal, lines elsewhere, always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vitreous.cli.answer import duration, number
from vitreous.pipeline.record import Record
from vitreous.pipeline.watcher import Unwatched, Watcher
from vitreous.runtime.progress import Progress


@contextmanager
def watcher(*, quiet: bool) -> Iterator[Watcher]:
    """Give what draws progress here."""
    if quiet:
        yield Unwatched()
    elif sys.stderr.isatty():
        from vitreous.cli.bars import Bars

        with Bars() as bars:
            yield bars
    else:
        yield Lines()


class Lines:
    """A line when a job starts, has something to say, and ends."""

    def __init__(self) -> None:
        self._running = ""

    def started(self, record: Record) -> None:
        """Remember the job."""
        self._running = record.job

    def progress(self, record: Record, event: Progress) -> None:
        """Print what the job says."""
        if event.message and event.step not in ("start", "end"):
            print(f"{record.job}: {event.step}: {event.message}", file=sys.stderr, flush=True)

    def ended(self, record: Record) -> None:
        """Print that the job is done."""
        print(ending(record, new=record.job == self._running), file=sys.stderr, flush=True)


def ending(record: Record, *, new: bool) -> str:
    """Say in one line how a job ended."""
    said = f"done in {duration(record.used.get('wall_seconds', 0.0))}" if new else "was done before"
    figures = ", ".join(f"{name} {number(value)}" for name, value in record.figures.items() if isinstance(value, (int, float)))
    aside = f"; {len(record.quarantine)} set aside" if record.quarantine else ""
    return f"{record.job}: {said}{aside}{f' ({figures})' if figures else ''}"
