"""Functions that executors are tested with; they are here because other processes must find them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from vitreous.errors import InputError


def tenth(shared: float, item: int) -> tuple[int, list[float]]:
    """Give the item's square, and two numbers whose sums have other bits in another order."""
    return item * item, [shared * item + 0.1, 1.0 / (3 + item)]


def added(one: list[float], other: list[float]) -> list[float]:
    """Add two lists."""
    return [a + b for a, b in zip(one, other, strict=True)]


def slow_first(shared: float, item: int) -> tuple[int, list[float]]:
    """The same as :func:`tenth`, where even items take longer than odd ones."""
    time.sleep(0.0 if item % 2 else 0.02)
    return tenth(shared, item)


def killed(log: str, item: int) -> tuple[int, list[float]]:
    """Kill the process at item 5 the first time; write down each beginning in the folder ``log``."""
    begun = Path(log) / f"{item}-{time.monotonic_ns()}"
    begun.touch()
    if item == 5 and len(list(Path(log).glob("5-*"))) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return tenth(1.0, item)


def deadly(shared: None, item: int) -> tuple[int, list[float]]:
    """Kill the process at item 2, always."""
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return tenth(1.0, item)


def refusing(shared: None, item: int) -> tuple[int, list[float]]:
    """Refuse item 3."""
    if item == 3:
        raise InputError("item must be anything but 3; got 3.")
    return tenth(1.0, item)


def whole(path: Path) -> int:
    """Give the length of a text, as a job's function would."""
    if "spoilt" in path.read_text():
        raise InputError(f"{path.name} must be whole; it is spoilt.")
    return len(path.read_text())
