"""Work on a Dask cluster. Importing this file loads Dask."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, as_completed, get_worker

from vitreous.pipeline.executors import AHEAD, RETRIES, WorkerDied
from vitreous.pipeline.executors.tree import Tree


class Dask:
    """Runs items on the workers of a Dask cluster; see :class:`vitreous.pipeline.executors.Executor`.

    Sums stay on the workers, are added there, and only the last one comes here. A worker that dies takes the sums with it that
    it held; Dask computes them again.

    Parameters
    ----------
    cluster
        Opens the cluster, when it is first needed.
    lasting
        Whether the cluster outlasts a job: one that was waited for in a queue does.
    """

    def __init__(self, cluster: Callable[[], AbstractContextManager[Client]], *, lasting: bool) -> None:
        self._cluster, self._lasting = cluster, lasting
        self._open = ExitStack()
        self._client: Client | None = None

    @property
    def at_home(self) -> bool:
        """Never."""
        return False

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[tuple[int, Any], None, None]:
        """Give (index, value) as items finish."""
        if not items:
            return
        with self._work(_call, function) as (client, name):
            yield from _results(client, len(items), lambda index: client.submit(_run, name, items[index], pure=False))

    def map_reduce(
        self,
        function: Callable[[Any, Any], tuple[Any, Any]],
        shared: Any,
        items: Sequence[Any],
        combine: Callable[[Any, Any], Any],
        finished: Callable[[int, Any], None],
    ) -> Any:
        """Add up sums over items; they are added on the workers."""
        with self._work(function, shared) as (client, name):
            tree = Tree(len(items), lambda one, other: client.submit(combine, one, other, pure=False, priority=1))

            def begin(index: int) -> Future:
                both = client.submit(_run, name, items[index], pure=False)
                tree.add(index, client.submit(_second, both, pure=False, priority=1))
                return client.submit(_first, both, pure=False, priority=1)

            with closing(_results(client, len(items), begin)) as results:
                for index, value in results:
                    finished(index, value)
            return tree.sum.result()

    def rest(self) -> None:
        """Let a cluster go that is cheap to open again."""
        if not self._lasting:
            self.close()

    def close(self) -> None:
        """Let the cluster go."""
        self._client = None
        self._open.close()

    @contextmanager
    def _work(self, function: Callable[[Any, Any], Any], shared: Any) -> Iterator[tuple[Client, str]]:
        """Tell every worker, also those that come later, what to do; give the client and the name the work has there."""
        if self._client is None:
            self._client = self._open.enter_context(self._cluster())
        client, name = self._client, f"vitreous-{uuid4().hex}"
        _tell(client, _Work(function, shared), name)
        try:
            yield client, name
        finally:
            with suppress(OSError):  # from a worker that ends now
                client.unregister_worker_plugin(name)


class _Work(WorkerPlugin):
    """What a worker knows during a call.

    A plugin and not scattered data: Dask drops the copies of scattered data that nothing waits for at the moment, and loses them
    with the last worker that holds them.
    """

    def __init__(self, function: Callable[[Any, Any], Any], shared: Any) -> None:
        self.function, self.shared = function, shared

    def setup(self, worker: Worker) -> None:
        """Nothing is to be prepared."""


def _tell(client: Client, work: _Work, name: str) -> None:
    """Tell every worker; again where one was just dying, which the scheduler notices a little later."""
    for left in reversed(range(RETRIES + 1)):
        try:
            client.register_plugin(work, name=name)
        except OSError:
            if not left:
                raise
            time.sleep(1)
        else:
            return


def _results(client: Client, count: int, begin: Callable[[int], Future]) -> Generator[tuple[int, Any], None, None]:
    """Begin items in their order, one for each worker at a time, and give (index, value) as they finish."""
    flying: dict[Future, int] = {}
    done = as_completed(loop=client.loop)
    begun = 0
    try:
        while begun < count or flying:
            workers = max(1, len(client.nthreads()))
            while begun < count and len(flying) < workers and begun < min(flying.values(), default=begun) + AHEAD * workers:
                future = begin(begun)
                flying[future] = begun
                done.add(future)
                begun += 1
            future = next(done)
            index = flying.pop(future)
            yield index, _value(future, index)
    finally:
        client.cancel(list(flying))


def _value(future: Future, index: int) -> Any:
    try:
        return future.result()
    except KilledWorker as killed:
        raise WorkerDied(index) from killed


def _run(name: str, item: Any) -> Any:
    work = get_worker().plugins[name]
    return work.function(work.shared, item)


def _call(function: Callable[[Any], Any], item: Any) -> Any:
    return function(item)


def _first(both: tuple[Any, Any]) -> Any:
    return both[0]


def _second(both: tuple[Any, Any]) -> Any:
    return both[1]
