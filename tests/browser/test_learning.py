"""The learning room and a lesson beside a project, in the browser: quiet, readable, and moving with its sliders."""

from __future__ import annotations

from typing import Any

import pytest
from system_browser import Seen, seeing

#: marimo announces pictures of its own that it then does not use, and browsers say so; axe's words on its parts are not ours to mend.
IDLE_WORDS = "was preloaded using link preload"
OURS = "vitreous"


def _quiet(seen: Seen) -> list[str]:
    """What should not have been; marimo tells the console how it starts, which is neither an error nor a warning."""
    return [each for each in seen.clean() if IDLE_WORDS not in each and not each.startswith(("log:", "info:", "debug:"))]


@pytest.mark.parametrize("path", ["/learn/", "/learn/bibliography"])
def test_the_room_is_quiet_and_readable(browser: Any, address: str, path: str) -> None:
    with seeing(browser, address) as seen:
        seen.go(path)
        assert seen.page.locator("h1").count() == 1
        for scheme in ("light", "dark"):
            seen.page.emulate_media(color_scheme=scheme)
            assert seen.serious() == [], scheme
        assert seen.clean() == []


def test_a_lesson_begins_with_the_readers_numbers_and_follows_its_slider(browser: Any, address: str) -> None:
    with seeing(browser, address) as seen:
        page = seen.page
        seen.go("/learn/ctf-blur/?defocus=12345")
        page.get_by_text("Back to the learning room").wait_for(timeout=180_000)
        figure, slider = page.locator(".vitreous-figure").first, page.get_by_role("slider").first
        # λ z k² = 1 − asin(Q) / π at the first zero, the lens' own aberration neglected: 1 / k = 15.8 Å for 12 345 Å at 300 kV.
        assert "first zero is at 15.8" in figure.inner_text()
        slider.press("ArrowRight")
        page.wait_for_function("!document.querySelector('.vitreous-figure').innerText.includes('zero is at 15.8')", timeout=60_000)
        assert _quiet(seen) == []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(500)
            assert [each for each in seen.serious() if OURS in each] == [], scheme
