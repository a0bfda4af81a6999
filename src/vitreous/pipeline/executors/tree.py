"""Sums added along a tree that depends on nothing but their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Tree:
    """Adds ``count`` sums in neighbouring pairs, then the pairs in pairs, and so on; an odd one out moves up as it is.

    Additions of floating-point numbers do not commute with their grouping, so the grouping is fixed: sums may come in any
    order and the result has the same bits. Two are added as soon as both are there. What waits are the largest complete
    subtrees: at most log2(count) + 1 where sums come in order, and as many more for each one that is late.

    Parameters
    ----------
    count
        How many sums there will be, at least 1.
    combine
        Adds two sums: ``combine(left, right)``.

    Attributes
    ----------
    sum
        The sum of all, once the last has come.
    """

    def __init__(self, count: int, combine: Callable[[Any, Any], Any]) -> None:
        self._count, self._combine = count, combine
        self._waiting: dict[tuple[int, int], Any] = {}
        self.sum: Any = None

    def add(self, index: int, sums: Any) -> None:
        """Take the sums of item ``index``, once."""
        level, width = 0, self._count
        while width > 1:
            neighbour = index ^ 1
            if neighbour < width:
                if (level, neighbour) not in self._waiting:
                    self._waiting[level, index] = sums
                    return
                other = self._waiting.pop((level, neighbour))
                sums = self._combine(other, sums) if neighbour < index else self._combine(sums, other)
                del other
            level, index, width = level + 1, index // 2, (width + 1) // 2
        self.sum = sums
