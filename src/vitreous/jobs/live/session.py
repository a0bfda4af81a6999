"""A live session: the parts put together, and what is shown of it.

The session lives in the folder ``live`` of its project and outlasts the job that began it: its lists grow as long as movies arrive,
whereas a finished job never changes. Each ``vitreous watch`` is therefore a job of its own that takes up the session's records, does
what has arrived since, and leaves the lists as they stand at its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from vitreous.jobs import align_movies
from vitreous.jobs.live.averages import Gallery
from vitreous.jobs.live.movie import through
from vitreous.jobs.live.page import write_page
from vitreous.jobs.live.plan import Plan, check_same, make_plan, taken_up
from vitreous.jobs.live.products import write_lists
from vitreous.jobs.live.room import Room
from vitreous.jobs.live.status import late, row, sentence, state
from vitreous.jobs.micrograph_list import stem
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.context import Context
from vitreous.pipeline.conveyor import LOOK_SECONDS, STEP, Conveyor
from vitreous.pipeline.inbox import Inbox, Rules
from vitreous.pipeline.ledger import Item, Ledger
from vitreous.runtime.files import remove_left_over, write_json
from vitreous.runtime.progress import Progress

if TYPE_CHECKING:
    from vitreous.jobs.watch import Watch

FOLDER = "live"
#: A list or page is written again when this many times the time it took has passed, and no sooner than after so many seconds.
REST, LEAST = 20.0, 5.0
#: Seconds after which ``live.json`` is written again although nothing has changed, to show that somebody is there.
ALIVE = 30.0


class LiveSession:
    """The session of a project.

    Parameters
    ----------
    params, gain, context
        Of the job.

    Raises
    ------
    InputError
        If the project's session was begun with other parameters or another gain reference.
    """

    def __init__(self, params: Watch, gain: Path | None, context: Context) -> None:
        from vitreous.io.whole import why_not_whole

        self.folder = context.project / FOLDER
        self.folder.mkdir(exist_ok=True)
        remove_left_over(self.folder)
        params, self._taken = taken_up(self.folder, params)
        self.params, self.context, self.gain = params, context, gain
        check_same(self.folder, params, gain, context.seed)
        self.ledger = Ledger(State(self.folder / "state"), stem)
        self.rows = {name: row(name, value) for name, value in self.ledger.done.items()}
        self.room = Room(folder=context.project, reserve=1e9 * params.reserve, raw=params.folder)
        for value in self.ledger.done.values():
            self.room.add(value["bytes"], value["size"])
        self.gallery = Gallery(self.folder, params.diameter, params.classes, context.seed)
        self._lists, self._page, self._status, self._pictures = (Seldom() for _ in range(4))
        self._plan: Plan | None = None
        self._told: tuple[str, ...] = ()
        self._judged: dict[str, dict[str, Any]] = {}
        rules = Rules(patterns=params.pattern, recursive=params.recursive, settle=params.settle, patience=params.patience,
                      companion=params.companion, left_out=tuple(filter(None, (gain, context.project))))  # fmt: skip
        self.conveyor = Conveyor(
            context=context, inbox=Inbox(params.folder, rules, why_not_whole), ledger=self.ledger, work=self.work,
            finished=self.finished, hold=self.hold, tell=self.tell, at_once=params.at_once,
            look_seconds=min(LOOK_SECONDS, params.settle / 2),
        )  # fmt: skip

    def run(self) -> str:
        """Work until there is a reason to end, and give it."""
        self._say(f"watching {self.params.folder}; {len(self.ledger.done)} movies are done already" if self.ledger.done else
                  f"watching {self.params.folder}")  # fmt: skip
        self._grow()
        return self.conveyor.run(self.over)

    def over(self) -> str:
        """Why the session ends now, "" if it goes on."""
        params, seen = self.params, len(self.ledger.done) + len(self.ledger.aside)
        if params.movies is not None and seen >= params.movies:
            return f"{seen} movies were processed or set aside"
        idle = params.until_idle is not None and time.time() - self.conveyor.active > 60 * params.until_idle
        return f"nothing arrived for {params.until_idle:g} min" if idle else ""

    def work(self, batch: Sequence[Item]) -> Callable[[Item], dict[str, Any]]:
        """What is done with each movie; the first one says which size they have."""
        if self._plan is None or self._plan.like.shape is None:
            self._plan, self._told = make_plan(self.params, self.gain, self.folder, self.context, batch)
        return partial(through, self._plan)

    def finished(self, name: str, value: dict[str, Any]) -> None:
        """Show that a movie is done."""
        told = self.rows[name] = row(name, value)
        align_movies.quarantine_frames(value["align"], self.context)
        self.room.add(value["bytes"], value["size"])
        self._say(sentence(told), {"lag_seconds": told["lag_seconds"]})
        self._grow()

    def hold(self) -> str:
        """Why no movie is to be begun now."""
        return self.room.hold(self.params.at_once)

    def tell(self, ended: str = "") -> None:
        """Replace the lists, the page and ``live.json``, each as often as is reasonable."""
        done = len(self.ledger.done)
        self._lists(self._write_lists, done, at_once=bool(ended))
        self._pictures(self.gallery.draw, self.gallery.movies, at_once=bool(ended))
        told = state(self.conveyor, self.rows, self.room, ended) | {"warnings": list(self.warnings(ended=bool(ended)))}
        seen = {name: told[name] for name in ("state", "message", "arrived", "done", "queued", "waiting", "set_aside", "warnings")}
        alive = told["updated"] // ALIVE
        self._status(lambda: write_json(self.folder / "live.json", told), (seen, alive), at_once=bool(ended))
        self._page(lambda: self._write_page(told), seen, at_once=bool(ended))

    def close(self, reason: str) -> None:
        """Keep all there is, and show how it ended."""
        self.gallery.save()
        self.tell(ended=reason)

    def figures(self) -> dict[str, Any]:
        """Numbers of the session."""
        rows = list(self.rows.values())
        told = {"movie_count": self.ledger.arrived, "micrograph_count": len(rows), "set_aside_count": len(self.ledger.aside),
                "particle_count": sum(each["particles"] for each in rows)}  # fmt: skip
        if rows:
            told |= {f"median_{name}": median(each[name] for each in rows) for name in
                     ("motion_angstrom", "defocus_angstrom", "resolution_angstrom", "lag_seconds")}  # fmt: skip
            told["worst_lag_seconds"] = max(each["lag_seconds"] for each in rows)
        return told

    def warnings(self, *, ended: bool) -> tuple[str, ...]:
        """What may be wrong with all of it."""
        aligned = [told["align"] for told in self.ledger.done.values()]
        assumed = align_movies.warnings(self.params.align(), self.gain, aligned or None)
        return (*self._taken, *assumed, *self._told, *late(self.conveyor.inbox, time.time(), ended=ended))

    def _grow(self) -> None:
        """Bring the averages up to all that is done."""
        for problem in self.gallery.take(self.ledger.done):
            self._say(problem)

    def _write_lists(self) -> None:
        self._judged = write_lists(self.folder, self.context.project, self.ledger.done)
        self.rows |= {name: row(name, self.ledger.done[name], verdict) for name, verdict in self._judged.items()}

    def _write_page(self, told: dict[str, Any]) -> None:
        judged = [self._judged.get(name) or self.ledger.done[name]["verdict"] for name in self.rows]
        write_page(self.folder / "session.html", told, judged, self.folder / "averages.png")

    def _say(self, message: str, figures: dict[str, float] | None = None) -> None:
        self.context.report(Progress(STEP, self.ledger.settled, self.ledger.arrived, figures or {}, message))


class Seldom:
    """Does something again when what it shows has changed, but not so often that it takes time away from the movies."""

    def __init__(self) -> None:
        self._shown: Any = None
        self._next = 0.0

    def __call__(self, do: Callable[[], object], shown: Any, *, at_once: bool = False) -> None:
        """Call ``do`` if ``shown`` differs from last time and enough time has passed, or ``at_once``."""
        began = time.monotonic()
        if not at_once and (shown == self._shown or began < self._next):
            return
        do()
        self._shown = shown
        self._next = time.monotonic() + max(LEAST, REST * (time.monotonic() - began))
