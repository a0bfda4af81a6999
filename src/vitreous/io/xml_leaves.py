"""XML of microscopes, as a flat list of its values.

Declarations of document types are refused as soon as they are seen: without them a file can define no entities, so none can be fetched
from elsewhere or multiply in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from vitreous.errors import FormatError

MOST_BYTES = 1 << 20
MOST_DEPTH = 64


class Leaf(NamedTuple):
    """One element without children: names of the elements around it and its own, without namespaces, its attributes, its text."""

    path: tuple[str, ...]
    attributes: dict[str, str]
    text: str


def xml_leaves(raw: bytes, source: str | Path) -> list[Leaf]:
    """Elements without children, in the file's order.

    Parameters
    ----------
    raw
        The file, in any encoding that expat knows.
    source
        Where it is from, for messages.

    Raises
    ------
    FormatError
        If it is no XML, declares a document type, has more than a mebibyte or more than 64 levels.
    """
    if len(raw) > MOST_BYTES:
        raise FormatError(source, f"XML of a microscope must have at most {MOST_BYTES} bytes; got {len(raw)}.")
    reader = _Reader(source)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end, reader.text
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(source, f"it is not whole XML ({error}).") from error
    return reader.leaves


class _Reader:
    """What expat calls."""

    def __init__(self, source: str | Path) -> None:
        self.source = source
        self.leaves: list[Leaf] = []
        self.around: list[str] = []
        self.attributes: dict[str, str] = {}
        self.words: list[str] = []
        self.childless = False

    def doctype(self, *_: object) -> None:
        """Refuse it."""
        raise FormatError(self.source, "XML of a microscope must not declare a document type (<!DOCTYPE …>); it could define entities.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Go one level down."""
        if len(self.around) == MOST_DEPTH:
            raise FormatError(self.source, f"XML of a microscope must have at most {MOST_DEPTH} levels; got more.")
        self.around.append(name.rpartition(" ")[2])
        self.attributes, self.words, self.childless = attributes, [], True

    def text(self, words: str) -> None:
        """Take a piece of text."""
        self.words.append(words)

    def end(self, _: str) -> None:
        """Go one level up."""
        if self.childless:
            self.leaves.append(Leaf(tuple(self.around), self.attributes, "".join(self.words).strip()))
        self.around.pop()
        self.words, self.childless = [], False
