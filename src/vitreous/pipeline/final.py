"""The folder of final results: the old one stands until the new one is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(final: Path) -> Iterator[Path]:
    """Give an empty folder beside ``final``; on success it takes its place, on failure it is removed."""
    aside, old = final.with_name(f".{final.name}.part"), final.with_name(f".{final.name}.old")
    for left_over in (aside, old):
        shutil.rmtree(left_over, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    if final.exists():
        os.rename(final, old)
    os.rename(aside, final)
    shutil.rmtree(old, ignore_errors=True)
