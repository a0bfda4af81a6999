"""What a verb says when it is done: a few lines for a person, or one line of JSON for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vitreous.pipeline.project import Finished
from vitreous.pipeline.record import Record
from vitreous.pipeline.session import Planned


def job(record: Record, paths: Mapping[str, Sequence[Path]], *, as_json: bool) -> None:
    """Tell of one finished job."""
    if as_json:
        _line(record.folder, paths, record.figures)
        return
    seconds = record.used.get("wall_seconds", 0.0)
    print(f"{record.job} done in {duration(seconds)}{f': {record.stop}' if record.stop else ''}")
    _lines({name: _shown(files) for name, files in paths.items()} | dict(record.figures))
    _remarks(record)


def _remarks(record: Record) -> None:
    """What a job set aside, and what it warns of."""
    for item in record.quarantine:
        print(f"  set aside: {item['item']}: {item['reason']}")
    for warning in record.warnings:
        print(f"  warning: {warning}")


def finished(project: Path, done: Finished, *, as_json: bool) -> None:
    """Tell of a request that is done."""
    if done.final is None:
        last = list(done.records.values())[-1]
        for record in () if as_json else list(done.records.values())[:-1]:
            if record.quarantine or record.warnings:
                print(f"{record.job}:")
                _remarks(record)
        job(last, {port: last.files(port) for port in last.outputs}, as_json=as_json)
        return
    files = {path.stem: [path] for path in sorted(done.final.iterdir()) if path.is_file()}
    if as_json:
        _line(done.final, files, done.figures)
        return
    if "verdict" in done.figures and "report" in files:
        _closing(files, done.figures)
        return
    print(f"{project.name} done: {done.final}")
    _lines({path.name: path for paths in files.values() for path in paths})
    _lines({name: value for name, value in done.figures.items() if isinstance(value, (int, float, str))})


def _closing(files: Mapping[str, Sequence[Path]], figures: Mapping[str, Any]) -> None:
    """Two lines: where the map is and how good it is, where the report is and whether it warns."""
    maps = [files[name][0] for name in ("map_sharpened", "map") if name in files]
    aside = [f"{count} {word}" for count, word in _counts(figures) if count]
    rows = [("map", maps[0], figures["verdict"])] if maps else []
    rows.append(("report", files["report"][0], ", ".join(aside)))
    width = max(len(_near(path)) for _, path, _ in rows)
    for name, path, words in rows:
        print(f"{name:<6}  {_near(path):<{width}}  {words}".rstrip())


def _counts(figures: Mapping[str, Any]) -> list[tuple[int, str]]:
    warnings, aside = len(figures.get("warnings", ())), len(figures.get("quarantined", ()))
    return [(warnings, "warning" if warnings == 1 else "warnings"), (aside, "input set aside" if aside == 1 else "inputs set aside")]


def _near(path: Path) -> str:
    """The path from here, where it lies below; whole otherwise."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def plan(steps: Sequence[Planned], *, as_json: bool = False, aside: bool = False) -> None:
    """Tell what is going to be done; ``aside`` sends it to standard error."""
    if as_json:
        print(json.dumps({"steps": [_planned(each) for each in steps]}, ensure_ascii=False))
        return
    out = sys.stderr if aside else sys.stdout
    width = max(len(each.step.stage) for each in steps)
    for each in steps:
        need = f"about {duration(each.estimate.seconds)}, {size(each.estimate.memory)} of memory" if each.estimate else ""
        print(f"  {each.step.stage:<{width}}  {f'done: {each.done}' if each.done else need or 'to do'}", file=out)
    waiting = [each.estimate for each in steps if each.estimate and not each.done]
    if waiting:
        most = max(each.memory for each in waiting)
        print(f"  in all about {duration(sum(each.seconds for each in waiting))}, up to {size(most)} of memory", file=out)


def _planned(each: Planned) -> dict[str, Any]:
    estimate = vars(each.estimate) if each.estimate else None
    return {"stage": each.step.stage, "job": each.step.job.name, "done": each.done, "estimate": estimate}


def session(told: Mapping[str, Any]) -> list[str]:
    """Tell of a live session, from its ``live.json``: what came of the movies, whether it keeps pace, how long the disk will do."""
    waits, aside = told["queued"] + len(told["waiting"]), len(told["set_aside"])
    lag, disk = told["lag_seconds"], told["disk"]
    counts = f"{told['done']} of {told['arrived']} done, {waits} waiting, {aside} set aside"
    lines = [f"session of {told['folder']}: {told['message'] or told['state']}", f"  movies  {counts}; {told['particles']} particles"]
    if lag["median"] is not None:
        lines.append(f"  lag     {lag['now']:.0f} s, median {lag['median']:.0f} s, worst {lag['worst']:.0f} s; "
                     f"{told['movies_per_hour']:.0f} movies an hour")  # fmt: skip
    left = "" if disk["hours_left"] is None else f", for about {duration(3600 * disk['hours_left'])}"
    return [*lines, f"  disk    {size(disk['free_bytes'])} free{left}"]


def _line(folder: Path, paths: Mapping[str, Sequence[Path]], figures: Mapping[str, Any]) -> None:
    outputs = {name: str(files[0]) if len(files) == 1 else [str(path) for path in files] for name, files in paths.items()}
    print(json.dumps({"job": str(folder), "outputs": outputs, "figures": dict(figures)}, ensure_ascii=False))


def _lines(told: Mapping[str, Any]) -> None:
    width = max(map(len, told), default=0)
    for name, value in told.items():
        print(f"  {name:<{width}}  {value:.6g}" if isinstance(value, float) else f"  {name:<{width}}  {value}")


def _shown(files: Sequence[Path]) -> str:
    return str(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def number(value: float) -> str:
    """Write a number to four digits, and whole ones and thousands without an exponent.

    >>> number(2), number(0.0123456), number(22001.4), number(1234567)
    ('2', '0.01235', '22001', '1234567')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Write a time as a person says it.

    >>> duration(5), duration(130), duration(7300)
    ('5 s', '2 min 10 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Write a count of bytes: "3.2 GB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
