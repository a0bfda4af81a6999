"""The job graph as a drawing: one row a job, and lines down the left side from each job to those that use what it made.

Jobs of a project stand in the order in which they were done, so every line runs downwards. What one job gives travels in a lane of its
own, from its row to the last row that uses it; lanes that do not overlap share a place, the nearest free one to the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from vitreous.views.palette import SERIES
from vitreous.web.state import JobState
from vitreous.web.words import spelled

#: Height of a row and distance of lanes, in pixels; style.css gives rows the same height.
ROW, LANE = 66, 15
#: Radius of the point of a job, and of the bends.
POINT, BEND = 6.5, 9
#: Distance of the points from the right edge of the drawing.
MARGIN = 16


@dataclass(frozen=True)
class Lane:
    """What the job in row ``source`` gives: the rows that use it, in order, and the place of its lane; 0 lies next to the points."""

    source: int
    users: tuple[int, ...]
    place: int


def lanes(jobs: Sequence[JobState]) -> list[Lane]:
    """Give each job whose results are used beyond the next row a place; rows that follow each other are joined directly.

    The direct line between neighbours has place 0, and other lanes start at 1.
    """
    row = {job.name: index for index, job in enumerate(jobs)}
    users: dict[int, set[int]] = {}
    for index, job in enumerate(jobs):
        for parent in {name for name, _, _ in job.parents if name in row}:
            users.setdefault(row[parent], set()).add(index)
    placed: list[Lane] = []
    for source, used in sorted(users.items()):
        if used == {source + 1}:
            placed.append(Lane(source, (source + 1,), 0))
            continue
        taken = {lane.place for lane in placed if lane.users[-1] > source}
        placed.append(Lane(source, tuple(sorted(used)), next(place for place in range(1, len(placed) + 2) if place not in taken)))
    return placed


def drawing(jobs: Sequence[JobState]) -> str:
    """Draw the lines and points as SVG; the words stand in the rows beside it."""
    drawn = lanes(jobs)
    width = 2 * MARGIN + LANE * max((lane.place for lane in drawn), default=0)
    lines = "".join(_lane(lane, jobs, width - MARGIN) for lane in drawn)
    points = "".join(_point(job, width - MARGIN, _middle(index)) for index, job in enumerate(jobs))
    height = ROW * len(jobs)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="rails" {size} aria-hidden="true" focusable="false">{lines}{points}</svg>'


def _middle(row: int) -> float:
    return (row + 0.5) * ROW


def _lane(lane: Lane, jobs: Sequence[JobState], x: float) -> str:
    """One line to each user, drawn over each other where they share the lane, so that each can be picked out by its two ends."""
    colour = SERIES[lane.source % len(SERIES)]
    out = x - LANE * lane.place
    paths = []
    for user in lane.users:
        top, bottom = _middle(lane.source), _middle(user)
        path = f"M{x} {top}V{bottom}" if not lane.place else (
            f"M{x} {top}C{x - LANE} {top + 2 * BEND} {out} {top + BEND} {out} {top + ROW / 2}V{bottom - ROW / 2}"
            f"C{out} {bottom - BEND} {x - LANE} {bottom - 2 * BEND} {x} {bottom}"
        )  # fmt: skip
        waits = " waits" if jobs[user].state == "waiting" else ""
        ends = f'data-from="{escape(jobs[lane.source].name)}" data-to="{escape(jobs[user].name)}"'
        paths.append(f'<path class="rail {colour}{waits}" {ends} d="{path}"/>')
    return "".join(paths)


def _point(job: JobState, x: float, y: float) -> str:
    """States differ in shape as well as in colour: ring, disc, cross, dash, dotted ring."""
    mark = {
        "failed": f'<path d="M{x - 3} {y - 3}l6 6m0-6l-6 6"/>',
        "interrupted": f'<path d="M{x - 3} {y}h6"/>',
        "cancelled": f'<path d="M{x - 3} {y}h6"/>',
        "done": f'<path d="M{x - 3.2} {y + 0.2}l2.2 2.4l4.2-4.8"/>',
    }.get(job.state, "")
    return f'<g class="point {job.state}"><circle cx="{x}" cy="{y}" r="{POINT}"/>{mark}</g>'


def parents_in_words(job: JobState) -> list[tuple[str, str]]:
    """Name each job that this one builds on, with what it takes from it: ("0008-select", "particles, averages")."""
    given: Mapping[str, list[str]] = {name: [] for name, _, _ in job.parents}
    for name, _, port in job.parents:
        given[name].append(spelled(port))
    return [(name, ", ".join(ports)) for name, ports in given.items()]
