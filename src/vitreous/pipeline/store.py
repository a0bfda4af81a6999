"""A project on disk: a folder to be read with ``ls`` and ``cat``.

``project.toml`` says what it is, ``recipe.json`` what was last asked for, ``jobs/0007-refine/`` holds a finished job:
``job.json``, ``log.jsonl``, ``state/``, ``outputs/``. Work in progress lies in ``jobs/.0007-refine.running/`` and takes its
name in one rename when it is whole, so a reader finds a job complete or not at all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vitreous import __version__
from vitreous.errors import InputError
from vitreous.pipeline.lock import locked
from vitreous.pipeline.record import FILE, Record, read_record
from vitreous.runtime.files import remove_left_over, write_text


class Store:
    """The jobs of the project in ``folder``.

    Raises
    ------
    InputError
        If ``folder`` is no project and ``create`` is false.
    """

    def __init__(self, folder: str | Path, *, create: bool = False) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.jobs = self.folder / "jobs"
        if not self.exists():
            if not create:
                raise InputError(f"{folder} must be a Vitreous project (a folder with project.toml). Try: another --project.")
            self.jobs.mkdir(parents=True, exist_ok=True)
            created = datetime.now().astimezone().isoformat(timespec="seconds")
            text = f'name = "{_toml(self.folder.name)}"\ncreated = {created}\nvitreous = "{__version__}"\nlayout = 1\n'
            write_text(self.folder / "project.toml", text)

    def exists(self) -> bool:
        """Say whether the folder is a project."""
        return (self.folder / "project.toml").is_file()

    def lock(self) -> AbstractContextManager[None]:
        """Hold the project for this process; see :func:`vitreous.pipeline.lock.locked`."""
        return locked(self.folder)

    def records(self, read: Callable[[Path], Record] = read_record) -> list[Record]:
        """List the jobs, finished and not, by number; ``read`` gives the record of a folder."""
        found = sorted(self._read(read), key=lambda record: record.job)
        done = {record.job for record in found if record.status == "done"}
        return [record for record in found if record.status == "done" or record.job not in done]

    def _read(self, read: Callable[[Path], Record]) -> Iterator[Record]:
        for folder in self.jobs.iterdir():
            with suppress(FileNotFoundError, NotADirectoryError):
                record = read(folder)
                # A running folder may already say "done" for the instant before its rename.
                yield record if folder.name == record.job else replace(record, status=_waiting(record.status))

    def find(self, key: str) -> Record | None:
        """Give the finished job that did the work ``key``, if its files are still there."""
        return next((record for record in reversed(self.records()) if record.key == key and record.is_whole()), None)

    def latest(self, type: str, stage: str = "") -> Record | None:  # noqa: A002 - the record's own word
        """Give the last finished job of a kind, one made for ``stage`` before others."""
        done = [record for record in self.records() if record.type == type and record.is_whole()]
        return next(reversed([record for record in done if record.stage == stage] or done), None)

    def job(self, name: str) -> Record:
        """Give the finished job in the folder called ``name``.

        Raises
        ------
        InputError
            If there is none.
        """
        found = next((record for record in self.records() if record.job == name and record.status == "done"), None)
        if found is None:
            raise InputError(f"{self.folder} has no finished job {name!r}.")
        return found

    def begin(self, record: Record) -> Record:
        """Make the folder of a job, or open the one that an earlier attempt at the same work left."""
        unfinished = [old for old in self.records() if old.key == record.key and old.status != "done"]
        if unfinished:
            record = replace(record, job=unfinished[-1].job, folder=unfinished[-1].folder)
            remove_left_over(record.folder)
        else:
            name = f"{self._next_number():04d}-{record.type}"
            record = replace(record, job=name, folder=self.jobs / f".{name}.running")
        (record.folder / "outputs").mkdir(parents=True, exist_ok=True)
        record.save()
        return record

    def _next_number(self) -> int:
        numbers = [folder.name.lstrip(".").split("-")[0] for folder in self.jobs.iterdir()]
        return 1 + max((int(number) for number in numbers if number.isdigit()), default=0)

    def complete(self, record: Record) -> Record:
        """Give a finished job its place: from now on readers see it."""
        replace(record, status="done").save()
        _flush(record.folder)
        final = self.jobs / record.job
        os.rename(record.folder, final)
        _flush(self.jobs)
        return replace(record, status="done", folder=final)

    def interrupt(self, record: Record, status: str, cause: str = "") -> None:
        """Note that a job failed or was cancelled; what it needs to be resumed is kept."""
        with suppress(OSError):
            replace(record, status=status, cause=cause).save()

    def recover(self) -> None:
        """Mend what a kill in the wrong instant left: a job done but not yet in its place, a folder made but still empty."""
        for folder in list(self.jobs.glob(".*.running")):
            if not (folder / FILE).exists():
                shutil.rmtree(folder)
            elif (record := read_record(folder)).status == "done":
                self.complete(record)


def _waiting(status: str) -> str:
    return "running" if status == "done" else status


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _toml(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


