"""Room on the disk: how much is left, for how long it will do, and when to wait."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class Room:
    """Room on the disk of a folder.

    Parameters
    ----------
    folder
        Where files are written.
    reserve
        Bytes that stay free.
    raw
        The folder into which movies arrive; those take room as well where it is the same disk.
    written, movies
        Bytes that were written so far, of results and, on the same disk, of movies; for how many movies.
    """

    folder: Path
    reserve: float
    raw: Path
    written: float = 0.0
    movies: int = 0

    def add(self, made: int, movie: int) -> None:
        """Count one more movie, of ``movie`` bytes, and the bytes made from it."""
        self.written += made + (movie if self._shared() else 0)
        self.movies += 1

    @property
    def each(self) -> float:
        """Bytes a movie."""
        return self.written / self.movies if self.movies else 0.0

    def free(self) -> int:
        """Bytes that are free."""
        return shutil.disk_usage(self.folder).free

    def hold(self, movies: int) -> str:
        """Why ``movies`` more are not to be begun, "" if there is room for them."""
        free = self.free()
        if free >= self.reserve + movies * self.each:
            return ""
        return (f"the disk of {self.folder} has {free / 1e9:.1f} GB left, and {self.reserve / 1e9:g} GB stay free; movies wait until "
                "there is room. Try: move finished movies away, or a smaller --reserve")  # fmt: skip

    def told(self, movies_per_hour: float) -> dict[str, Any]:
        """What is shown: bytes free, bytes a movie, and hours until movies have to wait, ``None`` where nobody knows."""
        free, spent = self.free(), self.each * movies_per_hour
        hours = max(0.0, free - self.reserve) / spent if spent > 0 else None
        return {"free_bytes": free, "bytes_per_movie": round(self.each), "hours_left": None if hours is None else round(hours, 2)}

    def _shared(self) -> bool:
        try:
            return self.raw.stat().st_dev == self.folder.stat().st_dev
        except OSError:
            return False
