"""The ledger: one name for each content, once, whatever files are called and however often it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.inbox import Arrival
from vitreous.pipeline.ledger import Item, Ledger
from vitreous.pipeline.steps import Steps


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def opened(state: State) -> Ledger:
    return Ledger(state, lambda path: path.stem)


def arrival(path: Path, stamp: int = 1) -> Arrival:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return Arrival(path=path, stamp=(stamp, stamp), arrived=float(stamp))


def test_an_item_is_unfinished_until_it_is_done_and_stays_done(state: State, tmp_path: Path):
    ledger = opened(state)
    item = ledger.admit(arrival(tmp_path / "a.tif"), "x")
    assert item == Item(name="a", path=tmp_path / "a.tif", stamp=(1, 1), digest="x", arrived=1.0)
    assert opened(state).unfinished() == [item]
    assert (ledger.settled, ledger.arrived) == (0, 1)
    ledger.finish(item, {"score": 1})
    again = opened(state)
    assert again.unfinished() == []
    assert again.done == {"a": {"score": 1}}
    assert again.known() == {tmp_path / "a.tif": (1, 1)}


def test_names_are_unique_and_last(state: State, tmp_path: Path):
    ledger = opened(state)
    paths = [tmp_path / name for name in ("a.tif", "more/a.tif", "more/a.mrc")]
    items = [ledger.admit(arrival(path), digest) for path, digest in zip(paths, "xyz")]
    assert [item.name for item in items] == ["a", "more_a", "more_a_2"]
    assert [item.name for item in opened(state).unfinished()] == ["a", "more_a", "more_a_2"]
    # the same file again, after it was put back: its name stays
    assert opened(state).admit(arrival(paths[1], stamp=2), "y").name == "more_a"


@pytest.mark.parametrize("finished", [False, True])
def test_a_copy_is_set_aside(state: State, tmp_path: Path, finished: bool):
    ledger = opened(state)
    item = ledger.admit(arrival(tmp_path / "a.tif"), "x")
    if finished:
        ledger.finish(item, {})
    assert ledger.admit(arrival(tmp_path / "copy.tif"), "x") is None
    assert opened(state).aside == {str(tmp_path / "copy.tif"): f"a duplicate of {tmp_path / 'a.tif'}"}
    assert opened(state).arrived == 2


def test_a_renamed_file_is_done_once_under_the_name_it_has_when_it_is_done(state: State, tmp_path: Path):
    ledger = opened(state)
    ledger.admit(arrival(tmp_path / "a.tif"), "x")
    (tmp_path / "a.tif").rename(tmp_path / "b.tif")
    item = ledger.admit(arrival(tmp_path / "b.tif"), "x")
    assert item.name == "b"
    assert opened(state).unfinished() == [item]  # and no longer a
    ledger.finish(item, {})
    (tmp_path / "b.tif").rename(tmp_path / "c.tif")
    assert ledger.admit(arrival(tmp_path / "c.tif"), "x") is None
    assert "it was renamed" in ledger.aside[str(tmp_path / "c.tif")]
    assert list(ledger.done) == ["b"]


def test_a_file_rewritten_before_it_is_done_is_taken_as_it_is_now(state: State, tmp_path: Path):
    ledger = opened(state)
    ledger.admit(arrival(tmp_path / "a.tif"), "x")
    item = ledger.admit(arrival(tmp_path / "a.tif", stamp=2), "y")
    assert (item.name, item.digest, item.stamp) == ("a", "y", (2, 2))
    assert opened(state).unfinished() == [item]
    # its former content may come under another name
    assert ledger.admit(arrival(tmp_path / "b.tif"), "x").name == "b"


def test_a_file_rewritten_after_it_is_done_is_set_aside_and_a_touched_one_is_not(state: State, tmp_path: Path):
    ledger = opened(state)
    ledger.finish(ledger.admit(arrival(tmp_path / "a.tif"), "x"), {})
    assert ledger.admit(arrival(tmp_path / "a.tif", stamp=2), "x") is None
    assert ledger.aside == {}
    assert ledger.admit(arrival(tmp_path / "a.tif", stamp=3), "y") is None
    assert "written anew" in ledger.aside[str(tmp_path / "a.tif")]
    assert opened(state).known() == {tmp_path / "a.tif": (3, 3)}


def test_a_file_set_aside_is_taken_in_when_it_is_sent_again(state: State, tmp_path: Path):
    ledger = opened(state)
    ledger.set_aside(tmp_path / "a.tif", "cut off", (1, 1))
    assert opened(state).known() == {tmp_path / "a.tif": (1, 1)}
    item = opened(state).admit(arrival(tmp_path / "a.tif", stamp=2), "x")
    assert item.name == "a"
    again = opened(state)
    assert again.aside == {}
    assert again.unfinished() == [item]
    assert again.known() == {}
    assert again.arrived == 1


def test_a_step_is_done_once_for_each_content(tmp_path: Path):
    calls: list[str] = []

    def do(what: str) -> dict[str, tuple[int, ...]]:
        calls.append(what)
        return {what: (1, 2)}

    for _ in range(2):
        steps = Steps(tmp_path / "a.json", "x")
        assert steps.once("align", lambda: do("align")) == {"align": [1, 2]}
        assert steps.once("fit", lambda: do("fit")) == {"fit": [1, 2]}
    assert calls == ["align", "fit"]
    Steps(tmp_path / "a.json", "other").once("align", lambda: do("align"))
    assert calls == ["align", "fit", "align"]
