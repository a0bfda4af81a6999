"""The pictures a job has made, with the captions that are inside them."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from itertools import chain, islice
from pathlib import Path

from vitreous.pipeline.record import Record

#: Pictures of a job that its page shows.
SHOWN = 24
#: Bytes at the start of a file within which its caption lies.
HEAD = 16_384
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A picture: its file, its title and what to look for in it (from the file's name alone where it does not say), and its size.

    ``width`` and ``height`` are in whatever unit the file has them; 0 if it does not say.
    """

    path: Path
    title: str
    caption: str
    width: int
    height: int


def pictures_of(record: Record) -> list[Picture]:
    """List pictures in the outputs of a job, those of its top folder first; of a running one, what is there already."""
    outputs = record.folder / "outputs"
    found = chain(_pictures_in(outputs), *(_pictures_in(folder) for folder in sorted(_folders(outputs))))
    return [picture(path) for path in islice(found, SHOWN)]


def _folders(outputs: Path) -> list[Path]:
    with suppress(FileNotFoundError), os.scandir(outputs) as entries:
        return [outputs / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _pictures_in(folder: Path) -> Iterator[Path]:
    """Pictures by name; there may be one of each of ten thousand micrographs, so only names are looked at."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith((".svg", ".png")))
        yield from (folder / name for name in names if (folder / name).is_file())


def picture(path: Path) -> Picture:
    """Describe a picture as :mod:`vitreous.views.render` wrote it."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    png = head.startswith(SIGNATURE) and len(head) >= 24
    told = _of_png(head) if png else _of_svg(head.decode("utf-8", "replace"))
    width, height = struct.unpack(">II", head[16:24]) if png else _size_of_svg(head.decode("utf-8", "replace"))
    return Picture(path, told.get("Title") or path.stem.replace("_", " "), told.get("Description", ""), width, height)


def _size_of_svg(text: str) -> tuple[int, int]:
    found = re.search(r'viewBox="[-0-9.]+ [-0-9.]+ ([0-9.]+) ([0-9.]+)"', text)
    return (round(float(found[1])), round(float(found[2]))) if found else (0, 0)


def _of_svg(text: str) -> dict[str, str]:
    found = {name: re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for name, tag in (("Title", "title"), ("Description", "desc"))}
    return {name: unescape(match[1]).strip() for name, match in found.items() if match}


def _of_png(head: bytes) -> dict[str, str]:
    """Texts of a PNG that stand before its pixels."""
    told, at = {}, len(SIGNATURE)
    while at + 8 <= len(head):
        length, kind = struct.unpack(">I4s", head[at : at + 8])
        content, at = head[at + 8 : at + 8 + length], at + 12 + length
        if kind == b"IDAT" or len(content) < length:
            break
        name, _, text = content.partition(b"\0")
        if kind == b"tEXt":
            told[name.decode("latin-1")] = text.decode("latin-1")
        elif kind == b"iTXt":
            told[name.decode("latin-1")] = _international(text)
    return told


def _international(text: bytes) -> str:
    """Text of an iTXt chunk: two flags, two names ended by a zero, then UTF-8, maybe compressed."""
    packed, rest = text[:1] == b"\1", text[2:].split(b"\0", 2)[-1]
    return (zlib.decompress(rest) if packed else rest).decode("utf-8", "replace")
