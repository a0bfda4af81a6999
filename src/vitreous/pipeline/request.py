"""What a project was last asked for, ``recipe.json``: enough to go on after a kill, with the same means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vitreous.errors import InputError
from vitreous.pipeline.graph import Graph, graph_from_json, graph_to_json
from vitreous.pipeline.job import Registry
from vitreous.runtime.files import read_json, write_json

FILE = "recipe.json"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The means by which work is done: they are recorded, so that a resumed job computes in the same blocks.

    Parameters
    ----------
    seed
        Seed of all chance.
    device
        "auto", "cpu", "cuda:0" …
    memory
        Bytes a job may use; 0 for the default, 60 % of what is free at the start.
    executor
        By name, as :func:`vitreous.pipeline.executors.choice.executor` takes it: "local", "local:4", "dask" …
    """

    seed: int = 0
    device: str = "auto"
    memory: int = 0
    executor: str = "local"

    def settled(self) -> Settings:
        """Give the settings with the memory budget in bytes."""
        if self.memory:
            return self
        from vitreous.runtime.memory import default_budget

        return replace(self, memory=default_budget())


@dataclass(frozen=True, kw_only=True)
class Request:
    """A graph to do, and how.

    Parameters
    ----------
    graph
        The steps.
    settings
        The means.
    recipe, params
        The recipe that made the graph and its parameters; empty if it was a single job.
    partial
        Whether steps of the recipe were left out, so that there is nothing to finish.
    """

    graph: Graph
    settings: Settings = field(default_factory=Settings)
    recipe: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False

    def save(self, project: Path) -> None:
        """Write ``recipe.json``, atomically."""
        told = {"recipe": self.recipe, "params": dict(self.params), "partial": self.partial}
        write_json(project / FILE, told | {"settings": asdict(self.settings), "steps": graph_to_json(self.graph)})


def read_request(project: Path, registry: Registry) -> Request:
    """Read what the project was last asked for.

    Raises
    ------
    InputError
        If it was never asked for anything.
    """
    if not (project / FILE).is_file():
        raise InputError(f"{project} must hold a recipe.json to go on with; it was never asked for anything.")
    told: Any = read_json(project / FILE)
    graph, settings = graph_from_json(told["steps"], registry), Settings(**told["settings"])
    return Request(graph=graph, settings=settings, recipe=told["recipe"], params=told["params"], partial=told["partial"])
