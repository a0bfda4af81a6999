"""Functions that executors are tested with; they are here because other processes must find them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from vitreous.errors import InputError


def tenth(shared: float, item: int) -> tuple[int, list[float]]:
    """Give the item's square, the item, and numbers whose sums have other bits in another order."""
    return item * item, [item, shared * item + 0.1, 1.0 / (3 + item)]


def added(one: list[float], other: list[float]) -> list[float]:
    """Add two lists."""
    return [a + b for a, b in zip(one, other, strict=True)]


def noted(folder: Path, item: int) -> int:
    """Note that the item is begun; give how often it was."""
    (folder / f"{item}.{time.monotonic_ns()}.{os.getpid()}").touch()
    return len(beginnings(folder, item))


def beginnings(folder: Path, item: int | str = "*") -> list[str]:
    """Names of the notes of one item, or all."""
    return [path.name for path in folder.glob(f"{item}.*.*")]


def late_first(folder: Path, item: int) -> tuple[int, list[float]]:
    """Let item 0 wait until item 7 is begun, and longer to see whether item 8 is begun too; give how many it saw begun."""
    noted(folder, item)
    while item == 0 and not beginnings(folder, 7):
        time.sleep(0.002)
    time.sleep(0.1 if item == 0 else 0.0)
    return len(beginnings(folder)), tenth(1.0, item)[1]


def dying_once(folder: Path, item: int) -> tuple[int, list[float]]:
    """Kill the process at item 5 the first time."""
    if noted(folder, item) == 1 and item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return tenth(1.0, item)


def deadly(shared: Any, item: int) -> tuple[int, list[float]]:
    """Kill the process at item 2, always."""
    if item == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return tenth(1.0, item)


def refusing(shared: Any, item: int) -> tuple[int, list[float]]:
    """Refuse item 3."""
    if item == 3:
        raise InputError("item must be anything but 3; got 3.")
    return tenth(1.0, item)


class Awkward(Exception):
    """An error that does not survive the way to another process: it cannot be made from its text."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def awkward(shared: Any, item: int) -> None:
    """Raise such an error."""
    raise Awkward("awk", "ward")


class Luggage:
    """Something shared that notes each time it is unpacked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        noted(self.folder, 0)


def carried(shared: Luggage, item: int) -> tuple[str, int]:
    """Give the threads that libraries will use in this process, and one."""
    return f"{os.getpid()} {os.environ['OMP_NUM_THREADS']} {os.environ['NUMBA_NUM_THREADS']}", 1


class Sum:
    """A number that knows how many of its kind live in this process, and how many did at most."""

    alive = most = 0

    def __new__(cls, *_: Any) -> Sum:
        """Count one more."""
        cls.alive += 1
        cls.most = max(cls.most, cls.alive)
        return super().__new__(cls)

    def __init__(self, value: int) -> None:
        self.value = value

    def __del__(self) -> None:
        type(self).alive -= 1

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.value + other.value)


def counted(shared: Any, item: int) -> tuple[None, Sum]:
    """Give the item as such a sum."""
    return None, Sum(item)


def length(path: Path) -> int:
    """Give the length of a text; refuse one with "spoilt" in it, and die of one with "deadly"."""
    text = path.read_text()
    if "spoilt" in text:
        raise InputError(f"{path.name} must be whole; it is spoilt.")
    if "deadly" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(text)
