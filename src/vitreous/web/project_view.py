"""A project as the page reads it: its jobs, and only files that lie inside it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from vitreous.pipeline.job import Registry
from vitreous.pipeline.record import FILE, Record, read_record
from vitreous.pipeline.request import FILE as REQUEST
from vitreous.pipeline.store import Store
from vitreous.runtime.files import read_json


class Outside(FileNotFoundError):
    """A path that is not there, or leads out of the project."""


class ProjectView:
    """The project in ``folder``; nothing here writes to it.

    Parameters
    ----------
    folder
        The project.
    registry
        The kinds of job that are known.

    Raises
    ------
    InputError
        If ``folder`` is no project.
    """

    def __init__(self, folder: str | Path, registry: Registry) -> None:
        self.store, self.registry = Store(folder), registry
        self.root = self.store.folder.resolve()
        self._read: dict[Path, tuple[int, Record]] = {}
        self._reading = threading.Lock()
        self._asked: tuple[int, dict[str, Any]] | None = None

    @property
    def folder(self) -> Path:
        """Where the project lies."""
        return self.store.folder

    @property
    def cache(self) -> Path:
        """Folder for what the page works out once: thumbnails, columns of large tables, pictures."""
        return self.store.folder / ".cache" / "web"

    def records(self) -> list[Record]:
        """List the jobs by number; a ``job.json`` is read again when it has changed."""
        with self._reading:
            return self.store.records(self._record)

    def _record(self, folder: Path) -> Record:
        stamp = (folder / FILE).stat().st_mtime_ns
        known = self._read.get(folder)
        if known is None or known[0] != stamp:
            known = self._read[folder] = stamp, read_record(folder)
        return known[1]

    def asked(self) -> dict[str, Any]:
        """Give what was last asked for (``recipe.json``), read again when it has changed; without steps if nothing was."""
        path = self.store.folder / REQUEST
        try:
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            return {"steps": []}
        if self._asked is None or self._asked[0] != stamp:
            told: Any = read_json(path)
            self._asked = stamp, told
        return self._asked[1]

    def record(self, job: str) -> Record | None:
        """Give the job whose folder is called ``job``, finished or not."""
        return next((record for record in self.records() if record.job == job), None)

    def inside(self, path: str | Path) -> Path:
        """Give the file or folder at ``path`` (relative to the project, or whole), with all links followed.

        Raises
        ------
        Outside
            If there is none, or it lies outside the project, be it by "..", by a whole path or by a link.
        """
        try:
            found = (self.root / path).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as problem:
            raise Outside(str(path)) from problem
        if not found.is_relative_to(self.root):
            raise Outside(str(path))
        return found

    def latest(self, type: str, port: str) -> Path | None:  # noqa: A002 - the record's own word
        """Give the (first) file that the last finished job of a kind left at ``port``; ``None`` if there is none."""
        for record in reversed(self.records()):
            if record.type == type and record.status == "done" and port in record.outputs and record[port].exists():
                return record[port]
        return None
