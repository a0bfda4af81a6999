"""What a session tells while it goes on: ``live.json``, replaced as a whole each time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from vitreous.jobs.live.room import Room
from vitreous.pipeline.conveyor import Conveyor
from vitreous.pipeline.inbox import Inbox

#: Version of the layout of ``live.json``.
LAYOUT = 1
#: Seconds over which the pace is counted.
RECENT = 3600.0


def row(name: str, value: Mapping[str, Any], verdict: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One movie as a row of a table, from what :func:`vitreous.jobs.live.movie.through` gave and its verdict among the others."""
    defocus, motion, verdict = value["ctf"]["defocus"], value["align"]["figures"], verdict or value["verdict"]
    return {
        "name": name,
        "path": value["path"],
        "arrived": value["arrived"],
        "finished": value["finished"],
        "lag_seconds": round(value["finished"] - value["arrived"], 2),
        "motion_angstrom": motion.get("motion_total_angstrom"),
        "defocus_angstrom": 0.5 * (defocus["u"] + defocus["v"]),
        "astigmatism_angstrom": defocus["u"] - defocus["v"],
        "resolution_angstrom": value["ctf"]["resolution_angstrom"],
        "flags": value["ctf"]["flags"],
        "verdict": verdict["verdict"],
        "score": verdict["score"],
        "reasons": [reason["sentence"] for reason in verdict["reasons"]],
        "picks": value["picks"],
        "particles": value["particles"],
        "seconds": value["seconds"],
    }


def sentence(told: Mapping[str, Any]) -> str:
    """A row in one line of a log."""
    aside = f"; {told['verdict']}: {'; '.join(told['reasons'])}" if told["reasons"] else ""
    fit = f"defocus {told['defocus_angstrom'] / 1e4:.2f} µm, rings to {told['resolution_angstrom']:.1f} Å"
    return (f"{told['name']}: motion {told['motion_angstrom']:.1f} Å, {fit}, {told['particles']} particles, "
            f"{told['lag_seconds']:.0f} s after it arrived{aside}")  # fmt: skip


def lag(rows: Mapping[str, Mapping[str, Any]], conveyor: Conveyor, now: float) -> dict[str, float | None]:
    """Seconds from arrival to the end of the last step: at present, the median, the worst.

    At present is the age of the oldest movie that waits for its turn; the lag of the last one where none does.
    """
    lags = [told["lag_seconds"] for told in rows.values()]
    oldest = min((item.arrived for item in conveyor.queue), default=None)
    present = now - oldest if oldest is not None else lags[-1] if lags else None
    return {"now": None if present is None else round(present, 2), "median": median(lags) if lags else None,
            "worst": max(lags) if lags else None}  # fmt: skip


def pace(rows: Mapping[str, Mapping[str, Any]], now: float) -> float:
    """Movies an hour: those of the last hour, over the time since the first of them arrived."""
    recent = [told for told in rows.values() if told["finished"] > now - RECENT]
    if not recent:
        return 0.0
    since = max(now - RECENT, min(told["arrived"] for told in recent))
    return round(3600 * len(recent) / max(now - since, 1.0), 1)


def late(inbox: Inbox, now: float, *, ended: bool) -> tuple[str, ...]:
    """A warning of files that have not arrived whole when half the patience with them is spent, or at all when it has ``ended``."""
    rules = inbox.rules
    since = now if ended else now - rules.settle - 0.5 * rules.patience
    waits = [f"{path.name}: {each.reason}" for path, each in inbox.waiting.items() if each.since <= since]
    return (f"{len(waits)} files were there but had not arrived whole: {'; '.join(waits[:5])}",) if waits else ()


def state(conveyor: Conveyor, rows: Mapping[str, Mapping[str, Any]], room: Room, ended: str) -> dict[str, Any]:
    """All that ``live.json`` holds; docs/live.md says what each name means."""
    now, ledger = time.time(), conveyor.ledger
    each_hour = pace(rows, now)
    return {
        "layout": LAYOUT,
        "updated": round(now, 3),
        "folder": str(conveyor.inbox.folder),
        "state": "ended" if ended else "held" if conveyor.held else "working" if conveyor.queue else "waiting",
        "message": ended or conveyor.held,
        "arrived": ledger.arrived,
        "done": len(ledger.done),
        "queued": len(conveyor.queue),
        "waiting": [{"path": str(path), "since": each.since, "reason": each.reason} for path, each in conveyor.inbox.waiting.items()],
        "set_aside": [{"path": path, "reason": reason} for path, reason in ledger.aside.items()],
        "particles": sum(told["particles"] for told in rows.values()),
        "movies_per_hour": each_hour,
        "lag_seconds": lag(rows, conveyor, now),
        "disk": room.told(each_hour),
        "movies": list(rows.values()),
    }
