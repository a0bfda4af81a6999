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

#: Dask's web pages show what is computed to everybody who asks; we show progress ourselves.
NO_PAGES = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}

#: A worker on this machine writes sums to the disk when they fill this part of its share of the memory. It is not paused or killed
#: for being large: the libraries alone may fill a small share, and the work would wait for ever.
SPILL_AT = 0.6

#: How long a scheduler may take to answer.
ANSWER_SECONDS = 10.0


@contextmanager
def on_this_machine(workers: int, memory: int) -> Iterator[Client]:
    """Open a cluster of processes that share the cores and ``memory`` bytes, encrypted, on the loopback interface only."""
    import dask
    from distributed import Client, LocalCluster

    settings = NO_PAGES | {
        "distributed.deploy.lost-worker-timeout": "2s",
        "distributed.worker.memory.target": SPILL_AT,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
    }
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
            # For the worker alone, and above what stands in this process: set before it is spawned they would stand here for a moment,
            # where numba reads them.
            env=limits(max(1, threads() // workers)),
        )
        stack.enter_context(cluster)
        cluster.adapt(minimum=workers, maximum=workers)  # Dask gives a worker up that dies while it starts; this replaces it
        yield stack.enter_context(Client(cluster, set_as_default=False))


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
        client = Client(address, set_as_default=False, timeout=ANSWER_SECONDS)
    except (OSError, ValueError) as problem:
        raise InputError(f"executor must be the address of a Dask scheduler that runs; got {address!r}: {problem}") from problem
    with client:
        yield client


@contextmanager
def through_queue(system: str, workers: int, memory: int) -> Iterator[Client]:
    """Ask a batch system for ``workers`` jobs of one worker each, and go on when the first runs; the traffic is encrypted.

    What the user's ``jobqueue.yaml`` says about cores, memory, accounts, interfaces … holds. Where it is silent a job has one core
    and ``memory`` bytes, and the keys lie in the home folder.
    """
    import dask
    import dask_jobqueue
    from distributed import Client

    said = dask.config.get(f"jobqueue.{system}", {})
    silent = {"cores": 1, "memory": f"{memory}B", "processes": 1, "shared-temp-directory": "~"}
    asked = {name.replace("-", "_"): value for name, value in silent.items() if said.get(name) is None}
    scheduler = dict(said.get("scheduler-options") or {}) | {"dashboard": False, "dashboard_address": ":0"}
    with ExitStack() as stack, dask.config.set(NO_PAGES):
        open_queue = getattr(dask_jobqueue, QUEUES[system])
        cluster = stack.enter_context(open_queue(**asked, security=True, scheduler_options=scheduler, silence_logs=logging.CRITICAL))
        cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)  # a job that ends is replaced by another
        yield stack.enter_context(Client(cluster, set_as_default=False))
