"""How long each lesson takes to show its first figure, and a slider to change one: in the system's Chromium, the server beside it.

For each lesson: seconds until the first figure (of the first lesson, with marimo's own start), and of each slider the seconds until a
figure is another one after a step, with the processor time that the lesson itself took for it.

    python benchmarks/lessons.py [--lessons ctf-blur fourier-blur] [--pictures FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "toys"))
from lesson_in_browser import move_slider, open_lesson
from made_project import make_project
from system_browser import WIDTH, browsing, chromium, seeing, serving_apart

from vitreous.learning import syllabus
from vitreous.lessons import FOLDER

#: Seconds after which a slider is taken to change no figure.
PATIENCE = 5.0


def spent(server: int) -> float:
    """Processor seconds of the server and its children so far."""
    own = psutil.Process(server)
    return sum(sum(each.cpu_times()[:2]) for each in (own, *own.children(recursive=True)))


def settle(page: Any, server: int) -> None:
    """Wait until the lesson has computed all of its cells: the server has done next to nothing for a second."""
    before = -1.0
    while (now := spent(server)) > before + 0.1:
        before = now
        page.wait_for_timeout(1000)


def steps(page: Any, server: int) -> list[str]:
    """Seconds and processor seconds of a step of each slider."""
    found = []
    for number in range(page.get_by_role("slider").count()):
        began = spent(server)
        try:
            took = move_slider(page, number, patience=PATIENCE)
        except AssertionError:
            found.append(f"{number + 1}: no figure changed")
            continue
        found.append(f"{took:.2f} ({spent(server) - began:.2f})")
    return found


def picture(page: Any, stem: Path) -> None:
    """A lesson from top to end in a window as high as it is, in light and in dark; marimo scrolls inside of a box."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    height = page.evaluate("() => Math.max(...[...document.querySelectorAll('*')].map((each) => each.scrollHeight))")
    page.set_viewport_size({"width": WIDTH, "height": height})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(2000)
        page.screenshot(path=f"{stem}_{scheme}.png")


def main() -> None:
    """Open all lessons, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lessons", nargs="*", help="instead of all")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each, in light and in dark")
    given = parser.parse_args()
    there = [each.id for each in syllabus.lessons() if (FOLDER / f"{each.module}.py").is_file()]
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "toy")
        with serving_apart(project) as (address, token, process), browsing(chromium()) as browser:
            for lesson in given.lessons or there:
                with seeing(browser, address, token) as seen:
                    first = open_lesson(seen, lesson)
                    settle(seen.page, process.pid)
                    print(f"{lesson:<26}{first:7.1f} s   steps, s (processor): {', '.join(steps(seen.page, process.pid))}", flush=True)
                    if given.pictures:
                        picture(seen.page, given.pictures / lesson)


if __name__ == "__main__":
    main()
