"""A report as a value: what a run found, in the order in which a person asks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vitreous.errors import FormatError, require
from vitreous.views.figure import Figure


@dataclass(frozen=True)
class Headline:
    """One large number: "Resolution", "7.4", "Å", "95 %: 7.2 to 7.7 Å"."""

    label: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings that name their unit; numbers are set in columns as they are given.

    Parameters
    ----------
    columns
        Headings: "Defocus (µm)".
    rows
        Words, one for each column.
    caption
        What it lists.
    tones
        Of each row, if rows are verdicts: "pass", "warn", "fail", "not-done", or "" for none.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    tones: Sequence[str] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            require(len(row) == len(self.columns), "a table's row", list(row), f"of {len(self.columns)} cells")
        require(len(self.tones) in (0, len(self.rows)), "a table's tones", len(self.tones), f"one for each of {len(self.rows)} rows")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure that was drawn before: the bytes of a PNG or SVG file, and its words.

    Parameters
    ----------
    content
        Of the file.
    title, caption
        As in :class:`~vitreous.views.figure.Figure`.
    width
        "full" or "half" of a page.
    """

    content: bytes
    title: str
    caption: str
    width: str = "full"

    @property
    def media_type(self) -> str:
        """image/png or image/svg+xml."""
        return "image/png" if self.content.startswith(b"\x89PNG") else "image/svg+xml"


def drawn(path: str | Path, *, title: str = "", caption: str = "", width: str = "full") -> Drawn:
    """Read a PNG or SVG file; an SVG of :func:`~vitreous.views.render.save_figure` brings its title and caption along.

    Raises
    ------
    FormatError
        If the file is neither.
    """
    content = Path(path).read_bytes()
    if content.startswith(b"\x89PNG"):
        return Drawn(content=content, title=title or Path(path).stem, caption=caption, width=width)
    text = content.decode("utf-8", errors="replace")
    if not re.match(r"\s*(<\?xml[^>]*>\s*)?<svg", text):
        raise FormatError(path, "a picture must be PNG or SVG")
    from html import unescape

    found = {name: re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL) for name in ("title", "desc")}
    inside = {name: unescape(match[1]) if match else "" for name, match in found.items()}
    return Drawn(
        content=content, title=title or inside["title"] or Path(path).stem, caption=caption or inside["desc"], width=width
    )


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, a few sentences, and figures and tables in order; blank lines part paragraphs."""

    title: str
    text: str = ""
    items: Sequence[Figure | Drawn | Table] = ()


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What is needed to do it again.

    Parameters
    ----------
    command
        As typed.
    seed
        Of all chance.
    started, machine
        In words.
    versions, parameters
        Name to value.
    script
        The Python script that repeats the run.
    """

    command: str = ""
    seed: int | None = None
    started: str = ""
    machine: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    script: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of a report.

    Parameters
    ----------
    title, subtitle
        What was done, in one line each.
    headline
        The numbers that are asked for first.
    warnings
        Sentences in plain words; they come before everything else.
    hero
        The picture that is wanted first: the map.
    sections
        One for each step.
    truth
        For simulated input: the error of each step; empty otherwise.
    quarantine
        (item, reason) of inputs that were set aside.
    provenance
        How to repeat it.
    papers
        What to cite.
    refresh
        Seconds after which a browser loads the page again, for one that is replaced while work goes on; 0 for never.
    """

    title: str
    subtitle: str = ""
    headline: Sequence[Headline] = ()
    warnings: Sequence[str] = ()
    hero: Figure | Drawn | None = None
    sections: Sequence[Section] = ()
    truth: Sequence[Section] = ()
    quarantine: Sequence[tuple[str, str]] = ()
    provenance: Provenance = field(default_factory=Provenance)
    papers: Sequence[str] = ()
    refresh: int = 0
