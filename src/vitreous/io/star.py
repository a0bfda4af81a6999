"""STAR files as RELION 3.0, 3.1, 4 and 5, cryoSPARC's exporters and people write them.

A file is blocks; a block is a table (``loop_``) or a list of label and value. Reading goes line by line, because a row is a
line in all of these programs; a line with too few or too many values is an error that says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, InputError
from vitreous.runtime.files import replacing

TOKEN = re.compile(r"""'(?:[^']|'(?=\S))*'(?=\s|$)|"(?:[^"]|"(?=\S))*"(?=\s|$)|\#.*|\S+""")
ROWS_AT_A_TIME = 100_000
TEXT_SUFFIX = "Name"


@dataclass(frozen=True)
class Table:
    """One block of a STAR file.

    Parameters
    ----------
    columns
        Labels without their underscore, in the file's order; int64, float64 or object (str) arrays of one length.
    single
        Whether the block is a list of label and value (one row) and no loop.

    Raises
    ------
    InputError
        If the columns differ in length, or ``single`` and they are not of length 1.
    """

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    single: bool = False

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"columns of a table must have one length; got {lengths}.")
        if self.single and set(lengths.values()) - {1}:
            raise InputError(f"a list of label and value must have one row; got {len(self)}.")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __contains__(self, label: str) -> bool:
        return label in self.columns

    def __getitem__(self, label: str) -> np.ndarray:
        return self.columns[label]


def read_star(path: str | Path) -> dict[str, Table]:
    """Read every block of a STAR file.

    Parameters
    ----------
    path
        The file, in any dialect; unknown labels are kept.

    Returns
    -------
    dict
        Block name without ``data_`` ("" for an unnamed one) to table. A column whose every value is a whole number without
        leading zeros is int64, of numbers float64, else object (str). Labels that end in "Name" are always text.

    Raises
    ------
    FormatError
        If it is not a STAR file or a line is broken; the line's number is given.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be a STAR file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        raise FormatError(path, "a STAR file must be text; got binary data.")
    blocks: dict[str, Table] = {}
    lines = raw.decode("utf-8", "surrogateescape").split("\n")
    for name, first, last in _blocks(lines, path):
        if name in blocks:
            raise FormatError(path, f"block names must differ; got data_{name} twice.", f"line {first}")
        blocks[name] = _block(lines, first, last, path)
    if not blocks:
        raise FormatError(path, "a STAR file must have a line that begins with data_; got none.")
    return blocks


def _blocks(lines: list[str], path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, first line after the name and line after the last, 0-based, of every block."""
    starts = [i for i, line in enumerate(lines) if line.lstrip()[:5].lower() == "data_" and len(line.split()) == 1]
    before = next((i for i, line in enumerate(lines[: starts[0] if starts else None]) if _tokens(line)), None)
    if before is not None:
        raise FormatError(path, f"a STAR file must begin with a data_ line; got {lines[before][:60]!r}.", f"line {before + 1}")
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        yield lines[start].strip()[5:], start + 1, end


def _tokens(line: str) -> list[str]:
    """Values of a line: quotes taken off, the comment left out."""
    if "'" not in line and '"' not in line and "#" not in line:
        return line.split()
    tokens = []
    for token in TOKEN.findall(line):
        if token[0] == "#":
            break
        quoted = len(token) > 1 and token[0] in "'\"" and token[-1] == token[0]
        tokens.append(token[1:-1] if quoted else token)
    return tokens


def _block(lines: list[str], first: int, last: int, path: Path) -> Table:
    pairs: dict[str, str] = {}
    for i in range(first, last):
        tokens = _tokens(lines[i])
        if not tokens:
            continue
        if tokens[0].lower() == "loop_":
            if pairs:
                raise FormatError(path, "a block must be a loop or a list of label and value; got both.", f"line {i + 1}")
            return _loop(lines, i + 1, last, path)
        label = _label(tokens, i, path)
        if len(tokens) != 2:
            raise FormatError(path, f"a label outside a loop must have one value; got {lines[i][:80]!r}.", f"line {i + 1}")
        if label in pairs:
            raise FormatError(path, f"labels of a block must differ; got {label} twice.", f"line {i + 1}")
        pairs[label] = tokens[1]
    return Table({label: column(label, [value]) for label, value in pairs.items()}, single=bool(pairs))


def _label(tokens: list[str], i: int, path: Path) -> str:
    if tokens[0][0] != "_" or len(tokens[0]) < 2:
        raise FormatError(path, f"a label must begin with an underscore; got {tokens[0][:60]!r}.", f"line {i + 1}")
    return tokens[0][1:]


def _loop(lines: list[str], first: int, last: int, path: Path) -> Table:
    labels: list[str] = []
    i = first
    while i < last:
        tokens = _tokens(lines[i])
        if tokens and tokens[0][0] != "_":
            break
        if tokens:
            label = _label(tokens, i, path)
            if label in labels:
                raise FormatError(path, f"labels of a loop must differ; got {label} twice.", f"line {i + 1}")
            labels.append(label)
        i += 1
    parts: list[list[list[str]]] = []
    while i < last:
        end = min(i + ROWS_AT_A_TIME, last)
        parts.append(_rows(lines, i, end, labels, path))
        i = end
    return Table({label: _joined(label, [part[k] for part in parts if part]) for k, label in enumerate(labels)})


