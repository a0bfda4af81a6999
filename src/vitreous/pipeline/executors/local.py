"""This machine: the present process, or several beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from vitreous.errors import require
from vitreous.pipeline.executors.tree import Tree

if TYPE_CHECKING:
    from vitreous.pipeline.executors.pool import Pool


class Local:
    """Runs items one after another here, or in ``processes`` worker processes; see :class:`vitreous.pipeline.executors.Executor`.

    With more than one process, functions and items must be picklable: a function at the top of a module, or a
    ``functools.partial`` of one. The processes are started when first needed and kept for the next call.
    """

    def __init__(self, processes: int = 1) -> None:
        require(processes >= 1, "processes of the local executor", processes, "at least 1")
        self.processes = processes
        self._pool: Pool | None = None

    @property
    def at_home(self) -> bool:
        """Whether there is one process."""
        return self.processes == 1

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        """Give (index, value) as items finish."""
        return self._results(_call, function, items)

    def map_reduce(
        self,
        function: Callable[[Any, Any], tuple[Any, Any]],
        shared: Any,
        items: Sequence[Any],
        combine: Callable[[Any, Any], Any],
        finished: Callable[[int, Any], None],
    ) -> Any:
        """Add up sums over items; they are added here."""
        tree = Tree(len(items), combine)
        with closing(self._results(function, shared, items)) as results:
            for index, (value, sums) in results:
                tree.add(index, sums)
                del sums
                finished(index, value)
        return tree.sum

    def rest(self) -> None:
        """End the worker processes."""
        self.close()

    def close(self) -> None:
        """End the worker processes."""
        if self._pool:
            self._pool.close()
            self._pool = None

    def _results(self, function: Callable[[Any, Any], Any], shared: Any, items: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        if self.processes == 1 or len(items) < 2:
            for index, item in enumerate(items):
                yield index, function(shared, item)
            return
        from vitreous.pipeline.executors.pool import Pool

        self._pool = self._pool or Pool(self.processes)
        yield from self._pool.results(function, shared, items)


def _call(function: Callable[[Any], Any], item: Any) -> Any:
    return function(item)
