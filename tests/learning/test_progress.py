"""Progress survives, and a broken or unwritable file is no reason to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.learning import progress


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VITREOUS_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "learning.json"


def test_what_is_done_is_remembered_until_it_is_taken_back():
    assert progress.done() == {}
    progress.remember("ctf-blur")
    progress.remember("Q28")
    progress.remember("ctf-blur", as_done=False)
    assert list(progress.done()) == ["Q28"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"done": 3}', '{"done": {"a": 1}}', "\x00"])
def test_a_broken_file_is_an_empty_one(own: Path, content: str):
    own.parent.mkdir()
    own.write_text(content)
    assert set(progress.done()) <= {"a"}
    progress.remember("Q01")
    assert "Q01" in progress.done()


def test_a_folder_that_cannot_be_made_is_no_error(own: Path):
    own.parent.write_text("a file is in the way")
    progress.remember("Q01")
    assert progress.done() == {}


def test_without_a_folder_of_its_own_it_follows_the_system(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VITREOUS_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert progress.progress_file() == Path("/somewhere/vitreous/learning.json")
