"""Time and memory of one piece of work."""

from __future__ import annotations

import resource
import sys
import threading
import time
from typing import Any

from vitreous.runtime.allocator import give_back

LOOK_SECONDS = 0.1


class Meter:
    """Measures the work done inside ``with Meter() as meter``.

    The kernel keeps the highest memory since the process began. Where the work goes above all before it, that is its peak,
    exactly; where it does not, the peak is the highest of ten looks a second. (Resetting the kernel's mark would spoil it for
    others.)
    """

    def __enter__(self) -> Meter:
        give_back()  # what others freed is not this work's
        self._started, self._cpu, self._mark = time.time(), _cpu_seconds(), _high_mark(resource.RUSAGE_SELF)
        self._workers = _worker_seconds()
        self._seen, self._over = _resident_bytes(), threading.Event()
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._seen = max(self._seen, _resident_bytes())

    def read(self) -> dict[str, Any]:
        """Give the start, seconds of wall and CPU time, and the most bytes in memory, of this process or its largest worker."""
        mark = _high_mark(resource.RUSAGE_SELF)
        own = mark if mark > self._mark or not self._seen else max(self._seen, _resident_bytes())
        worker = _high_mark(resource.RUSAGE_CHILDREN) if _worker_seconds() > self._workers else 0
        return {
            "started": round(self._started, 3),
            "wall_seconds": round(time.time() - self._started, 3),
            "cpu_seconds": round(_cpu_seconds() - self._cpu, 3),
            "peak_memory_bytes": max(own, worker),
        }


def _cpu_seconds() -> float:
    return time.process_time() + _worker_seconds()


def _worker_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _high_mark(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _resident_bytes() -> int:
    """Bytes in memory now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as handle:
            return int(handle.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
