"""Files that are whole or absent: written aside, flushed, renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it takes its place, on failure it is removed.

    Parameters
    ----------
    path
        The file to make. Its folder is made if missing.

    Yields
    ------
    Path
        Where to write. The suffix of ``path`` is kept, so that writers that look at it work.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield aside
        with aside.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def remove_left_over(folder: Path) -> None:
    """Remove, in ``folder`` and below, the files that writers killed inside :func:`replacing` left aside."""
    for path in folder.rglob(".*.part*"):
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write ``value`` as indented JSON, atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> object:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