def _rows(lines: list[str], first: int, last: int, labels: list[str], path: Path) -> list[list[str]]:
    """Columns of strings of lines ``first`` to ``last``."""
    text = lines[first:last]
    joined = "\n".join(text)
    special = any(mark in joined for mark in "'\"#")
    rows = [_tokens(line) for line in text] if special else [line.split() for line in text]
    if set(map(len, rows)) - {len(labels), 0}:
        k = next(k for k, row in enumerate(rows) if len(row) not in (len(labels), 0))
        raise FormatError(path, f"a row of this loop must have {len(labels)} values; got {len(rows[k])}: {text[k][:80]!r}.",
                          f"line {first + k + 1}")  # fmt: skip
    return list(map(list, zip(*filter(None, rows))))


def _joined(label: str, parts: list[list[str]]) -> np.ndarray:
    columns = [column(label, part) for part in parts]
    kinds = {c.dtype for c in columns}
    if len(kinds) > 1 and np.dtype(object) in kinds:
        return np.array([value for part in parts for value in part], object)
    return np.concatenate(columns) if columns else np.empty(0, object if label.endswith(TEXT_SUFFIX) else np.float64)


def column(label: str, values: list[str]) -> np.ndarray:
    """The narrowest of int64, float64 and text that holds every value unchanged."""
    if not label.endswith(TEXT_SUFFIX):
        for kind, caster in ((np.int64, int), (np.float64, float)):
            try:
                numbers = np.array(list(map(caster, values)), kind)
            except (ValueError, OverflowError):
                continue
            if not _reads_as_name(values):
                return numbers
            break
    array = np.empty(len(values), object)
    array[:] = values
    return array


def number_column(path: Path, label: str, values: np.ndarray) -> np.ndarray:
    """A column as float64.

    Raises
    ------
    FormatError
        If a value is not a number; row and column are named.
    """
    if values.dtype.kind in "if":
        return values.astype(np.float64)
    for row, value in enumerate(values):
        try:
            float(value)
        except ValueError:
            raise FormatError(path, f"{label} must be a number; got {value!r}.", f"row {row + 1}, column {label}") from None
    return np.array([float(value) for value in values])


def _reads_as_name(values: list[str]) -> bool:
    """Whether Python takes for numbers what people mean as text: 1_2, 0012."""
    return any("_" in v or (len(v) > 1 and v[0] == "0" and v.isdigit()) for v in values)


def write_star(path: str | Path, blocks: Mapping[str, Table]) -> None:
    """Write blocks in RELION 3.1's dialect; the file appears whole or not at all.

    Numbers are written with the fewest digits that read back as the same float64. Text with blanks, or empty, is quoted.

    Raises
    ------
    InputError
        If a text cannot be written in a STAR file (line breaks, or both kinds of quote beside blanks).
    """
    with replacing(path) as aside, aside.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as handle:
        for name, table in blocks.items():
            handle.write(f"\n# version 30001\n\ndata_{name}\n\n")
            if table.single:
                handle.writelines(f"_{label:<40} {_texts(label, c)[0]}\n" for label, c in table.columns.items())
            elif table.columns:
                handle.write("loop_ \n" + "".join(f"_{label} #{k} \n" for k, label in enumerate(table.columns, 1)))
                _write_rows(handle, table)
            handle.write("\n")


def _write_rows(handle: object, table: Table) -> None:
    for first in range(0, len(table), ROWS_AT_A_TIME):
        texts = [_texts(label, c[first : first + ROWS_AT_A_TIME]) for label, c in table.columns.items()]
        handle.write("\n".join(map(" ".join, zip(*texts))) + "\n")  # type: ignore[attr-defined]


def _texts(label: str, values: np.ndarray) -> list[str]:
    values = np.asarray(values)
    if values.dtype.kind == "f":
        return list(map(repr, values.astype(np.float64).tolist()))
    if values.dtype.kind in "iub":
        return list(map(str, values.astype(np.int64).tolist()))
    return [_quoted(label, str(value)) for value in values.tolist()]


def _quoted(label: str, text: str) -> str:
    if text and text.isprintable() and " " not in text and text[0] not in "_#'\";" and text[:5].lower() not in ("data_", "loop_"):
        return text
    if len(text.splitlines()) > 1 or text[-1:] in ("\n", "\r"):
        raise InputError(f"a text of column {label} must not hold line breaks; got {text!r}.")
    for mark in ('"', "'"):
        if not re.search(rf"{mark}(\s|$)", text):
            return f"{mark}{text}{mark}"
    raise InputError(f"a text of column {label} must not hold both kinds of quote before a blank; got {text!r}.")
