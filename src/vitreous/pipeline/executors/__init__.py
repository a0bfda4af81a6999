"""Ways to do one function on many items; a job gives the same result on each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from vitreous.errors import VitreousError

#: How often an item is begun again after the process that worked on it died.
RETRIES = 3
#: No item is begun that lies more than this many items for each worker ahead of the oldest unfinished one: sums of those behind a
#: late one have to wait in memory.
AHEAD = 4


class WorkerDied(VitreousError):
    """The processes that worked on item ``index`` died, one after the other; an executor does not know what the item is called."""

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"{RETRIES + 1} worker processes died, one after the other, on item {index}.")

    def __reduce__(self) -> tuple:
        return type(self), (self.index,)


class Executor(Protocol):
    """The two shapes of work. What a function raises is raised here; a worker that dies costs what it was doing, which is done again."""

    @property
    def at_home(self) -> bool:
        """Whether functions run in this very process, so that nothing they are given is copied."""
        ...

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        """Do ``function`` on each item and give (index, value) as they finish.

        Raises
        ------
        WorkerDied
            If workers keep dying on one item.
        """
        ...

    def map_reduce(
        self,
        function: Callable[[Any, Any], tuple[Any, Any]],
        shared: Any,
        items: Sequence[Any],
        combine: Callable[[Any, Any], Any],
        finished: Callable[[int, Any], None],
    ) -> Any:
        """Add up the sums of ``function(shared, item) -> (value, sums)`` over one or more items.

        Parameters
        ----------
        function
            Gives a small value and large sums. It must not change ``shared``.
        shared
            What every item needs; it is sent to each worker once.
        items
            What to work on.
        combine
            Adds two sums into a new one; it must leave both as they are.
        finished
            Is told (index, value) as items finish; what it raises ends the work.

        Returns
        -------
        Any
            The sum, added along :class:`vitreous.pipeline.executors.tree.Tree`: the same bits on every executor, whatever
            the number of workers and the order in which they finish.

        Raises
        ------
        WorkerDied
            If workers keep dying on one item.
        """
        ...

    def rest(self) -> None:
        """After a job: end the processes on this machine, so that what they used is counted; others are started when needed."""
        ...

    def close(self) -> None:
        """End all that was started."""
        ...
