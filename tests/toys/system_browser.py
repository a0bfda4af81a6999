"""A page served to the system's own Chromium, and what a test wants to know of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = "a-token-of-the-tests"
#: Software rendering everywhere, so that pictures do not depend on the machine.
ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--force-color-profile=srgb")
WIDTH, HEIGHT = 1280, 900


def chromium() -> str | None:
    """Where the system's browser is; None if it has none, or if the package that drives it is absent."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return None
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[str]:
    """Serve a project on a free port of the loopback; gives the address."""
    from vitreous.jobs.registry import registry
    from vitreous.web.app import create_app
    from vitreous.web.server import Server, tcp_socket

    listener, ready = tcp_socket(0), threading.Event()
    server = Server(create_app(folder, registry(), token=TOKEN, **options), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    ready.wait(30)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def serving_apart(folder: Path, *words: str) -> Iterator[tuple[str, str, subprocess.Popen]]:
    """Serve a project as a user does, in a process of its own; gives the address, the token and the process."""
    command = [str(Path(sys.executable).with_name("vitreous")), "serve", str(folder), "--json", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        link = json.loads(next(line for line in process.stdout if line.startswith("{")))["url"]
        address, _, token = link.partition("/?token=")
        yield address, token, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@dataclass
class Seen:
    """A page of the browser, and what it said and asked for while it was open."""

    page: Any
    address: str
    token: str = TOKEN
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("response", lambda answer: self.failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.outside.append(url)

    def go(self, path: str, *, until: str = "load") -> None:
        """Open a page of the server; not until it is silent, which one that listens for news never is."""
        mark = "&" if "?" in path else "?"
        self.page.goto(f"{self.address}{path}{mark}token={self.token}", wait_until=until)

    def clean(self) -> list[str]:
        """Everything that should not have been: words in the console, requests to elsewhere, answers that failed."""
        return [*self.console, *self.outside, *self.failed]

    def serious(self) -> list[str]:
        """What axe finds serious or critical on the page as it is, each with the element."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {node['html'][:150]} {node.get('failureSummary', '')[:300]}" for each in found
                if each["impact"] in ("serious", "critical") for node in each["nodes"]]  # fmt: skip


@contextmanager
def browsing(executable: str) -> Iterator[Any]:
    """A browser to open pages in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def seeing(browser: Any, address: str, token: str = TOKEN, *, scheme: str = "light", **context: Any) -> Iterator[Seen]:
    """A page of its own, in light or dark."""
    opened = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, reduced_motion="reduce", **context)
    opened.set_default_timeout(60_000)
    yield Seen(opened.new_page(), address, token)
    opened.close()
