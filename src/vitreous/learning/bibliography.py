"""The annotated bibliography: works by theme, each with a sentence on what it is good for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Work:
    """A paper, book or course, where to find it, and what it is good for."""

    text: str
    note: str
    link: str = ""


@dataclass(frozen=True)
class Theme:
    """Works that belong together."""

    title: str
    works: tuple[Work, ...]


@cache
def themes() -> tuple[Theme, ...]:
    """All themes, from the first steps on."""
    data = tomllib.loads(files("vitreous.learning").joinpath("bibliography.toml").read_text(encoding="utf-8"))
    return tuple(Theme(row["title"], tuple(Work(**each) for each in row["works"])) for row in data["theme"])
