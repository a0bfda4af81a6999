"""STAR files out: RELION 3.1's dialect, which RELION 4 and 5 and everybody else read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from vitreous.errors import InputError
from vitreous.io.star_table import Table
from vitreous.runtime.files import replacing

ROWS_AT_A_TIME = 50_000
RESERVED = ("data_", "loop_", "save_", "stop_", "global_")
#: A word that needs no quotes. RELION reads a list of numbers, [1,2.5], only without them.
BARE = re.compile(r"[^\s_#'\";$\[\]\x00-\x1f][^\s\x00-\x1f]*|\[[-+.,0-9eE]*\]", re.ASCII)


def write_star(path: str | Path, blocks: Mapping[str, Table]) -> None:
    """Write blocks in RELION 3.1's dialect; the file appears whole or not at all.

    Numbers are written with the fewest digits that read back as the same float64. Text with blanks, or empty, is quoted.

    Raises
    ------
    InputError
        If a label or a text cannot be written in a STAR file.
    """
    with replacing(path) as aside, aside.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
        for name, table in blocks.items():
            handle.write(f"\n# version 30001\n\ndata_{_bare(name, 'name of a block') if name else ''}\n\n")
            labels = [_bare(label, "label") for label in table.columns]
            if table.single:
                pairs = zip(labels, table.columns.values())
                handle.writelines(f"_{label:<40} {_texts(label, values)[0]}\n" for label, values in pairs)
            elif labels:
                handle.write("loop_ \n" + "".join(f"_{label} #{k} \n" for k, label in enumerate(labels, 1)))
                handle.writelines(_rows(table))
            handle.write("\n")


def _bare(text: str, what: str) -> str:
    if not text or not re.fullmatch(r"[^\s\x00-\x1f]+", text, re.ASCII):
        raise InputError(f"the {what} must have no blanks; got {text!r}.")
    return text


def _rows(table: Table) -> Iterator[str]:
    for first in range(0, len(table), ROWS_AT_A_TIME):
        texts = [_texts(label, values[first : first + ROWS_AT_A_TIME]) for label, values in table.columns.items()]
        yield "\n".join(map(" ".join, zip(*texts))) + "\n"


def _texts(label: str, values: np.ndarray) -> list[str]:
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return list(map(repr, values.astype(np.float64).tolist()))
    if values.dtype.kind in "iub":
        return list(map(str, values.astype(np.int64).tolist()))
    return [text if BARE.fullmatch(text) and text[:5].lower() not in RESERVED else _quoted(label, text)
            for text in map(str, values.tolist())]  # fmt: skip


def _quoted(label: str, text: str) -> str:
    if re.search(r"[\n\r\x0b\x0c\x00]", text):
        raise InputError(f"a text of column {label} must not hold line breaks; got {text!r}.")
    for mark in ('"', "'"):
        if not re.search(rf"{mark}([ \t]|$)", text):
            return f"{mark}{text}{mark}"
    raise InputError(f"a text of column {label} must not hold both kinds of quote before a blank; got {text!r}.")
