"""Files that may be compressed, told by their first bytes and never by their name."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vitreous.errors import FormatError, InputError

CHUNK = 1 << 24


def compression(path: str | Path) -> str:
    """ "gz", "bz2", "zst", or "" for a plain file.

    Raises
    ------
    InputError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be a file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    with path.open("rb") as handle:
        head = handle.read(4)
    if head[:2] == b"\x1f\x8b":
        return "gz"
    if head[:3] == b"BZh":
        return "bz2"
    return "zst" if head == b"\x28\xb5\x2f\xfd" else ""


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for reading bytes, decompressing as it is read.

    Raises
    ------
    InputError
        If there is no such file.
    FormatError
        If the compressed stream is broken; also raised while reading inside the ``with``.
    """
    import zstandard

    kind = compression(path)
    try:
        with _stream(Path(path), kind) as handle:
            yield handle
    except (EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
        if not kind:
            raise
        raise FormatError(path, f"the {kind} stream is broken or cut off ({error}).") from error


def read_exactly(handle: IO[bytes], count: int) -> bytearray:
    """Read up to ``count`` bytes, taking memory only as bytes arrive; fewer come back where the stream ends early."""
    got = bytearray()
    while len(got) < count:
        chunk = handle.read(min(CHUNK, count - len(got)))
        if not chunk:
            break
        got += chunk
    return got


def _stream(path: Path, kind: str) -> IO[bytes]:
    if kind == "gz":
        import gzip

        return gzip.open(path, "rb")
    if kind == "bz2":
        import bz2

        return bz2.open(path, "rb")
    return _zstandard(path) if kind == "zst" else path.open("rb")


def _zstandard(path: Path) -> IO[bytes]:
    import zstandard

    return zstandard.open(path, "rb", dctx=zstandard.ZstdDecompressor(max_window_size=1 << 31))
