"""A toy that watches a folder: texts arrive, and their letters are counted in two steps."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vitreous.errors import FormatError
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.context import Context
from vitreous.pipeline.conveyor import Conveyor
from vitreous.pipeline.inbox import Inbox, Rules
from vitreous.pipeline.job import JobType, Registry, Result
from vitreous.pipeline.ledger import Item, Ledger
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Inputs, Output
from vitreous.pipeline.steps import Steps
from vitreous.runtime.files import remove_left_over, write_json


@parameters
class ToyWatch:
    """Parameters of the toy."""

    folder: Path = option(..., help="where texts arrive", positional=True)
    movies: int = option(4, help="how many to wait for", low=1)


def whole(path: Path) -> str:
    """A text ends with a full stop."""
    return "" if path.read_text().endswith(".") else f"{path.name} has no end"


def count(folder: Path, item: Item) -> dict[str, Any]:
    """Count the letters of a text, then square the number; a text with "spoilt" in it is refused."""
    steps = Steps(folder / "steps" / f"{item.name}.json", item.digest)
    return {"squared": steps.once("square", partial(square, folder, item, steps.once("letters", partial(letters, folder, item))))}


def letters(folder: Path, item: Item) -> int:
    """Count, and note that this was begun."""
    begun(folder, f"letters {item.name}")
    text = item.path.read_text()
    if "spoilt" in text:
        raise FormatError(item.path, "holds a spoilt word")
    write_json(folder / "counts" / f"{item.name}.json", len(text))
    return len(text)


def square(folder: Path, item: Item, number: int) -> int:
    """Square, and note that this was begun."""
    begun(folder, f"square {item.name}")
    return number**2


def begun(folder: Path, what: str) -> None:
    """Append a line; what was written outlives the process, if not the machine."""
    with (folder / "begun.txt").open("a") as handle:
        handle.write(what + "\n")


def killing_once(folder: Path, item: Item) -> dict[str, Any]:
    """Kill the worker process at the first attempt on the second text, and always at the one called deadly."""
    begun(folder, item.name)
    times = (folder / "begun.txt").read_text().split("\n").count(item.name)
    if item.name == "deadly" or (item.name == "b" and times == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"squared": 0}


def conveyor(
    folder: Path, live: Path, context: Context, work: Callable[[Path, Item], dict[str, Any]] = count, hold: Callable[[], str] = str
) -> Conveyor:
    """Make the toy's conveyor: settled after 20 ms."""
    live.mkdir(parents=True, exist_ok=True)
    remove_left_over(live)
    box = Inbox(folder, Rules(patterns=("*.txt",), settle=0.02, patience=0.1), whole)
    ledger = Ledger(State(live / "state"), lambda path: path.stem)
    return Conveyor(
        context=context, inbox=box, ledger=ledger, work=lambda batch: partial(work, live), finished=lambda name, value: None, hold=hold,
        tell=lambda: None, look_seconds=0.01,
    )  # fmt: skip


def run(inputs: Inputs, params: ToyWatch, context: Context) -> Result:
    """Wait for so many texts, and list what was counted."""
    live = context.project / "live"
    belt = conveyor(params.folder, live, context)
    belt.run(lambda: "enough" if len(belt.ledger.done) + len(belt.ledger.aside) >= params.movies else "")
    told = {name: value["squared"] for name, value in sorted(belt.ledger.done.items())}
    write_json(live / "list.json", told)
    write_json(context.outputs / "list.json", {"counts": told, "aside": sorted(belt.ledger.aside.values())})
    return Result(figures={"texts": len(told)})


WATCH = JobType(
    name="toy-watch", summary="Count letters of texts as they arrive", params=ToyWatch, outputs=(Output("list", "list.json", "counts"),),
    run="toy_watch:run", lasting=True,
)  # fmt: skip


def registry() -> Registry:
    """Offer the toy."""
    return Registry([WATCH])


def feed(folder: Path, texts: dict[str, str], pause: float) -> None:
    """Write texts in pieces, so that each grows while it is looked at; some first under the name of a download."""
    folder.mkdir(exist_ok=True)
    for number, (name, text) in enumerate(texts.items()):
        path = folder / (f"{name}.part" if number % 3 == 2 else name)
        for start in range(0, len(text), 8):
            with path.open("a") as handle:
                handle.write(text[start : start + 8])
            time.sleep(pause)
        path.rename(folder / name)
