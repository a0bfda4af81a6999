"""Dask clusters: on this machine, at an address, or through a batch system. Dask is loaded when one is opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vitreous.errors import InputError
from vitreous.runtime.threads import limits, threads

if TYPE_CHECKING:
    from distributed import Client

#: Batch systems and the class of dask-jobqueue that speaks to each.
QUEUES = {"slurm": "SLURMCluster", "lsf": "LSFCluster", "pbs": "PBSCluster"}

#: A worker on this machine writes sums to the disk when they fill this part of its share of the memory. It is not paused or killed
#: for being large: the libraries alone may fill a small share, and the work would wait for ever.
SPILL_AT = 0.6


@contextmanager
def on_this_machine(workers: int, memory: int) -> Iterator[Client]:
    """Open a cluster of processes that share the cores and ``memory`` bytes, encrypted, on the loopback interface only."""
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.nanny.pre-spawn-environ": limits(max(1, threads() // workers)),
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.worker.memory.target": SPILL_AT,
    } | {f"distributed.worker.memory.{measure}": False for measure in ("spill", "pause", "terminate")}
    with ExitStack() as stack, dask.config.set(settings):
        scratch = stack.enter_context(TemporaryDirectory(prefix="vitreous-dask-"))
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            security=True,
            scheduler_kwargs={"dashboard": False},
            dashboard_address="127.0.0.1:0",
            memory_limit=memory // workers,
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        )
        yield stack.enter_context(Client(stack.enter_context(cluster), set_as_default=False))


@contextmanager
def at_address(address: str) -> Iterator[Client]:
    """Use the workers of a scheduler that runs already, at "tcp://host:port" or "tls://host:port".

    Raises
    ------
    InputError
        If nothing answers there.
    """
    from distributed import Client

    try:
        client = Client(address, set_as_default=False, timeout=10)
    except (OSError, ValueError) as problem:
        raise InputError(f"executor must be the address of a Dask scheduler that runs; got {address!r}: {problem}") from problem
    with client:
        yield client


@contextmanager
def through_queue(system: str, workers: int, memory: int) -> Iterator[Client]:
    """Ask a batch system for ``workers`` jobs of one worker each; it has one core and ``memory`` bytes unless jobqueue.yaml says else."""
    import dask
    import dask_jobqueue
    from distributed import Client

    defaults = {"cores": 1, "memory": f"{memory}B", "processes": 1}
    asked = {name: value for name, value in defaults.items() if dask.config.get(f"jobqueue.{system}.{name}", None) is None}
    with getattr(dask_jobqueue, QUEUES[system])(**asked) as cluster:
        cluster.scale(jobs=workers)
        with Client(cluster, set_as_default=False) as client:
            yield client
