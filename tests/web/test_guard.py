"""The door: each way in that must be shut, tried on bare requests and websockets; and that the right key opens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vitreous.web.guard import LESSON, OWN, Guard

TOKEN = "a-secret_0123456789"


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """What is guarded: says where it was asked, or accepts a websocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b"inside"})


def knock(path: str = "/", *, kind: str = "http", method: str = "GET", query: str = "", prefix: str = "", hosts: tuple[str, ...] = (),
          **headers: str | bytes) -> dict[str, Any]:  # fmt: skip
    """Ask a guard for ``path`` and give the first message it answers with; ``host`` is ours and there is no cookie unless told."""
    guard = Guard(inner, token=TOKEN, name="/P", prefix=prefix, hosts=hosts)
    told = {"host": "127.0.0.1:8000"} | headers
    raw = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in told.items() if value]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": raw, "server": ("127.0.0.1", 8000)}
    if kind == "http":
        scope["method"] = method
    said: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(guard(scope, None, send))  # type: ignore[arg-type]
    return said[0] | {"given": dict(said[0].get("headers", ()))}


def key(name: str = "/P", port: int = 8000, token: str = TOKEN) -> str:
    """The cookie of who has shown the token."""
    return f"{Guard(inner, token=TOKEN, name=name).cookie_name({'server': ('127.0.0.1', port)})}={token}"


def test_the_token_is_given_once_and_leaves_the_address() -> None:
    answer = knock("/jobs/0001-a", query=f"token={TOKEN}&like=b%26c")
    assert answer["status"] == 303
    assert answer["given"][b"location"] == b"/jobs/0001-a?like=b%26c"
    cookie = answer["given"][b"set-cookie"].decode()
    assert cookie.startswith(key() + ";")
    assert "HttpOnly" in cookie
    assert "SameSite" in cookie
    assert knock(cookie=cookie.split(";")[0])["status"] == 200


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "%FF%FE", "t\u00f6ken", "%00"])
def test_a_wrong_token_is_refused_whatever_its_letters(token: str) -> None:
    assert knock(query=f"token={token}")["status"] == 403


@pytest.mark.parametrize("value", ["", "wrong", "t\u00f6ken", '"'])
def test_a_wrong_cookie_is_refused(value: str) -> None:
    assert knock(cookie=key(token=value))["status"] == 401


def test_without_a_cookie_nothing_is_shown() -> None:
    assert knock()["status"] == 401
    assert knock(cookie=b"\xff\xfe=\xff; ;;=")["status"] == 401


def test_the_cookie_of_another_project_or_port_opens_nothing() -> None:
    assert knock(cookie=key(name="/Q"))["status"] == 401
    assert knock(cookie=key(port=8001))["status"] == 401
    assert knock(cookie=f"{key(name='/Q')}; {key()}")["status"] == 200


STRANGERS = ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", "[::2]:8000", "", "localhost@evil.example"]


@pytest.mark.parametrize("host", STRANGERS)
def test_a_foreign_host_is_refused_even_with_the_cookie(host: str) -> None:
    assert knock(host=host, cookie=key())["status"] == 400


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "LOCALHOST:8000", "[::1]:8000"])
def test_the_loopback_is_served_by_all_its_names_and_any_forwarded_port(host: str) -> None:
    assert knock(host=host, cookie=key())["status"] == 200


def test_a_name_given_by_option_is_served() -> None:
    assert knock(host="ondemand.example.org", cookie=key(), hosts=("OnDemand.example.org",))["status"] == 200


FOREIGN = ["http://evil.example", "http://127.0.0.1:8001", "http://localhost:8000", "null", "", "http://127.0.0.1:8000.evil.example"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_what_changes_anything_comes_from_our_own_page(origin: str) -> None:
    assert knock("/stop", method="POST", cookie=key(), origin=origin)["status"] == 403
    assert knock("/stop", method="DELETE", cookie=key(), origin=origin)["status"] == 403


def test_our_own_page_may_change_things() -> None:
    assert knock("/stop", method="POST", cookie=key(), origin="http://127.0.0.1:8000")["status"] == 200
    behind = {"host": "node7:8000", "hosts": ("node7", "ondemand.example.org"), "cookie": key()}
    assert knock("/stop", method="POST", origin="https://ondemand.example.org", **behind)["status"] == 200
    assert knock("/stop", method="POST", origin="https://evil.example", **behind)["status"] == 403


def test_another_page_reads_nothing_either() -> None:
    assert knock(cookie=key(), origin="http://localhost:3000")["status"] == 403
    assert knock(cookie=key())["given"][b"cross-origin-resource-policy"] == b"same-origin"


def test_websockets_stand_at_the_same_door() -> None:
    own = {"kind": "websocket", "path": "/learn/ws", "cookie": key(), "origin": "http://127.0.0.1:8000"}
    assert knock(**own)["type"] == "websocket.accept"
    wrong = {"cookie": ["", key(token="wrong")], "origin": ["http://evil.example", "", "null"], "host": ["evil.example"]}
    for spoilt in ({name: value} for name, values in wrong.items() for value in values):
        answer = knock(**{**own, **spoilt})
        assert (answer["type"], answer["code"]) == ("websocket.close", 1008), spoilt
    assert knock(kind="websocket", query="token=t%C3%B6ken", origin="http://127.0.0.1:8000")["type"] == "websocket.close"


def test_pages_may_load_from_here_alone_and_lessons_run_their_own_scripts() -> None:
    assert knock(cookie=key())["given"][b"content-security-policy"].decode() == OWN
    assert knock("/learned", cookie=key())["given"][b"content-security-policy"].decode() == OWN
    assert knock("/learn/ctf-blur", cookie=key())["given"][b"content-security-policy"].decode() == LESSON
    assert "unsafe" not in OWN
    for policy in (OWN, LESSON):
        assert not {"http:", "https:", "*"} & set(policy.replace(";", " ").split())


@pytest.mark.parametrize("path", ["/new", "/node/7/new"])
def test_a_prefix_belongs_to_the_path_whether_the_proxy_strips_it_or_not(path: str) -> None:
    assert knock(path, cookie=key(), prefix="/node/7")["given"][b"x-path"] == b"/node/7/new"
    answer = knock(path, query=f"token={TOKEN}", prefix="/node/7")
    assert answer["given"][b"location"] == b"/node/7/new"
    assert b"Path=/node/7/" in answer["given"][b"set-cookie"]


def test_the_way_on_never_leads_to_another_host() -> None:
    assert knock("//evil.example/", query=f"token={TOKEN}")["given"][b"location"] == b"/evil.example/"
    assert b"\r" not in knock("/a\r\nset-cookie: b", query=f"token={TOKEN}")["given"][b"location"]
