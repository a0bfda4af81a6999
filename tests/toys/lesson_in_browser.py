"""A lesson opened in the browser, and a slider of it moved."""

from __future__ import annotations

import time
from typing import Any

from system_browser import Seen

#: All figures of the page as they are now.
FIGURES = "() => [...document.querySelectorAll('figure')].map((each) => each.innerHTML).join()"
#: Let ``changed`` be the milliseconds from the next key until a figure is another one and painted; null after those given. Figures are
#: looked at only when something in one has changed, for looking takes time from what is measured.
AWAIT_CHANGE = f"""
(most) => {{
  const figures = {FIGURES}, before = figures();
  let began;
  document.addEventListener("keydown", () => {{ began = performance.now(); }}, {{ capture: true, once: true }});
  window.changed = new Promise((resolve) => {{
    const given_up = setTimeout(() => {{ looks.disconnect(); resolve(null); }}, most);
    const holds = (node) => node.nodeType === 1 && (node.closest("figure") || node.querySelector("figure"));
    const concerns = (change) => change.target.parentElement?.closest("figure") || [...change.addedNodes].some(holds);
    const looks = new MutationObserver((changes) => {{
      if (!changes.some(concerns) || figures() === before) return;
      looks.disconnect();
      clearTimeout(given_up);
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    }});
    looks.observe(document, {{ childList: true, subtree: true, characterData: true, attributes: true }});
  }});
}}
"""
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


def move_slider(page: Any, number: int = 0, *, patience: float = PATIENCE) -> float:
    """Move a slider by one step, down if it is at its end; gives the seconds until a figure is another one.

    Raises
    ------
    AssertionError
        If no figure changes.
    """
    slider = page.get_by_role("slider").nth(number)
    slider.focus()
    page.wait_for_timeout(500)  # the page has scrolled to it, and is painted, before a hand moves it
    at_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
    page.evaluate(AWAIT_CHANGE, 1000 * patience)
    page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
    took = page.evaluate("() => window.changed")
    assert took is not None, "no figure changed"
    return took / 1000
