"""The log: what a reader sees while a job writes, and what a kill leaves of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.pipeline.events import EventLog, fan_out, follow, pace, read_events
from vitreous.runtime.progress import Progress


def test_a_log_is_appended_to_and_thinned(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.jsonl")
    for done in range(1000):
        log(Progress("sum", done, 1000, {"error": 0.5}))
    log(Progress("sum", 1000, 1000))
    log(Progress("next", 0, 2, message="on we go"))
    events = read_events(tmp_path / "log.jsonl")
    assert events[0]["figures"] == {"error": 0.5}
    assert [(event["step"], event["done"]) for event in events[-2:]] == [("sum", 1000), ("next", 0)]
    assert events[-1]["message"] == "on we go"
    assert len(events) < 100


def test_a_torn_line_is_not_read_and_is_cut_off_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    EventLog(path)(Progress("a", 1, 1))
    with path.open("a") as handle:
        handle.write('{"time": 1.0, "st')
    assert [event["step"] for event in read_events(path)] == ["a"]
    EventLog(path)(Progress("b", 1, 1))
    assert [event["step"] for event in read_events(path)] == ["a", "b"]


def test_a_follower_sees_everything_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log, steps = EventLog(path), iter("abc")

    def finished() -> bool:
        step = next(steps, "")
        if step:
            log(Progress(step, 1, 1))
        return not step

    assert [event["step"] for event in follow(path, finished, every=0)] == ["a", "b", "c"]


def test_time_left_counts_the_last_run_of_one_step() -> None:
    def event(time: float, step: str, done: int) -> dict:
        return {"time": time, "step": step, "done": done, "total": 10}

    assert pace([]) is None
    assert pace([event(0, "a", 0)], now=1).seconds_left is None
    # Killed at 2 of 10, begun again an hour later: the pause is no work.
    events = [event(0, "a", 0), event(10, "a", 2), event(3600, "start", 0), event(3601, "a", 2), event(3611, "a", 4)]
    now = pace(events, now=3613)
    assert (now.step, now.done, now.total) == ("a", 4, 10)
    assert now.seconds_left == pytest.approx(10 / 2 * 6 - 2)


def test_all_reporters_are_told() -> None:
    one, two = [], []
    fan_out(one.append, two.append)(Progress("a", 1, 1))
    assert one == two == [Progress("a", 1, 1)]
