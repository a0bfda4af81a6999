"""One process at a time works in a project.

The lock is held by the operating system (``flock``), so a process that dies, however it dies, gives it up; the text in the
file only says who has it.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from vitreous.errors import InputError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the project in ``folder`` for this process.

    Raises
    ------
    InputError
        If another process holds it: which, where, since when.
    """
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder} is in use by {holder(folder)}. Try: wait for it, or another --project.") from None
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()} since {since}".encode())
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(folder: Path) -> str:
    """Say who holds the project: "process 4711 on titan since 2026-03-01T12:00:00+01:00", or "" if nobody does."""
    try:
        handle = os.open(folder / ".lock", os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(handle, 500).decode(errors="replace") or "another process"
    else:
        return ""
    finally:
        os.close(handle)
