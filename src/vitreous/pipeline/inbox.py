"""A folder into which files arrive: which of them are there, whole, and not dealt with yet.

A file counts as arrived when it has had the same size and time of change for some seconds, over two looks at least, and what it
says of itself fits its length. Nothing is asked of the operating system but names, sizes and times, so that network disks and
mounted microscopes serve as well as local ones.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

#: Endings of names under which programs write what they will rename when it is whole.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".lock")
#: Files up to this many bytes are digested whole; of larger ones three samples of so many bytes are.
WHOLE, SAMPLE = 8 * 2**20, 64 * 2**10
#: Size in bytes and time of change in ns.
Stamp = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What counts as a file that has arrived.

    Parameters
    ----------
    patterns
        Names that count, as ``*.tif``.
    recursive
        Whether folders below are looked at too.
    settle
        Seconds for which size and time of change must stay the same.
    patience
        Seconds for which a file that has settled, but is not whole or lacks its companion, is waited for.
    companion
        Ending of a file that comes with each (".mdoc"), beside it as ``a.tif.mdoc`` or ``a.mdoc``; empty for none.
    left_out
        Files and folders that are not looked at.
    """

    patterns: tuple[str, ...]
    recursive: bool = False
    settle: float = 10.0
    patience: float = 120.0
    companion: str = ""
    left_out: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A file that has arrived.

    Parameters
    ----------
    path
        The file.
    stamp
        Its size and time of change when it was found to be whole.
    arrived
        Seconds since the epoch at which it was written last, as far as looks tell.
    companion
        The file that came with it, if there is one.
    problem
        Why it cannot be used; empty if it can.
    """

    path: Path
    stamp: Stamp
    arrived: float
    companion: Path | None = None
    problem: str = ""


@dataclass
class Waiting:
    """A file that is there but has not arrived: since when it is as it is, and why it is not taken."""

    stamp: Stamp
    since: float
    arrived: float
    reason: str = "seen a moment ago, it may still be growing"


@dataclass
class Inbox:
    """Looks at a folder again and again.

    Parameters
    ----------
    folder
        The folder; it may disappear and come back.
    rules
        What counts.
    whole
        Says of a settled file why it is not whole, "" if it is; it must not raise.
    dealt_with
        Files that are known, with the stamp they had; they are not given again as long as they keep it.
    """

    folder: Path
    rules: Rules
    whole: Callable[[Path], str]
    dealt_with: dict[Path, Stamp] = field(default_factory=dict)
    waiting: dict[Path, Waiting] = field(default_factory=dict)
    absent: str = ""
    _looked: float = field(default=0.0, init=False)

    def look(self, now: float) -> list[Arrival]:
        """Give the files that have arrived since the last look, the oldest first.

        Parameters
        ----------
        now
            Seconds since the epoch.

        Returns
        -------
        list[Arrival]
            None while the folder is not there; ``absent`` says so.
        """
        try:
            found = dict(self._scan(self.folder))
        except OSError as problem:
            self.absent = f"{self.folder} cannot be looked at ({problem.strerror}); it is waited for"
            return []
        self.absent = ""
        before, self._looked = self._looked or now, now
        fresh = {path: stamp for path, stamp in found.items() if self.dealt_with.get(path) != stamp}
        self.waiting = {path: waiting for path, waiting in self.waiting.items() if path in fresh}
        ready = [arrival for path, stamp in fresh.items() if (arrival := self._judged(path, stamp, before, now))]
        for arrival in ready:
            self.dealt_with[arrival.path] = arrival.stamp
            del self.waiting[arrival.path]
        return sorted(ready, key=lambda arrival: (arrival.stamp[1], arrival.path))

    def put_back(self, path: Path) -> None:
        """Wait for ``path`` again: it changed, or went away, while it was read."""
        self.dealt_with.pop(path, None)

    def _scan(self, folder: Path) -> Iterator[tuple[Path, Stamp]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.name.startswith((".", "~")) or path in self.rules.left_out:
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if self.rules.recursive:
                            yield from self._scan(path)
                    elif self._counts(entry.name):
                        told = entry.stat()
                        yield path, (told.st_size, told.st_mtime_ns)
                except OSError:  # gone, or forbidden, between the look and the question
                    continue

    def _counts(self, name: str) -> bool:
        return not name.lower().endswith(UNFINISHED) and any(fnmatch(name, pattern) for pattern in self.rules.patterns)

    def _judged(self, path: Path, stamp: Stamp, before: float, now: float) -> Arrival | None:
        """The arrival if the file is there for good, ``None`` if it is waited for."""
        waiting = self.waiting.get(path)
        if waiting is None or waiting.stamp != stamp:
            # It was written after the look before this one; a clock or a copy that says otherwise is not believed.
            self.waiting[path] = Waiting(stamp, now, min(max(stamp[1] / 1e9, before), now))
            return None
        settled = now - waiting.since
        if settled < self.rules.settle:
            return None
        companion = self._companion(path)
        patient = settled < self.rules.settle + self.rules.patience
        lacking = bool(self.rules.companion) and companion is None
        problem = self.whole(path)
        if patient and (problem or lacking):
            waiting.reason = problem or f"its {self.rules.companion} file is not there yet"
            return None
        return Arrival(path=path, stamp=stamp, arrived=waiting.arrived, companion=companion, problem=problem)

    def _companion(self, path: Path) -> Path | None:
        ending = self.rules.companion
        if not ending:
            return None
        places = (path.with_name(path.name + ending), path.with_suffix(ending))
        return next((place for place in places if place.is_file()), None)


def stamp_of(path: Path) -> Stamp | None:
    """Size and time of change of a file now, ``None`` if it is not there."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_size, told.st_mtime_ns


def content_digest(path: Path) -> str:
    """Digest what is in a file, whatever it is called: its length and all of it, or of a large one its start, middle and end.

    Movies differ everywhere, by noise: three samples tell any two of them apart.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        state = hashlib.blake2b(str(size).encode(), digest_size=16)
        if size <= WHOLE:
            state.update(handle.read())
        else:
            for place in (0, (size - SAMPLE) // 2, size - SAMPLE):
                handle.seek(place)
                state.update(handle.read(SAMPLE))
    return state.hexdigest()
