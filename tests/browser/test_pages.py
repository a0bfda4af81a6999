"""Every page: nothing in the console, nothing asked of other machines, readable in light and dark, reached by keyboard."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from system_browser import seeing

from vitreous.web.pages import PAGES

TABS = sorted(tab.path for name in PAGES if (tab := getattr(importlib.import_module(f"vitreous.web.pages.{name}"), "TAB", None)))
#: Pages that no tab names.
OTHERS = ("/jobs/0007-refine", "/there-is-no-such-page")


@pytest.mark.parametrize("path", [*TABS, *OTHERS])
def test_page_is_quiet_keeps_to_itself_and_is_readable(browser: Any, address: str, path: str) -> None:
    with seeing(browser, address) as seen:
        seen.go(path)
        page = seen.page
        assert page.locator("h1").count() == 1
        assert page.title().endswith("· Vitreous")
        page.wait_for_timeout(300)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert seen.serious() == [], scheme
        # A page that is not there says so with 404, of which browsers tell the console.
        told = [each for each in seen.clean() if "404" not in each] if path == OTHERS[-1] else seen.clean()
        assert told == []


@pytest.mark.parametrize("path", TABS)
def test_everything_that_can_be_pressed_is_reached_by_tab(browser: Any, address: str, path: str) -> None:
    wanted = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((each) =>
        !each.disabled && each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true})
        && !(each.type === "radio" && !each.checked) && each.type !== "hidden").length"""
    with seeing(browser, address) as seen:
        seen.go(path)
        page = seen.page
        page.wait_for_timeout(300)
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.textContent.trim()")
        assert first == "Skip to the content"
        met = page.evaluate("""() => { window.met = new Set(); document.addEventListener("focusin", (e) => window.met.add(e.target));
            window.met.add(document.activeElement); return 1; }""")
        for _ in range(min(page.evaluate(wanted), 60) + 5):
            page.keyboard.press("Tab")
        met = page.evaluate("window.met.size")
        assert met >= min(page.evaluate(wanted), 60), f"only {met} of {page.evaluate(wanted)} were reached"
