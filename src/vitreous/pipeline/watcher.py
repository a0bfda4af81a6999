"""What a surface is told while jobs run."""

from __future__ import annotations

from typing import Protocol

from vitreous.pipeline.record import Record
from vitreous.runtime.progress import Progress


class Watcher(Protocol):
    """A bar, a page or a log that is told of a start, of events, of an end.

    ``ended`` alone, without ``started``, says that the job had been done before.
    """

    def started(self, record: Record) -> None: ...
    def progress(self, record: Record, event: Progress) -> None: ...
    def ended(self, record: Record) -> None: ...


class Unwatched:
    """A watcher that looks away."""

    def started(self, record: Record) -> None:
        """Look away."""

    def progress(self, record: Record, event: Progress) -> None:
        """Look away."""

    def ended(self, record: Record) -> None:
        """Look away."""
