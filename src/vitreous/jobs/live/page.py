"""The page of a session: one HTML file that is replaced while it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

#: Rows of the table of the latest movies.
LATEST = 20
#: Seconds after which a browser loads the page again.
REFRESH = 30


def write_page(path: Path, told: Mapping[str, Any], judged: Sequence[Mapping[str, Any]], gallery: Path) -> None:
    """Write the page.

    Parameters
    ----------
    path
        The HTML file.
    told
        As in ``live.json``.
    judged
        The verdict on each movie, with its descriptors.
    gallery
        The picture of the class averages; it need not be there.
    """
    from vitreous.views.report import Report, Section, drawn
    from vitreous.views.report_html import write_report

    movies, over = told["movies"], told["state"] == "ended"
    sections = [Section(title="Course", items=_course(movies, judged))] if movies else []
    if gallery.exists():
        words = "Running averages of all particles so far, at low resolution: enough to see whether they are the particle."
        sections.append(Section(title="Averages", items=[drawn(gallery, title="Class averages", caption=words)]))
    if movies:
        pictures = _pictures(path.parent, movies[-1]["name"])
        sections.append(Section(title="Latest movies", items=[*pictures, _table(movies[-LATEST:][::-1])]))
    write_report(path, Report(
        title="Session", subtitle=_subtitle(told), headline=_headline(told), warnings=_warnings(told, over=over), sections=sections,
        quarantine=[(Path(each["path"]).name, each["reason"]) for each in told["set_aside"]], refresh=0 if over else REFRESH,
    ))  # fmt: skip


def _subtitle(told: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(told["updated"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"{told['folder']}, as of {at}: {told['message'] or told['state']}"


def _headline(told: Mapping[str, Any]) -> list[Any]:
    from vitreous.views.report import Headline

    lag, disk = told["lag_seconds"], told["disk"]
    left = "" if disk["hours_left"] is None else f"for about {disk['hours_left']:.0f} h"
    waits = told["queued"] + len(told["waiting"])
    return [
        Headline("Movies done", str(told["done"]), note=f"{told['arrived']} arrived, {waits} waiting, {len(told['set_aside'])} set aside"),
        Headline("Particles", str(told["particles"])),
        Headline("Lag", _number(lag["now"]), "s", f"median {_number(lag['median'])} s, worst {_number(lag['worst'])} s"),
        Headline("Pace", f"{told['movies_per_hour']:.0f}", "movies/h"),
        Headline("Disk", f"{disk['free_bytes'] / 1e9:.0f}", "GB free", left),
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _warnings(told: Mapping[str, Any], *, over: bool) -> tuple[str, ...]:
    held = () if over or not told["message"] else (told["message"],)
    return (*held, *told.get("warnings", ()))


def _course(movies: Sequence[Mapping[str, Any]], judged: Sequence[Mapping[str, Any]]) -> list[Any]:
    from vitreous.views.pace import pace_figure
    from vitreous.views.session_course import course_figure

    return [course_figure(judged), pace_figure([each["lag_seconds"] for each in movies], [each["particles"] for each in movies])]


def _pictures(folder: Path, name: str) -> list[Any]:
    """The micrograph and the rings of one movie, if they are there."""
    from vitreous.views.report import drawn

    shown = (
        (folder / "thumbnails" / f"{name}.png", "the sum of the frames; areas that are spoiled are outlined."),
        (folder / "ctf" / f"{name}_spectrum.png", "its rings, measured on the left and fitted on the right: they must meet."),
    )
    return [drawn(file, title=name, caption=words.capitalize(), width="half") for file, words in shown if file.exists()]


def _table(movies: Sequence[Mapping[str, Any]]) -> Any:
    from vitreous.views.report import Table

    columns = ("Movie", "Arrived", "Motion (Å)", "Defocus (µm)", "Rings to (Å)", "Particles", "Lag (s)", "Remarks")
    rows = [
        (each["name"], datetime.fromtimestamp(each["arrived"]).astimezone().strftime("%H:%M"), f"{each['motion_angstrom']:.1f}",
         f"{each['defocus_angstrom'] / 1e4:.2f}", f"{each['resolution_angstrom']:.1f}", str(each["particles"]),
         f"{each['lag_seconds']:.0f}", ": ".join(filter(None, [each["verdict"], "; ".join(each["reasons"])])))
        for each in movies
    ]  # fmt: skip
    return Table(columns=columns, rows=rows)
