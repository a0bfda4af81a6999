"""The pages: each a module with ``router`` and, if it stands in the bar above every page, ``TAB``."""

from __future__ import annotations

from dataclasses import dataclass

#: Modules of this package, in the order in which their addresses are tried.
PAGES: tuple[str, ...] = (
    "graph", "jobs", "control", "maps", "session", "micrographs", "classes", "particles", "directions", "resolution", "files",
)  # fmt: skip


@dataclass(frozen=True)
class Tab:
    """An entry of the bar above every page.

    Parameters
    ----------
    title
        One or two words.
    path
        Of the page, from the root of the project page: "/micrographs".
    order
        Small numbers stand left; the graph has 0, the lessons 100.
    """

    title: str
    path: str
    order: int
