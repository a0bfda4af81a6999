"""An executor by its name on the command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib.util import find_spec
from typing import Any

from vitreous.errors import InputError, MissingExtra, require
from vitreous.pipeline.executors import Executor, clusters
from vitreous.pipeline.executors.local import Local
from vitreous.runtime.threads import threads

#: How executors may be called.
NAMES = "local, local:N (N processes), dask, dask:N, tcp://HOST:PORT (a Dask scheduler), slurm:N, lsf:N or pbs:N (N jobs of a queue)"


def executor(name: str, memory: int) -> Executor:
    """Give the executor called ``name``.

    Parameters
    ----------
    name
        "local" (this process), "local:4" (four processes), "dask" (a Dask worker on each core), "dask:4",
        "tcp://host:port" or "tls://host:port" (a Dask scheduler that runs), "slurm:4", "lsf:4", "pbs:4" (four jobs of a queue).
    memory
        Bytes that workers on this machine share, and that each job of a queue asks for.

    Raises
    ------
    InputError
        If there is none of that name.
    MissingExtra
        If it needs a package that is not installed.
    """
    kind, _, rest = name.partition(":")
    if kind in ("tcp", "tls") and rest.startswith("//"):
        return _dask(partial(clusters.at_address, name), lasting=True)
    if kind not in ("local", "dask", *clusters.QUEUES) or (rest and not rest.isdigit()):
        raise InputError(f"executor must be {NAMES}; got {name!r}.")
    count = int(rest) if rest else threads() if kind == "dask" else 1
    require(count >= 1, f"number of workers of executor {kind}", count, "at least 1")
    if kind == "local":
        return Local(count)
    if kind == "dask":
        return _dask(partial(clusters.on_this_machine, count, memory), lasting=False)
    _need("dask_jobqueue", "queue")
    return _dask(partial(clusters.through_queue, kind, count, memory), lasting=True)


def _dask(cluster: Callable[[], AbstractContextManager[Any]], *, lasting: bool) -> Executor:
    _need("distributed", "dask")
    from vitreous.pipeline.executors.dask import Dask

    return Dask(cluster, lasting=lasting)


def _need(package: str, extra: str) -> None:
    if not find_spec(package):
        raise MissingExtra(f"this executor needs the package {package}. Try: pip install 'vitreous[{extra}]'")
