"""Map-reduce as a job sees it: values in order, progress, names in messages, and a stop between items."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import toy_work

from vitreous.errors import Cancelled, InputError, JobError
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.context import Context
from vitreous.pipeline.executors.local import Local
from vitreous.runtime.progress import Progress, Reporter


@pytest.fixture
def events() -> list[Progress]:
    return []


def context(folder: Path, report: Reporter, **means: Any) -> Context:
    state, final = State(folder / "state"), folder / "0007-sum"
    return Context(project=folder, folder=folder, final=final, state=state, report=report, seed=0, device="cpu", memory=10**9, **means)


def test_values_are_in_the_order_of_the_items_and_progress_counts_them(tmp_path: Path, events: list[Progress]) -> None:
    two = Local(2)
    one_by_one = context(tmp_path, events.append).map_reduce(toy_work.tenth, range(20), shared=1.0, combine=toy_work.added, step="add")
    seen, total = context(tmp_path, events.append, executor=two).map_reduce(
        toy_work.late_first, range(20), shared=tmp_path, combine=toy_work.added, step="add late"
    )
    two.close()
    assert one_by_one[0] == [item * item for item in range(20)]
    assert seen[0] == 8
    assert total == one_by_one[1]
    assert [(event.step, event.done, event.total) for event in events] == [
        (step, done, 20) for step in ("add", "add late") for done in range(1, 21)
    ]


def test_nothing_to_add_up(tmp_path: Path, events: list[Progress]) -> None:
    with pytest.raises(InputError, match=r"items of add must be at least one; got \[\]"):
        context(tmp_path, events.append).map_reduce(toy_work.tenth, [], shared=1.0, combine=toy_work.added, step="add")


def test_an_error_is_not_set_aside(tmp_path: Path, events: list[Progress]) -> None:
    with pytest.raises(InputError, match="anything but 3"):
        context(tmp_path, events.append).map_reduce(toy_work.refusing, range(5), shared=None, combine=toy_work.added, step="add")
    assert len(events) == 3


def test_an_item_that_kills_is_named_in_the_error(tmp_path: Path, events: list[Progress]) -> None:
    two = Local(2)
    here = context(tmp_path, events.append, executor=two)
    told = "job 0007-sum failed: add: 4 worker processes died on block 2, one after the other. Try: fewer processes, or more memory"
    with pytest.raises(JobError, match=told):
        here.map_reduce(toy_work.deadly, range(4), shared=None, combine=toy_work.added, step="add", key=lambda item: f"block {item}")
    paths = [tmp_path / name for name in ("a", "b")]
    for path, text in zip(paths, ("good", "deadly")):
        path.write_text(text)
    with pytest.raises(JobError, match="count: 4 worker processes died on b, one after the other"):
        here.map(toy_work.length, paths, step="count", key=lambda path: path.name)
    two.close()


def test_a_user_may_stop_it_between_items(tmp_path: Path) -> None:
    cancel = threading.Event()
    events: list[Progress] = []

    def report(event: Progress) -> None:
        events.append(event)
        if event.done == 3:
            cancel.set()

    here = context(tmp_path, report, cancel=cancel)
    with pytest.raises(Cancelled, match="stopped by the user"):
        here.map_reduce(toy_work.tenth, range(9), shared=1.0, combine=toy_work.added, step="add")
    assert len(events) == 3
    with pytest.raises(Cancelled):
        here.map_reduce(toy_work.tenth, range(9), shared=1.0, combine=toy_work.added, step="add")
    assert len(events) == 3
