"""Columns of long lists, read once and kept as binary files that are mapped into memory.

A list of a million particles is 200 MB of text and takes seconds to read, with much memory on the way. So a long one is read by a
process of its own, some rows at a time, into ``.cache/web/<digest>/``: float64 for numbers, int32 codes for words that come again, and
``columns.json``. The digest is made of name, size and time of change: a list that is replaced is read anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import FormatError, InputError, VitreousError

#: Files longer than this, in bytes, are read by a process of their own.
LONG = 4 << 20
#: A column of text with more different values than this is left out: names of images, which differ in every row.
MOST_WORDS = 100_000
INDEX, WORDS, PROBLEM = "columns.json", "words.json", "problem.txt"


@dataclass(frozen=True)
class Columns:
    """The columns of one list.

    Parameters
    ----------
    folder
        Where they lie.
    count
        Rows.
    numbers, words
        Labels of columns of numbers and of text, with the names of their files.
    """

    folder: Path
    count: int
    numbers: Mapping[str, str]
    words: Mapping[str, str]
    _maps: dict[str, NDArray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> Columns:
        """Open what :func:`keep` left in ``folder``."""
        told = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return cls(folder, told["count"], told["numbers"], told["words"])

    def number(self, label: str) -> NDArray[np.float64]:
        """A column of numbers, ``(n,)``, NaN where there is none; mapped, not read."""
        return self._map(self.numbers[label])

    def codes(self, label: str) -> NDArray[np.int32]:
        """Which of :meth:`values` each row of a column of text has, ``(n,)``; mapped, not read."""
        return self._map(self.words[label])

    def _map(self, name: str) -> NDArray:
        if name not in self._maps:
            self._maps[name] = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
        return self._maps[name]

    def values(self, label: str) -> list[str]:
        """The different texts of a column, in the order of their first coming."""
        return self._texts[label]

    def text(self, label: str, row: int) -> str:
        """One text of a column."""
        return self.values(label)[self.codes(label)[row]]

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        return json.loads((self.folder / WORDS).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Reading:
    """A list that is being read: ask again."""


class ColumnCache:
    """The columns of lists of a project, kept below ``folder``; in a temporary folder where that cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._wanted = folder / "columns"
        self._guard = threading.Lock()
        self._readers: dict[Path, subprocess.Popen[bytes]] = {}
        self._open: dict[Path, Columns] = {}

    @cached_property
    def folder(self) -> Path:
        """Where columns are kept."""
        with suppress(OSError):
            self._wanted.mkdir(parents=True, exist_ok=True)
            if os.access(self._wanted, os.W_OK):
                return self._wanted
        return Path(tempfile.mkdtemp(prefix="vitreous-columns-"))

    def ask(self, path: Path) -> Columns | Reading:
        """Give the columns of a list, or set out to read them.

        Parameters
        ----------
        path
            A STAR file, or a JSON list of objects (``verdicts.json``).

        Raises
        ------
        VitreousError
            If the list cannot be read.
        FileNotFoundError
            If there is none.
        """
        place = self._place(path)
        with self._guard:
            reader = self._readers.get(place)
            ended = reader is not None and reader.poll() is not None
            if ended:
                del self._readers[place]
            known = self._open.get(place)
            if known is None and (place / INDEX).exists():
                known = self._open[place] = Columns.open(place)
            if known is not None:
                return known
            if (place / PROBLEM).exists():
                raise InputError((place / PROBLEM).read_text(encoding="utf-8"))
            if ended:
                raise InputError(f"{path} could not be read: the process that did so was ended. Try: more free memory or disk.")
            if path.stat().st_size <= LONG:
                return self._open.setdefault(place, keep(path, place))
            if reader is None:
                self._readers[place] = _reader(path, place)
            return Reading()

    def _place(self, path: Path) -> Path:
        told = path.stat()
        mark = hashlib.sha256(f"{path.resolve()}".encode()).hexdigest()[:16]
        return self.folder / mark / f"{told.st_mtime_ns:x}-{told.st_size:x}"


@cache
def cache_of(folder: Path) -> ColumnCache:
    """The one cache below ``folder`` in this process."""
    return ColumnCache(folder)


