"""Where the arithmetic runs, and on how many threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache

import torch

from vitreous.errors import InputError
from vitreous.runtime.threads import threads


def device(name: str = "auto") -> torch.device:
    """Choose a device.

    Parameters
    ----------
    name
        "auto" (a CUDA device when there is one, else the CPU), "cpu", "cuda" or "cuda:N".

    Raises
    ------
    InputError
        If a CUDA device is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(name)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device must be one this machine has; got {name!r}, and no CUDA device is visible. Try: --device cpu.")
    return chosen


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let every operation of torch run on the thread that calls it, so that our own threads do not fight with its.

    Many small operations on few cores lose more time waiting for each other's threads than they gain.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def _pool(process: int, count: int) -> ThreadPoolExecutor:
    """The threads of this process: kept, because each new thread would keep memory of its own; a forked child makes others."""
    return ThreadPoolExecutor(count, thread_name_prefix=f"vitreous-{process}")


def in_threads(call: Callable[[int], object], count: int) -> None:
    """Call ``call(0)`` to ``call(count - 1)`` on all threads; the first error is raised.

    The calls must not depend on each other, nor call this function.
    """
    jobs = [_pool(os.getpid(), threads()).submit(call, index) for index in range(count)]
    wait(jobs)
    for job in jobs:
        job.result()


def in_runs(call: Callable[[int, int], object], count: int) -> None:
    """Call ``call(first, last)`` on all threads for consecutive runs that make up 0 to ``count``; see :func:`in_threads`."""
    runs = max(1, min(count, 4 * threads()))
    in_threads(lambda i: call(count * i // runs, count * (i + 1) // runs), runs)


def device_budget(device: torch.device) -> int:
    """Bytes of a device one step may take: a quarter of what is free there; a gigabyte on the CPU."""
    return torch.cuda.mem_get_info(device)[0] // 4 if device.type == "cuda" else 10**9
