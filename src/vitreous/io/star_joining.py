"""Many STAR files with the same head as one, without reading a number of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vitreous.errors import FormatError, require
from vitreous.runtime.files import replacing


def join_stars(path: str | Path, parts: Iterable[str | Path]) -> None:
    """Write the rows of the last table of each part, one after the other, under the head of the first.

    Parameters
    ----------
    path
        The file to write; it is replaced as a whole.
    parts
        STAR files as :func:`~vitreous.io.star_writing.write_star` writes them, at least one, whose last table is a loop; all else in
        them (the table of optics, the labels) must be the same.

    Raises
    ------
    InputError
        If there are no parts.
    FormatError
        If the head of one differs from that of the first.
    """
    first = ""
    with replacing(path) as aside, aside.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
        for part in parts:
            head, rows = _split(Path(part))
            if not first:
                first = head
                handle.write(head)
            if head != first:
                raise FormatError(part, "a file to be joined to others must have their tables of optics and their labels; its own differ.")
            handle.write(rows)
        require(bool(first), "STAR files to join", 0, "at least one")
        handle.write("\n")


def _split(path: Path) -> tuple[str, str]:
    """All up to the labels of the last table, and its rows, without the blank lines behind them."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    last = text.rfind("\n_")
    end = text.find("\n", last + 1) + 1
    if last < 0 or not text[end:].strip():
        raise FormatError(path, "a file to be joined must end with a table of one row or more.")
    return text[:end], text[end:].rstrip() + "\n"
