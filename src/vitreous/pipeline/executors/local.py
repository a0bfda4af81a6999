"""This machine: the present process, or several beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vitreous.errors import require


@dataclass(frozen=True)
class Local:
    """Run items one after another here, or in ``processes`` worker processes.

    With more than one process, function and items must be picklable: a function at the top of a module, or a
    ``functools.partial`` of one.
    """

    processes: int = 1

    def __post_init__(self) -> None:
        require(self.processes >= 1, "processes of the local executor", self.processes, "at least 1")

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Give (index, value) as items finish."""
        if self.processes == 1 or len(items) < 2:
            for index, item in enumerate(items):
                yield index, function(item)
            return
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor, as_completed

        # Spawned, not forked: a fork would copy threads' locks and keep the project's lock alive after this process dies.
        spawn = multiprocessing.get_context("spawn")
        workers = min(self.processes, len(items))
        with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_die_with_parent) as pool:
            waiting = {pool.submit(function, item): index for index, item in enumerate(items)}
            try:
                for future in as_completed(waiting):
                    yield waiting.pop(future), future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _die_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
