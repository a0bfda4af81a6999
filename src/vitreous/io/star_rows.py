"""Values of a line of a STAR file, and the kind of a column: the meaning that the compiled reader repeats."""

from __future__ import annotations

import re

import numpy as np

TOKEN = re.compile(rb"""'(?:[^']|'(?=\S))*'(?=\s|$)|"(?:[^"]|"(?=\S))*"(?=\s|$)|\#.*|\S+""")
INTEGER = re.compile(rb"[+-]?(?:0|[1-9][0-9]{0,17})")
POWER = rb"(?:e[+-]?[0-9]+)"
FLOAT = re.compile(
    rb"[+-]?(?:0|[1-9][0-9]*|[0-9]+" + POWER + rb"|(?:[0-9]+\.[0-9]*|\.[0-9]+)" + POWER + rb"?|nan|inf|infinity)", re.I
)
QUOTES = b"'\""
TEXT_SUFFIX = "Name"


def tokens(line: bytes) -> list[bytes]:
    """Values of a line: quotes taken off, the comment left out."""
    if not any(mark in line for mark in (b"'", b'"', b"#")):
        return line.split()
    found = []
    for token in TOKEN.findall(line):
        if token[:1] == b"#":
            break
        quoted = len(token) > 1 and token[0] in QUOTES and token[-1] == token[0]
        found.append(token[1:-1] if quoted else token)
    return found


def always_text(label: str) -> bool:
    """Whether a column is text whatever its values look like: a micrograph may be called 0012."""
    return label.endswith(TEXT_SUFFIX)


def column(label: str, values: list[bytes]) -> np.ndarray:
    """The narrowest of int64 (up to 18 digits, no leading zeros), float64 and text (object) that holds every value."""
    if values and not always_text(label):
        if all(map(INTEGER.fullmatch, values)):
            return np.array(list(map(int, values)), np.int64)
        if all(map(FLOAT.fullmatch, values)):
            return np.array(list(map(float, values)), np.float64)
    texts = np.empty(len(values), object)
    texts[:] = [value.decode("utf-8", "surrogateescape") for value in values]
    return texts
