"""Small jobs that the pipeline is tested with: they count letters, walk at random, and report."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import toy_work

from vitreous.errors import FormatError, require
from vitreous.pipeline.context import Context
from vitreous.pipeline.graph import Files, Graph, step
from vitreous.pipeline.job import Estimate, JobType, Recipe, Registry, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output
from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json, write_json
from vitreous.runtime.progress import Progress


@parameters
class CountLetters:
    """Parameters of the counting."""

    letter: str = option("e", help="the letter to count")
    fold_case: bool = option(True, help="take capitals as small letters")


def count(inputs: Inputs, params: CountLetters, context: Context) -> Result:
    """Count a letter in each text."""
    done = context.map(partial(count_one, params, context.outputs), inputs.all("texts"), step="count", key=lambda path: path.name)
    write_json(context.outputs / "counts.json", {each.item.name: each.value for each in done})
    write_json(context.outputs / "names.json", [context.name(context.outputs / f"{each.item.stem}.count") for each in done])
    return Result(figures={"letters": sum(each.value for each in done)}, stop="Every text was read.")


def count_one(params: CountLetters, folder: Path, path: Path) -> int:
    """Count in one text; one with "spoilt" in it is refused."""
    text = path.read_text()
    if "spoilt" in text:
        raise FormatError(path, "holds a spoilt word", "line 1")
    found = (text.lower() if params.fold_case else text).count(params.letter)
    write_json(folder / f"{path.stem}.count", found)
    return found


COUNT = JobType(
    name="count-letters",
    summary="Count a letter in texts",
    params=CountLetters,
    inputs=(Input("texts", "text", "the texts", many=True),),
    outputs=(Output("counts", "counts.json", "counts", "letters by text"), Output("each", "*.count", "count", "one file a text")),
    run="toy_jobs:count",
    papers=("Shannon, Bell Syst. Tech. J. 27, 379 (1948).",),
    estimate="toy_jobs:count_estimate",
)


def count_estimate(inputs: Inputs, params: CountLetters) -> Estimate:
    """Expect a tenth of a second a text."""
    return Estimate(seconds=0.1 * len(inputs.all("texts")), memory=10**6)


@parameters
class Walk:
    """Parameters of the walk."""

    steps: int = option(5, help="how many steps", low=1, high=1000)
    stride: float = option(1.5, "Å", "length of a step", above=0)
    start: float | None = option(None, "Å", "where it starts", if_none="the count of letters")
    flavour: Literal["plain", "lazy"] = option("plain", help="lazy walks rest every other step")
    turns: tuple[float, ...] = option((), "°", "turns to make", low=-360, high=360, advanced=True)

    def check(self) -> None:
        """Refuse a walk that turns more often than it steps."""
        require(len(self.turns) <= self.steps, "turns", self.turns, f"at most one a step ({self.steps})")


def walk(inputs: Inputs, params: Walk, context: Context) -> Result:
    """Walk, one saved step at a time, with so many seconds between them as TOY_WALK_PAUSE says."""
    pause = float(os.environ.get("TOY_WALK_PAUSE", "0"))
    letters = sum(read_json(inputs["counts"]).values())
    first = {"step": 0, "place": float(letters) if params.start is None else params.start}
    state = context.state.load("walk.json", read_json) or first
    while state["step"] < params.steps:
        context.check()
        time.sleep(pause)
        chance = hashlib.sha256(f"{context.seed}/{state['step']}".encode()).digest()[0] / 255 - 0.5
        state = {"step": state["step"] + 1, "place": state["place"] + params.stride * chance}
        context.state.save("walk.json", lambda path, value=state: path.write_text(json.dumps(value)))
        context.report(Progress("walk", state["step"], params.steps, {"place_angstrom": state["place"]}))
    write_json(context.outputs / "walk.json", state)
    return Result(figures={"place_angstrom": state["place"]}, warnings=("It was only a toy.",))


WALK = JobType(
    name="walk",
    summary="Walk at random from a count",
    params=Walk,
    inputs=(Input("counts", "counts", "where to start"), Input("map", "map", "a map to look at", optional=True)),
    outputs=(Output("walk", "walk.json", "walk", "where it ended"), Output("extra", "extra.json", "walk", optional=True)),
    run="toy_jobs:walk",
    papers=("Pearson, Nature 72, 294 (1905).", "Shannon, Bell Syst. Tech. J. 27, 379 (1948)."),
)


@parameters
class ToyRun:
    """Parameters of the whole."""

    texts: tuple[Path, ...] = option(..., help="the texts")
    steps: int = option(5, help="how many steps", low=1)


def build(params: ToyRun) -> Graph:
    """Count, then walk."""
    counted = step(COUNT, CountLetters(), stage="count", texts=Files.of(params.texts, "texts"))
    walked = step(WALK, Walk(steps=params.steps), estimate=Estimate(seconds=1, memory=2 * 10**6), counts=counted["counts"])
    return Graph(counted, walked)


def finish(records: Mapping[str, Record], params: ToyRun, folder: Path) -> dict[str, Any]:
    """Keep where the walk ended."""
    (folder / "walk.json").write_bytes(records["walk"]["walk"].read_bytes())
    return {"place_angstrom": records["walk"].figures["place_angstrom"], "steps": params.steps}


RUN = Recipe(name="toy-run", summary="Count and walk", params=ToyRun, build="toy_jobs:build", finish="toy_jobs:finish")


@parameters
class AddUp:
    """Parameters of the sums."""

    rounds: int = option(3, help="how many times", low=1)


def add_up(inputs: Inputs, params: AddUp, context: Context) -> Result:
    """Add up numbers of six blocks, each round from the sum of the last."""
    state = context.state.load("sums.json", read_json) or {"round": 0, "sums": [0.0, 0.0, 0.0]}
    while state["round"] < params.rounds:
        work = {"shared": state["sums"][1] / 7, "combine": toy_work.added, "step": "add up"}
        squares, sums = context.map_reduce(toy_work.tenth, range(6), **work)
        state = {"round": state["round"] + 1, "sums": sums, "squares": squares}
        context.state.save("sums.json", lambda path, value=state: path.write_text(json.dumps(value)))
    write_json(context.outputs / "sums.json", state)
    return Result(figures={"sum": state["sums"][1]})


ADD_UP = JobType(
    name="add-up",
    summary="Add up numbers of blocks",
    params=AddUp,
    outputs=(Output("sums", "sums.json", "sums"),),
    run="toy_jobs:add_up",
)


@parameters
class Fail:
    """Parameters of the failure."""

    way: Literal["bug", "disk", "nothing", "running name", "stop"] = option("bug", help="how to fail")


def fail(inputs: Inputs, params: Fail, context: Context) -> Result:
    """Fail in the way asked for, the first time with a half-written result."""
    (context.outputs / "result.json").write_text("half a res")
    match params.way:
        case "bug":
            return Result(figures={"impossible": 1 / len(inputs.files)})
        case "disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "nothing":
            (context.outputs / "result.json").unlink()
        case "running name":
            (context.outputs / "result.json").write_text(f'["{context.outputs}"]')
        case "stop":
            raise KeyboardInterrupt
    return Result()


FAIL = JobType(
    name="fail",
    summary="Fail",
    params=Fail,
    outputs=(Output("result", "result.json", "result"),),
    run="toy_jobs:fail",
    group="Sad ends",
)


def registry() -> Registry:
    """Offer the toys."""
    return Registry([COUNT, WALK, ADD_UP, FAIL], [RUN])


if __name__ == "__main__":
    from toy_jobs import registry as offered  # the importable module, not __main__

    from vitreous.cli.app import main

    sys.exit(main(sys.argv[1:], offered()))
