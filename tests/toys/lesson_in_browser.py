"""A lesson opened in the browser, and a slider of it moved."""

from __future__ import annotations

import time
from typing import Any

from system_browser import Seen

#: All figures of the page as they are now.
FIGURES = "() => [...document.querySelectorAll('figure')].map((each) => each.innerHTML).join()"
#: Seconds that a lesson may take to show its first figure, or a new one, on a machine that does other work as well.
PATIENCE = 120.0


def open_lesson(seen: Seen, lesson: str) -> float:
    """Open a lesson and wait until its figures stand still; gives the seconds until the first was there."""
    began = time.perf_counter()
    seen.go(f"/learn/{lesson}/", until="commit")
    seen.page.locator("figure").first.wait_for(timeout=1000 * PATIENCE)
    first = time.perf_counter() - began
    before = ""
    while (now := seen.page.evaluate(FIGURES)) != before:
        before = now
        seen.page.wait_for_timeout(1500)
    return first


def move_slider(page: Any, number: int = 0) -> float:
    """Move a slider by one step; gives the seconds until a figure is another one.

    Raises
    ------
    AssertionError
        If no figure changes.
    """
    before = page.evaluate(FIGURES)
    page.get_by_role("slider").nth(number).focus()
    began = time.perf_counter()
    page.keyboard.press("ArrowRight")
    while page.evaluate(FIGURES) == before:
        assert time.perf_counter() - began < PATIENCE, "no figure changed"
        page.wait_for_timeout(20)
    return time.perf_counter() - began
