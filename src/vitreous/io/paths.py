"""Where the files named in a STAR file are, and how to name files in one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def resolve(name: str, star: Path) -> Path | None:
    """Find a file named in ``star``: as it stands, beside the STAR file, in any folder above it, or in the working folder.

    RELION names files relative to its project folder, which is above the STAR file or is the working folder.

    Returns
    -------
    Path or None
        Absolute, or None if it is in none of these places.
    """
    if os.path.isabs(name):
        return Path(name) if os.path.isfile(name) else None
    folders = [*star.absolute().parents, Path.cwd()]
    return next((folder / name for folder in folders if os.path.isfile(folder / name)), None)


def named(path: Path, root: Path | None) -> str:
    """``path`` as written into a STAR file: relative to ``root`` if it is below it, else as it stands."""
    if root is not None and path.is_absolute() and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()


def common_root(star: Path, files: Iterable[Path]) -> Path | None:
    """The deepest folder that holds a STAR file and the absolute ones of ``files``; None if that is the root of the disk.

    Names relative to it are found again by :func:`resolve`, also after the whole folder was moved.
    """
    folders = {path.parent for path in files if path.is_absolute()}
    root = Path(os.path.commonpath([star.absolute().parent, *folders]))
    return None if root == Path(root.anchor) else root
