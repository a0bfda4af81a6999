"""Ways to do one function on many items; a job gives the same result on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol


class Executor(Protocol):
    """Does ``function`` on each item and gives (index, value) as they finish; the function must not raise."""

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]: ...
