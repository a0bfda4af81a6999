"""Where the page keeps what it has worked out from files of the project."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from vitreous import __version__


def kept_at(folder: Path, suffix: str, sources: Iterable[Path], *what: object) -> Path:
    """Give a place below ``folder`` that is another one as soon as a source is written anew.

    Parameters
    ----------
    folder
        A folder of the page's cache.
    suffix
        Ending of the file: ".png".
    sources
        Files that the result is made from; each must exist.
    *what
        All else that it depends on.
    """
    told = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sources]
    mark = hashlib.sha256(repr((__version__, what, told)).encode()).hexdigest()[:24]
    return folder / f"{mark}{suffix}"
