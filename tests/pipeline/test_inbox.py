"""What counts as arrived: files that grow, vanish, are cut off, are not meant, and folders that go away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vitreous.pipeline.inbox import SAMPLE, WHOLE, Inbox, Rules, content_digest, stamp_of


def whole(path: Path) -> str:
    """A toy movie says in its first character how many characters it has, itself not counted."""
    text = path.read_text()
    return "" if text and len(text) > int(text[0]) else f"{path.name} was cut off"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def inbox(raw: Path, **rules: object) -> Inbox:
    return Inbox(raw, Rules(**{"patterns": ("*.tif",), "settle": 10.0, "patience": 60.0, **rules}), whole)


def put(path: Path, text: str, at: float) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def names(arrivals: list) -> list[str]:
    return [arrival.path.name for arrival in arrivals]


def test_a_file_arrives_when_it_has_not_changed_for_long_enough(raw: Path):
    box = inbox(raw)
    put(raw / "a.tif", "3abc", 100.0)
    assert box.look(101.0) == []
    assert box.look(110.9) == []
    (arrival,) = box.look(111.0)
    assert (arrival.path, arrival.stamp, arrival.problem) == (raw / "a.tif", (4, 100 * 10**9), "")
    assert box.look(200.0) == []
    assert not box.waiting


def test_a_file_that_grows_starts_to_wait_anew(raw: Path):
    box = inbox(raw)
    put(raw / "a.tif", "3", 100.0)
    box.look(101.0)
    put(raw / "a.tif", "3ab", 108.0)
    assert box.look(112.0) == []  # 11 s after the first look, but it has changed
    put(raw / "a.tif", "3abc", 119.0)
    assert box.look(120.0) == []
    assert names(box.look(130.0)) == ["a.tif"]


def test_the_time_of_change_counts_as_well_as_the_size(raw: Path):
    box = inbox(raw)
    put(raw / "a.tif", "3abc", 100.0)
    box.look(101.0)
    put(raw / "a.tif", "3xyz", 105.0)  # programs that make the file its full length at once and fill it later
    assert box.look(112.0) == []
    assert names(box.look(122.0)) == ["a.tif"]


def test_a_file_cut_off_is_waited_for_and_then_given_with_its_problem(raw: Path):
    box = inbox(raw)
    put(raw / "a.tif", "3a", 100.0)
    box.look(101.0)
    assert box.look(115.0) == []
    assert box.waiting[raw / "a.tif"].reason == "a.tif was cut off"
    put(raw / "b.tif", "3a", 116.0)
    assert box.look(170.9) == []  # 10 s to settle and 60 s of patience are not over
    (arrival,) = box.look(171.0)
    assert arrival.problem == "a.tif was cut off"
    put(raw / "b.tif", "3abc", 175.0)  # the rest of the other one came in time
    box.look(176.0)
    assert [(arrival.path.name, arrival.problem) for arrival in box.look(190.0)] == [("b.tif", "")]
    put(raw / "a.tif", "3abc", 300.0)  # and the first one is sent again
    box.look(301.0)
    assert [(arrival.path.name, arrival.problem) for arrival in box.look(320.0)] == [("a.tif", "")]


def test_names_that_are_not_meant_are_passed_over(raw: Path):
    box = inbox(raw, patterns=("*.tif", "*.tif*"), left_out=(raw / "gain.tif",))
    for name in (".a.tif", "~a.tif", "a.tif.part", "a.tif.TMP", "a.mrc", "gain.tif", "below/b.tif"):
        put(raw / name, "0", 100.0)
    (raw / "folder.tif").mkdir()
    box.look(101.0)
    assert box.look(120.0) == []


def test_folders_below_are_looked_at_if_wanted_but_not_the_one_left_out(raw: Path):
    box = inbox(raw, recursive=True, left_out=(raw / "project",))
    for name in ("a.tif", "below/b.tif", ".hidden/c.tif", "project/d.tif"):
        put(raw / name, "0", 100.0)
    (raw / "round").symlink_to(raw)
    box.look(101.0)
    assert names(box.look(120.0)) == ["a.tif", "b.tif"]


def test_the_oldest_comes_first(raw: Path):
    box = inbox(raw)
    for name, at in (("a.tif", 90.0), ("b.tif", 70.0), ("c.tif", 80.0), ("d.tif", 80.0)):
        put(raw / name, "0", at)
    box.look(101.0)
    assert names(box.look(120.0)) == ["b.tif", "c.tif", "d.tif", "a.tif"]


def test_arrival_is_the_last_writing_where_looks_allow_it_and_no_clock_is_believed_beyond(raw: Path):
    box = inbox(raw)
    box.look(100.0)
    put(raw / "a.tif", "0", 103.0)  # between two looks
    put(raw / "b.tif", "0", 5.0)  # copied with its old time
    put(raw / "c.tif", "0", 10000.0)  # by a machine whose clock is fast
    box.look(110.0)
    assert [arrival.arrived for arrival in box.look(120.0)] == [100.0, 103.0, 110.0]


def test_a_folder_that_disappears_is_waited_for(raw: Path, tmp_path: Path):
    box = inbox(raw)
    put(raw / "a.tif", "0", 100.0)
    box.look(101.0)
    raw.rename(tmp_path / "away")
    assert box.look(120.0) == []
    assert str(raw) in box.absent
    (tmp_path / "away").rename(raw)
    assert names(box.look(130.0)) == ["a.tif"]
    assert not box.absent


def test_a_file_that_vanishes_is_forgotten_and_may_come_back(raw: Path):
    box = inbox(raw)
    path = put(raw / "a.tif", "0", 100.0)
    box.look(101.0)
    path.unlink()
    box.look(105.0)
    assert not box.waiting
    put(path, "0", 100.0)
    assert box.look(112.0) == []  # it is new again
    assert names(box.look(122.0)) == ["a.tif"]


def test_what_was_put_back_or_written_anew_arrives_again(raw: Path):
    box = inbox(raw)
    path = put(raw / "a.tif", "0", 100.0)
    box.look(101.0)
    box.look(111.0)
    box.put_back(path)
    box.look(112.0)
    assert names(box.look(122.0)) == ["a.tif"]
    put(path, "1a", 150.0)
    box.look(151.0)
    assert names(box.look(161.0)) == ["a.tif"]


def test_what_is_known_is_not_given_again(raw: Path):
    path = put(raw / "a.tif", "0", 100.0)
    box = Inbox(raw, Rules(patterns=("*",), settle=1.0), whole, {path: stamp_of(path)})
    box.look(101.0)
    assert box.look(110.0) == []


@pytest.mark.parametrize("name", ["a.tif.mdoc", "a.mdoc"])
def test_a_companion_is_waited_for_but_not_for_ever(raw: Path, name: str):
    box = inbox(raw, companion=".mdoc")
    put(raw / "a.tif", "0", 100.0)
    put(raw / "b.tif", "0", 101.0)
    box.look(101.0)
    assert box.look(112.0) == []
    assert box.waiting[raw / "a.tif"].reason == "its .mdoc file is not there yet"
    companion = put(raw / name, "said", 113.0)
    (arrival,) = box.look(114.0)
    assert (arrival.path.name, arrival.companion) == ("a.tif", companion)
    (late,) = box.look(171.0)
    assert (late.path.name, late.companion, late.problem) == ("b.tif", None, "")


def test_content_is_told_by_its_length_start_middle_and_end(tmp_path: Path):
    content = bytearray(os.urandom(WHOLE + 1000))
    first, other = tmp_path / "a", tmp_path / "b"
    first.write_bytes(content)
    other.write_bytes(content)
    assert content_digest(first) == content_digest(other)
    for place in (0, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        other.write_bytes(changed)
        assert content_digest(first) != content_digest(other), place
    other.write_bytes(content + b"\0")
    assert content_digest(first) != content_digest(other)
    # what the samples of a large file do not reach goes unseen: noise does not differ in one byte alone
    changed = bytearray(content)
    changed[2 * SAMPLE] ^= 1
    other.write_bytes(changed)
    assert content_digest(first) == content_digest(other)


def test_small_content_is_digested_whole_and_an_absent_file_has_none(tmp_path: Path):
    first, other = tmp_path / "a", tmp_path / "b"
    content = bytes(500_000)
    first.write_bytes(content)
    other.write_bytes(content[:200_000] + b"\1" + content[200_001:])
    assert content_digest(first) != content_digest(other)
    assert stamp_of(tmp_path / "none") is None
    with pytest.raises(OSError, match="none"):
        content_digest(tmp_path / "none")