def _reader(path: Path, place: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "vitreous.web.columns", str(path), str(place)]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def keep(path: Path, place: Path) -> Columns:
    """Read a list and keep its columns in the folder ``place``, which appears whole or not at all; older ones of the list go.

    Raises
    ------
    VitreousError
        If the list cannot be read.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".reading-", dir=place.parent))
    try:
        pieces = json_pieces(path) if path.suffix == ".json" else star_pieces(path)
        _write(aside, pieces)
        with suppress(OSError):  # another server of the same project was first
            aside.rename(place)
        for old in place.parent.iterdir():
            if old not in (place, aside) and not old.name.startswith("."):
                shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Columns.open(place)


def star_pieces(path: Path) -> Iterator[dict[str, NDArray]]:
    """The longest loop of a STAR file as columns, some rows at a time."""
    from vitreous.io.star import largest_loop

    for table in largest_loop(path):
        yield dict(table.columns)


def json_pieces(path: Path) -> Iterator[dict[str, NDArray]]:
    """A JSON list of objects as columns: members of members by their own name, lists as JSON.

    Raises
    ------
    FormatError
        If it is anything else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise FormatError(path, f"a list must be JSON; got {problem}.") from problem
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(path, "a list must be of objects; got something else.")
    flat = [_flat(row) for row in rows]
    labels = dict.fromkeys(label for row in flat for label in row)
    yield {label: _column([row.get(label) for row in flat]) for label in labels}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in row.items():
        found |= _flat(value) if isinstance(value, dict) else {key: json.dumps(value) if isinstance(value, list) else value}
    return found


def _column(values: list[Any]) -> NDArray:
    if all(value is None or isinstance(value, (int, float)) for value in values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    texts = np.empty(len(values), object)
    texts[:] = ["" if value is None else str(value) for value in values]
    return texts


def _write(folder: Path, pieces: Iterator[dict[str, NDArray]]) -> None:
    """Write each piece behind the one before; what is of numbers in one piece and of text in another is left out."""
    raw: dict[str, str] = {}
    kinds: dict[str, str] = {}
    words: dict[str, dict[str, int]] = {}
    count = 0
    for piece in (each for each in pieces if len(next(iter(each.values()), ()))):
        for label, values in piece.items():
            kind = "words" if values.dtype == object else "numbers"
            if kinds.setdefault(label, kind) != kind:
                kinds[label] = "mixed"
                continue
            coded = _coded(values, words.setdefault(label, {})) if kind == "words" else values.astype(np.float64)
            if len(words.get(label, ())) > MOST_WORDS:
                kinds[label] = "mixed"
                continue
            with (folder / raw.setdefault(label, f"{len(raw)}.raw")).open("ab") as handle:
                coded.tofile(handle)
        count += len(next(iter(piece.values())))
    told: dict[str, Any] = {"count": count, "numbers": {}, "words": {}}
    for label, name in raw.items():
        if kinds[label] != "mixed":
            told[kinds[label]][label] = _as_npy(folder / name, np.float64 if kinds[label] == "numbers" else np.int32)
        (folder / name).unlink()
    texts = {label: list(words[label]) for label in told["words"]}
    (folder / WORDS).write_text(json.dumps(texts), encoding="utf-8")
    (folder / INDEX).write_text(json.dumps(told), encoding="utf-8")


def _coded(values: NDArray, known: dict[str, int]) -> NDArray[np.int32]:
    return np.fromiter((known.setdefault(value, len(known)) for value in values), np.int32, len(values))


def _as_npy(path: Path, kind: type) -> str:
    values = np.memmap(path, kind, "r") if path.stat().st_size else np.zeros(0, kind)
    np.save(path.with_suffix(".npy"), values, allow_pickle=False)
    return path.with_suffix(".npy").name


def main(words: list[str]) -> int:
    """Read the list ``words[0]`` into the folder ``words[1]``; what is wrong with it is said in a file there."""
    path, place = map(Path, words)
    try:
        keep(path, place)
    except (VitreousError, OSError) as problem:
        place.mkdir(parents=True, exist_ok=True)
        (place / PROBLEM).write_text(str(problem), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
