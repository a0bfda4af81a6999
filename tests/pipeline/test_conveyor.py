"""The conveyor: what arrives is done once, what cannot be is set aside, and what goes wrong around it is waited out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy_watch
from toy_watch import conveyor

from vitreous.errors import Cancelled
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.context import Context
from vitreous.pipeline.conveyor import Conveyor
from vitreous.pipeline.executors.local import Local
from vitreous.pipeline.ledger import Item
from vitreous.runtime.progress import Progress


@pytest.fixture
def told() -> list[Progress]:
    return []


@pytest.fixture
def context(tmp_path: Path, told: list[Progress]) -> Context:
    folder = tmp_path / "job"
    folder.mkdir()
    return Context(project=tmp_path, folder=folder, final=folder, state=State(folder / "state"), report=told.append, seed=0, device="cpu",
                   memory=10**9)  # fmt: skip


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(f"{name * 3}.")
    return folder


def until(belt: Conveyor, count: int, *, do: Callable[[int], None] = lambda turn: None, turns: int = 500) -> Callable[[], str]:
    """End when so many are done or set aside; ``do(turn)`` is called at each turn; fail when it takes too long."""
    turn = 0

    def over() -> str:
        nonlocal turn
        do(turn)
        turn += 1
        assert turn < turns, "it does not end"
        return "enough" if len(belt.ledger.done) + len(belt.ledger.aside) >= count else ""

    return over


def test_all_are_done_once_and_the_spoilt_one_is_set_aside(raw: Path, context: Context, told: list[Progress], tmp_path: Path):
    (raw / "b.txt").write_text("spoilt.")
    belt = conveyor(raw, tmp_path / "live", context)
    assert belt.run(until(belt, 3)) == "enough"
    assert {name: value["squared"] for name, value in belt.ledger.done.items()} == {"a": 16, "c": 16}
    assert "holds a spoilt word" in belt.ledger.aside[str(raw / "b.txt")]
    assert any("b.txt is set aside" in event.message for event in told)
    last = belt.ledger
    assert last.settled == last.arrived == len(last.done) + 1  # what is set aside is not waited for
    again = conveyor(raw, tmp_path / "live", context)
    again.run(until(again, 3))
    assert (tmp_path / "live" / "begun.txt").read_text().count("\n") == 3 + 2


def test_what_arrives_later_and_what_is_cut_off(raw: Path, context: Context, tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context)
    (raw / "cut.txt").write_text("no end")

    def later(turn: int) -> None:
        if turn == 5:
            (raw / "d.txt").write_text("d.")

    belt.run(until(belt, 5, do=later))
    assert sorted(belt.ledger.done) == ["a", "b", "c", "d"]
    assert belt.ledger.aside == {str(raw / "cut.txt"): "cut.txt has no end"}


def changing(live: Path, item: Item) -> dict[str, Any]:
    """A text that is written on, or taken away, while it is worked on."""
    toy_watch.begun(live, item.name)
    first = (live / "begun.txt").read_text().split("\n").count(item.name) == 1
    if item.name == "a" and first:
        item.path.write_text("aaa and more.")
    if item.name == "b" and first:
        item.path.rename(item.path.with_suffix(".away"))
        raise FileNotFoundError(item.path)
    return {"squared": len(item.path.read_text())}


def test_files_that_change_or_vanish_while_they_are_read_are_waited_for(
    raw: Path, context: Context, told: list[Progress], tmp_path: Path
):
    belt = conveyor(raw, tmp_path / "live", context, changing)

    def back(turn: int) -> None:
        if turn == 20:
            (raw / "b.away").rename(raw / "b.txt")

    belt.run(until(belt, 3, do=back))
    assert {name: value["squared"] for name, value in belt.ledger.done.items()} == {"a": 13, "b": 4, "c": 4}
    messages = [event.message for event in told]
    assert "a.txt changed while it was read; it is waited for" in messages
    assert "b.txt went away while it was read; it is waited for" in messages


def taking(live: Path, item: Item) -> dict[str, Any]:
    """A facility that takes files away as soon as they have been read."""
    text = item.path.read_text()
    item.path.unlink()
    return {"squared": len(text)}


def test_a_file_taken_away_after_it_was_read_is_done(raw: Path, context: Context, tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context, taking)
    belt.run(until(belt, 3))
    assert sorted(belt.ledger.done) == ["a", "b", "c"]


def renaming(live: Path, item: Item) -> dict[str, Any]:
    """Texts that change while they are worked on for long: a is renamed, b is written on; both are seen before the work ends."""
    text = item.path.read_text()
    if item.name == "a":
        item.path.rename(item.path.with_name("z.txt"))
    if item.name == "b" and text == "bbb.":
        item.path.write_text("bbb and more.")
    return {"squared": len(text)}


def test_what_is_renamed_or_written_anew_while_it_is_worked_on_is_in_the_results_once(raw: Path, context: Context, tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context, renaming)
    take = belt._take

    def late(item: Item, outcome: dict[str, Any]) -> None:
        for _ in range(5 if item.name in "ab" else 0):  # looks during long work on other items
            time.sleep(0.02)
            belt.look()
        take(item, outcome)

    belt._take = late
    belt.run(until(belt, 3))
    assert {name: value["squared"] for name, value in belt.ledger.done.items()} == {"c": 4, "z": 4, "b": 13}
    lines = (tmp_path / "live" / "state" / "done.jsonl").read_text().splitlines()
    assert len(lines) == 3


def faulty(live: Path, item: Item) -> dict[str, Any]:
    """A fault that one text brings out, and a network disk that fails once."""
    if item.name == "a":
        raise ZeroDivisionError("division by zero")
    if item.name == "b":
        raise OSError(5, "Input/output error")
    return {"squared": 1}


def test_a_fault_that_one_item_brings_out_does_not_end_the_session(raw: Path, context: Context, tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context, faulty)
    belt.run(until(belt, 3))
    assert list(belt.ledger.done) == ["c"]
    assert "ZeroDivisionError: division by zero (faulty, line" in belt.ledger.aside[str(raw / "a.txt")]
    assert "Input/output error" in belt.ledger.aside[str(raw / "b.txt")]
    # neither need be the file's fault: both are tried again when the session is taken up again
    again = conveyor(raw, tmp_path / "live", context)
    again.run(lambda: "" if len(again.ledger.done) < 3 else "enough")
    assert sorted(again.ledger.done) == ["a", "b", "c"]
    assert again.ledger.aside == {}


def filling(live: Path, item: Item) -> dict[str, Any]:
    """A disk that is full the first two times."""
    toy_watch.begun(live, item.name)
    if len((live / "begun.txt").read_text().split()) <= 2:
        raise OSError(28, "No space left on device")
    return {"squared": 1}


def test_a_full_disk_is_waited_out(raw: Path, context: Context, told: list[Progress], tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context, filling)
    belt.run(until(belt, 3))
    assert sorted(belt.ledger.done) == ["a", "b", "c"]
    assert belt.ledger.aside == {}
    assert any("the disk is full" in event.message for event in told)


def test_nothing_is_begun_while_it_is_held(raw: Path, context: Context, told: list[Progress], tmp_path: Path):
    reason = ["no room"]
    belt = conveyor(raw, tmp_path / "live", context, hold=lambda: reason[0])

    def release(turn: int) -> None:
        if turn == 20:
            assert len(belt.queue) == 3
            assert not belt.ledger.done
            reason[0] = ""

    belt.run(until(belt, 3, do=release))
    assert [event.message for event in told if event.message in ("no room", "going on")] == ["no room", "going on"]


def test_a_folder_that_disappears_is_waited_for(raw: Path, context: Context, told: list[Progress], tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context)

    def away(turn: int) -> None:
        if turn == 1:
            raw.rename(tmp_path / "away")
        if turn == 20:
            assert "cannot be looked at" in belt.held
            (tmp_path / "away").rename(raw)

    belt.run(until(belt, 3, do=away))
    assert sorted(belt.ledger.done) == ["a", "b", "c"]
    assert [event.message for event in told if "it is waited for" in event.message or event.message == "going on"][-1] == "going on"


def test_workers_that_die_are_replaced_and_the_one_item_that_kills_them_is_set_aside(raw: Path, context: Context, tmp_path: Path):
    (raw / "deadly.txt").write_text("deadly.")
    object.__setattr__(context, "executor", Local(2))
    belt = conveyor(raw, tmp_path / "live", context, toy_watch.killing_once)
    try:
        belt.run(until(belt, 4))
    finally:
        context.executor.close()
    assert sorted(belt.ledger.done) == ["a", "b", "c"]
    assert belt.ledger.aside == {str(raw / "deadly.txt"): "4 worker processes died on it, one after the other"}


def test_the_user_stops_it_and_nothing_is_lost(raw: Path, context: Context, tmp_path: Path):
    cancel: threading.Event = context.cancel
    belt = conveyor(raw, tmp_path / "live", context)
    with pytest.raises(Cancelled):
        belt.run(until(belt, 3, do=lambda turn: cancel.set() if belt.queue else None))
    cancel.clear()
    again = conveyor(raw, tmp_path / "live", context)
    assert len(again.queue) == 3
    again.run(until(again, 3))
    assert sorted(again.ledger.done) == ["a", "b", "c"]


def test_only_so_many_are_handed_out_at_once(raw: Path, context: Context, tmp_path: Path):
    belt = conveyor(raw, tmp_path / "live", context)
    belt.at_once, batches = 2, []
    work = belt.work
    belt.work = lambda batch: batches.append([item.name for item in batch]) or work(batch)
    belt.run(until(belt, 3))
    assert batches == [["a", "b"], ["c"]]
