"""What a kind of job is: parameters, ports, and the name of the function that does the work."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vitreous.errors import InputError
from vitreous.pipeline.params import suggestion
from vitreous.pipeline.ports import Input, Output

if TYPE_CHECKING:
    from vitreous.pipeline.graph import Graph


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a job says when it is done; its files are those its output ports name.

    Parameters
    ----------
    figures
        Numbers a person or a program asks for: ``{"resolution_angstrom": 3.4}``.
    warnings
        Sentences about what may be wrong with the result.
    stop
        Why it stopped, if it could have stopped for more than one reason.
    """

    figures: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    stop: str = ""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a job is expected to need: seconds of wall time, bytes of memory, bytes of disk."""

    seconds: float
    memory: int
    disk: int = 0


@dataclass(frozen=True, kw_only=True)
class JobType:
    """A kind of job, as data.

    Parameters
    ----------
    name
        The verb of the command line: "align-movies".
    summary
        One line for a list of verbs.
    params
        A ``@parameters`` class.
    inputs, outputs
        The ports.
    run
        "module:function", loaded when a job starts and called as ``run(inputs, params, context) -> Result``.
    code
        Version of the work; raised when the same inputs and parameters may give another result.
    group
        Heading in the list of verbs.
    papers
        What to cite when the result is used.
    estimate
        "module:function", called as ``estimate(inputs, params) -> Estimate`` before a job starts; empty if nobody knows.
    lasting
        Whether there may be more to do each time it is asked for, so that no finished job stands for it: one that watches a folder.
    """

    name: str
    summary: str
    params: type
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...]
    run: str
    code: str = "1"
    group: str = "Steps"
    papers: tuple[str, ...] = ()
    estimate: str = ""
    lasting: bool = False

    def input(self, name: str) -> Input:
        """Give the input port called ``name``."""
        return _named(self.inputs, name, f"input of {self.name}")

    def output(self, name: str) -> Output:
        """Give the output port called ``name``."""
        return _named(self.outputs, name, f"output of {self.name}")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A graph of jobs made from a few parameters: the main job, a demonstration, a live session.

    Parameters
    ----------
    name, summary, params, group
        As for :class:`JobType`.
    build
        "module:function", called as ``build(params) -> Graph``.
    finish
        "module:function", called as ``finish(records, params, folder) -> Mapping`` when every stage is done. ``records`` maps
        each stage to its :class:`~vitreous.pipeline.record.Record`; what it writes to ``folder`` becomes the project's ``final``
        folder; the figures it returns become ``final/summary.json``, unless it writes one itself. Empty if the last job's
        outputs are all there is.
    """

    name: str
    summary: str
    params: type
    build: str
    finish: str = ""
    group: str = "From data to a map"

    def graph(self, params: Any) -> Graph:
        """Build the graph for ``params``."""
        return load(self.build)(params)


class Registry:
    """The kinds of job and the recipes that a surface offers, by name."""

    def __init__(self, jobs: Iterable[JobType] = (), recipes: Iterable[Recipe] = ()) -> None:
        self.jobs = {each.name: each for each in jobs}
        self.recipes = {each.name: each for each in recipes}

    def job(self, name: str) -> JobType:
        """Give the kind of job called ``name``.

        Raises
        ------
        InputError
            If there is none, with the nearest name.
        """
        return _named(self.jobs.values(), name, "job")

    def recipe(self, name: str) -> Recipe:
        """Give the recipe called ``name``; errors as :meth:`job`."""
        return _named(self.recipes.values(), name, "recipe")


def load(where: str) -> Callable[..., Any]:
    """Import "module:function"."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def _named(things: Iterable[Any], name: str, what: str) -> Any:
    known = {each.name: each for each in things}
    if name not in known:
        raise InputError(f"{name!r} is no {what}; there are {', '.join(known) or 'none'}.{suggestion(name, known)}")
    return known[name]
