"""State: whole or as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.pipeline.checkpoint import State


def test_a_failed_save_leaves_the_old_state(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    assert state.load("a.txt", Path.read_text) is None
    state.save("a.txt", lambda path: path.write_text("old"))

    def torn(path: Path) -> None:
        path.write_text("ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state.save("a.txt", torn)
    assert state.load("a.txt", Path.read_text) == "old"
    assert [path.name for path in state.folder.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["../a", "a/b", ".hidden"])
def test_a_state_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="name of a state must be a plain file name"):
        State(tmp_path).save(name, lambda path: path.write_text(""))


def test_items_survive_a_torn_line(tmp_path: Path) -> None:
    items = State(tmp_path).items("align")
    items.add("one", {"value": (1, 2.5)})
    items.add("two", {"reason": "broken"})
    items.add("nan", {"value": np.float32("nan")})
    items.add("box", {"value": np.int64(64)})
    assert list(items.outcomes.values()) == [{"value": [1, 2.5]}, {"reason": "broken"}, {"value": None}, {"value": 64}]
    whole = items.path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, whole.index(b"\n", first)):
        items.path.write_bytes(whole[:end])
        again = State(tmp_path).items("align")
        assert list(again.outcomes) == ["one"]
        again.add("three", {"value": None})
        assert list(State(tmp_path).items("align").outcomes) == ["one", "three"]
