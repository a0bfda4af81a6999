"""How long each page of a large project takes, and how much memory its server: 10 000 micrographs and 1 000 000 particles, made by code.

The server runs as a process of its own, as a user starts it; the pages are opened in the system's Chromium. For each page, asked for the
first time and again: seconds until the page itself has arrived, until its last answer has (that of data that it fetches by itself too,
streams of news apart), the slowest of the answers, and the server's memory after it.

    python benchmarks/web.py [--folder build/benchmarks/web] [--micrographs 10000] [--particles 1000000] [--pages /maps /particles]
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "toys"))
from made_project import make_project
from system_browser import browsing, chromium, seeing, serving_apart

from vitreous.web.pages import PAGES

#: Seconds without an answer after which a page is taken to have all of its data, and the most that is waited for.
QUIET, MOST = 1.5, 40.0


@dataclass(frozen=True)
class Visit:
    """What one visit of a page took, in seconds and MB."""

    page: float
    data: float
    slowest: float
    slowest_of: str
    memory: float


def memory(process: subprocess.Popen) -> float:
    """MB in use by the server and its children."""
    server = psutil.Process(process.pid)
    return sum(each.memory_info().rss for each in [server, *server.children(recursive=True)]) / 1e6


def visit(page: Any, address: str, path: str, process: subprocess.Popen) -> Visit:
    """Open a page and wait until its data is there."""
    answers: list[tuple[float, float, str]] = []
    asked: dict[Any, float] = {}

    def done(request: Any) -> None:
        now = time.perf_counter()
        # What the page before had not finished is no answer of this one.
        if request not in asked:
            return
        answers.append((now, now - asked[request], request.url.removeprefix(address)))

    def begun(request: Any) -> None:
        asked[request] = time.perf_counter()

    page.on("request", begun)
    page.on("requestfinished", done)
    page.on("requestfailed", done)
    began = time.perf_counter()
    page.goto(address + path, wait_until="commit")
    arrived = time.perf_counter() - began
    while time.perf_counter() - began < MOST:
        page.wait_for_timeout(200)
        waiting = len(asked) - len(answers) - sum(each.resource_type == "eventsource" for each in asked)
        if answers and waiting <= 0 and time.perf_counter() - answers[-1][0] > QUIET:
            break
    page.remove_listener("request", begun)
    page.remove_listener("requestfinished", done)
    page.remove_listener("requestfailed", done)
    _, slowest, url = max(answers, key=lambda each: each[1])
    return Visit(arrived, answers[-1][0] - began, slowest, url, memory(process))


def measure(project: Path, pages: list[str]) -> float:
    """Print a table of all pages; gives the most memory that was met."""
    with serving_apart(project, "--no-learn") as (address, token, process), browsing(chromium()) as browser:
        most = memory(process)
        print(f"server, before any page: {most:.0f} MB", flush=True)
        print(f"{'page':<28}{'page (s)':>9}{'data (s)':>9}{'slowest (s)':>12}  {'of':<40}{'MB':>6}")
        with seeing(browser, address, token) as seen:
            seen.go("/")
            for path in pages:
                for which in ("first", "again"):
                    took = visit(seen.page, address, path, process)
                    most = max(most, took.memory)
                    print(f"{path + ' ' + which:<28}{took.page:9.2f}{took.data:9.2f}{took.slowest:12.2f}  {took.slowest_of[:38]:<40}"
                          f"{took.memory:6.0f}", flush=True)  # fmt: skip
        return most


def main() -> None:
    """Make the project if it is not there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/web"))
    parser.add_argument("--micrographs", type=int, default=10_000)
    parser.add_argument("--particles", type=int, default=1_000_000)
    parser.add_argument("--pages", nargs="*", help="instead of all")
    given = parser.parse_args()
    project = given.folder / f"{given.micrographs}x{given.particles}"
    if not project.exists():
        project.parent.mkdir(parents=True, exist_ok=True)
        make_project(project, micrographs=given.micrographs, particles=given.particles)
    tabs = [getattr(importlib.import_module(f"vitreous.web.pages.{name}"), "TAB", None) for name in PAGES]
    pages = given.pages or [tab.path for tab in sorted(filter(None, tabs), key=lambda tab: tab.order)]
    print(f"most memory: {measure(project, pages):.0f} MB")


if __name__ == "__main__":
    main()
