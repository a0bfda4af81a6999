"""State that survives ``kill -9``: whole files swapped in, and lists of finished items that lose at most the last line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from vitreous.errors import InputError
from vitreous.pipeline.events import end_torn_line
from vitreous.pipeline.jsonable import jsonable
from vitreous.runtime.files import replacing

T = TypeVar("T")


class State:
    """The resumable state of one job, a folder of named files.

    Everything a step needs to go on must be in ONE file (arrays, iteration, generators), so that it is swapped in as a whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, writer: Callable[[Path], object]) -> None:
        """Replace the file ``name`` by what ``writer(path)`` writes; killed at any instant, the old or the new one is there."""
        with replacing(self._path(name)) as aside:
            writer(aside)

    def load(self, name: str, reader: Callable[[Path], T]) -> T | None:
        """Give ``reader(path)`` of the file ``name``, or ``None`` if it was never saved."""
        path = self._path(name)
        return reader(path) if path.exists() else None

    def items(self, step: str) -> FinishedItems:
        """Open the list of finished items of ``step``."""
        return FinishedItems(self._path(f"{step}.jsonl"))

    def _path(self, name: str) -> Path:
        if Path(name).name != name or name.startswith("."):
            raise InputError(f"name of a state must be a plain file name; got {name!r}.")
        return self.folder / name


class FinishedItems:
    """Outcomes by key, one JSON line each, flushed to the disk before the next item starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        end_torn_line(path)
        self.outcomes: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                self.outcomes[told.pop("item")] = told

    def add(self, item: str, outcome: dict[str, Any]) -> None:
        """Record that ``item`` is finished with ``outcome``."""
        line = json.dumps({"item": item, **jsonable(outcome)}, ensure_ascii=False, allow_nan=False)
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        self.outcomes[item] = json.loads(line)
        del self.outcomes[item]["item"]
