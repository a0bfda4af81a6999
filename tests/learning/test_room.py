"""The learning room behind its guard: who gets in, what is offered, and what is remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_site import Site, served

from vitreous.learning import progress, syllabus
from vitreous.learning.headless import lesson_files
from vitreous.learning.room import learning_room
from vitreous.lessons import FOLDER
from vitreous.web.learning import create_learning_app

TOKEN = "a-secret_0123456789"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served(create_learning_app(token=TOKEN), TOKEN) as made:
        made.enter()
        yield made


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITREOUS_DATA", str(tmp_path))


def test_the_home_page_offers_every_lesson_and_lists_every_meeting(site: Site):
    assert site.get("/").headers["location"] == "/learn/"
    text = site.get("/learn/").text
    for file in lesson_files(FOLDER):
        assert f'href="{file.stem.replace("_", "-")}/"' in text
    for each in syllabus.questions():
        assert each.id in text
    assert len(set(re.findall(r' id="([^"]+)"', text))) == len(re.findall(r' id="([^"]+)"', text))
    assert "not yet interactive" in text
    assert "Variational autoencoders" in text


def test_lessons_are_marked_as_done_by_a_form_of_our_own_page_only(site: Site):
    assert site.post("/learn/done/ctf-blur").status == 303
    assert list(progress.done()) == ["ctf-blur"]
    assert "1 of" in site.get("/learn/").text
    assert site.post("/learn/done/ctf-blur", origin="http://elsewhere.example").status == 403
    assert site.get("/learn/done/ctf-blur").status == 405
    assert list(progress.done()) == ["ctf-blur"]
    site.post("/learn/done/ctf-blur")
    assert progress.done() == {}


@pytest.mark.parametrize(
    "path", ["/learn/done/vae", "/learn/done/nothing", "/learn/done/..%2f..%2fetc", "/learn/no-lesson/", "/learn/ctf_blur.py",
             "/learn/room.py", "/learn/static/room.css", "/learn/%2e%2e/pyproject.toml"]
)  # fmt: skip
def test_nothing_else_is_there(site: Site, path: str):
    assert (site.post(path) if "done" in path else site.get(path)).status == 404


def test_the_room_stands_behind_the_guard(site: Site):
    for path in ("/learn/", "/learn/ctf-blur/", "/learn/bibliography", "/learn/ctf-blur/api/status"):
        assert site.ask("GET", path).status == 401
        assert site.ask("GET", path, {"cookie": site.cookie, "host": "evil.example"}).status == 400


def test_rules_for_scripts_are_looser_in_lessons_alone(site: Site):
    assert "script-src" not in site.get("/learn/").headers["content-security-policy"]
    assert "default-src 'none'" in site.get("/learn/bibliography").headers["content-security-policy"]
    answer = _knock("/learn/ctf-blur/", site.cookie, "", site.port)
    policy = dict(answer[0]["headers"])[b"content-security-policy"].decode()
    text = b"".join(each.get("body", b"") for each in answer).decode()
    assert answer[0]["status"] == 200
    assert "'unsafe-inline'" in policy
    assert "http" not in policy  # nothing from outside
    assert re.search(r'"theme": ?"system"', text)
    assert "../lesson.css" in text


def _knock(path: str, cookie: str, origin: str, port: int, kind: str = "http") -> list[dict[str, Any]]:
    """What the application itself answers; a socket would not wait while marimo is loaded on a busy machine."""
    headers = [(b"host", f"127.0.0.1:{port}".encode())] + [(name, value.encode()) for name, value in
               ((b"cookie", cookie), (b"origin", origin)) if value]  # fmt: skip
    scope = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "method": "GET",
             "server": ("127.0.0.1", port), "scheme": "http", "subprotocols": [], "http_version": "1.1"}  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"} if kind == "http" else {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(create_learning_app(token=TOKEN)(scope, receive, send))  # type: ignore[arg-type]
    return said


def test_a_lessons_websocket_stands_at_the_same_door(site: Site):
    for cookie, origin in (("", site.origin), (site.cookie[:-1], site.origin), (site.cookie, "http://evil.example"), (site.cookie, "")):
        answer = _knock("/learn/ctf-blur/ws", cookie, origin, site.port, "websocket")[0]
        assert (answer["type"], answer["code"]) == ("websocket.close", 1008), (cookie, origin)


def test_a_room_without_notebooks_offers_none(tmp_path: Path):
    assert learning_room(tmp_path).state.ready == frozenset()
