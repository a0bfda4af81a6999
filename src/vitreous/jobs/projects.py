"""Open a project from Python: ``vt.project("P").do("refine", particles="particles.star", symmetry="O")``."""

from __future__ import annotations

from pathlib import Path

from vitreous.jobs.registry import registry
from vitreous.pipeline.project import Project
from vitreous.pipeline.request import Settings
from vitreous.pipeline.watcher import Watcher


def project(
    folder: str | Path,
    *,
    seed: int = 0,
    device: str = "auto",
    memory: int = 0,
    executor: str = "local",
    watcher: Watcher | None = None,
) -> Project:
    """Open the project in ``folder``, or make it.

    Parameters
    ----------
    folder
        Where it lies.
    seed
        Seed of all chance.
    device
        "auto", "cpu", "cuda:0" …
    memory
        Bytes a job may use; 0 for 60 % of what is free.
    executor
        "local"; "local:4" for four processes; "dask", "tcp://host:port", "slurm:4" … for a cluster.
    watcher
        Is told how the work goes.

    Returns
    -------
    Project
        Whose ``do(verb, ...)`` does a job, ``run(recipe, ...)`` a recipe, and ``resume()`` goes on.
    """
    settings = Settings(seed=seed, device=device, memory=memory, executor=executor)
    return Project(folder, registry(), settings=settings, watcher=watcher)
