"""The learning room and its lessons in the browser: they show their figures, answer a slider, and ask nothing of other machines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lesson_in_browser import move_slider, open_lesson
from system_browser import seeing, serving_apart

from vitreous.learning import syllabus
from vitreous.learning.exercise import judge
from vitreous.learning.exercises.ctf import CTF
from vitreous.lessons import FOLDER

LESSONS = [each.id for each in syllabus.lessons() if (FOLDER / f"{each.module}.py").is_file()]
#: The one that is looked at each time; the others in the long run.
FIRST = "ctf-blur"


@pytest.fixture(scope="module")
def room(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and token of a page with lessons, whose progress is kept apart."""
    pytest.importorskip("marimo", reason="the extra learn is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        with serving_apart(project) as (address, token, _):
            yield address, token


@pytest.mark.parametrize("path", ["/learn/", "/learn/bibliography"])
def test_the_room_is_quiet_and_readable(browser: Any, room: tuple[str, str], path: str) -> None:
    with seeing(browser, *room) as seen:
        seen.go(path)
        for scheme in ("light", "dark"):
            seen.page.emulate_media(color_scheme=scheme)
            assert seen.serious() == [], scheme
        assert seen.clean() == []


def test_an_exercise_is_checked_and_says_what_is_wrong(browser: Any, room: tuple[str, str]) -> None:
    with seeing(browser, *room) as seen:
        open_lesson(seen, FIRST)
        page = seen.page
        editor, check = page.get_by_role("textbox", name="Your function").first, page.get_by_role("button", name="Check").first
        assert f"def {CTF.name}(" in editor.inner_text()
        for written in (CTF.mistakes[0].code, CTF.solution):
            editor.click()
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.insert_text(written.strip())
            check.click()
            said = judge(CTF, written)
            page.get_by_text(said.text).wait_for()
        assert said.right


@pytest.mark.parametrize("lesson", [pytest.param(each, marks=() if each == FIRST else pytest.mark.long) for each in LESSONS])
def test_lesson_answers_a_slider_and_keeps_to_itself(browser: Any, room: tuple[str, str], lesson: str) -> None:
    with seeing(browser, *room) as seen:
        open_lesson(seen, lesson)
        assert "BrokenClaim" not in seen.page.inner_text("body")
        assert "Traceback" not in seen.page.inner_text("body")
        if seen.page.get_by_role("slider").count():
            move_slider(seen.page)
        assert seen.serious() == []
        assert seen.outside == []
        assert seen.failed == []
        assert [each for each in seen.console if each.startswith("error")] == []
