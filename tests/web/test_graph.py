"""The drawing of jobs: which lane what takes, and that no two overlap."""

from __future__ import annotations

import re
from itertools import combinations

from vitreous.web.graph import Lane, drawing, lanes, parents_in_words
from vitreous.web.state import JobState


def jobs(*parents: str) -> list[JobState]:
    """Jobs "0", "1" …, each with its parents named by digits."""
    return [
        JobState(job=str(row), type="t", stage="s", state="done", parents=tuple((name, "out", f"in {name}") for name in names))
        for row, names in enumerate(parents)
    ]


def test_neighbours_are_joined_directly_and_others_by_lanes() -> None:
    assert lanes(jobs("", "0", "1")) == [Lane(0, (1,), 0), Lane(1, (2,), 0)]
    assert lanes(jobs("", "0", "01")) == [Lane(0, (1, 2), 1), Lane(1, (2,), 0)]


def test_a_lane_is_used_again_where_it_is_free() -> None:
    # 0 -> 2 ends where 2 -> 4 begins.
    assert lanes(jobs("", "", "0", "", "2")) == [Lane(0, (2,), 1), Lane(2, (4,), 1)]


def test_lanes_that_overlap_lie_apart() -> None:
    placed = lanes(jobs("", "0", "0", "01", "012", "0134", "2", "05"))
    for one, other in combinations([lane for lane in placed if lane.place], 2):
        overlap = one.source < other.users[-1] and other.source < one.users[-1]
        assert not (overlap and one.place == other.place), (one, other)


def test_a_parent_that_is_gone_draws_nothing() -> None:
    assert lanes(jobs("", "7")) == []


def test_each_input_has_its_line_and_each_job_its_point() -> None:
    drawn = drawing(jobs("", "0", "01"))
    assert set(re.findall(r'data-from="(\d)" data-to="(\d)"', drawn)) == {("0", "1"), ("0", "2"), ("1", "2")}
    assert drawn.count('class="point done"') == 3
    assert "<script" not in drawing([JobState(job='"><script>', type="t", stage="s", state="failed"), *jobs("")])


def test_no_jobs_make_an_empty_drawing() -> None:
    assert "<path" not in drawing([])


def test_parents_are_named_once_with_all_they_give() -> None:
    job = JobState(job="9", type="t", stage="s", state="done", parents=(("4", "a", "half1"), ("4", "b", "half2"), ("5", "m", "mask")))
    assert parents_in_words(job) == [("4", "half-map 1, half-map 2"), ("5", "mask")]
