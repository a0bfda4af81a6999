"""Who may talk to the page: one door before everything, for requests and websockets alike.

A browser runs pages of strangers beside ours, and other users of a shared machine reach the port as well. So every request must show
the token (once in the address, then in a cookie), name a host that is ours (else a stranger's name could be pointed at this machine)
and, where it changes anything, come from our own page. What goes out says what a page may load: only what this server sends.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: What our own pages may do: load from here, and nothing inline.
OWN = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
#: Lessons are marimo's pages, which carry scripts and styles within them and evaluate code of widgets; still nothing from outside.
LESSON = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
#: Files of the project (a report, a picture) are shown as paper: whatever is written in them does not run.
PAPER = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:"

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
READING = ("GET", "HEAD")
YEAR = 31_536_000


class Guard:
    """Let through what shows ``token``, from our hosts and our own pages.

    Parameters
    ----------
    app
        What is guarded.
    token
        The secret; ``?token=…`` gives it once, a cookie from then on.
    name
        Of what is served (the project's folder): with the port it names the cookie, since ports of one host share their cookies.
    prefix
        Path under which a proxy shows us ("/node/7"), whether or not it is stripped on the way here.
    hosts
        Names besides the loopback's by which browsers may reach us.
    policies
        Content-Security-Policy by the start of the path; :data:`OWN` elsewhere, unless a response brings its own.
    """

    def __init__(
        self,
        app: App,
        *,
        token: str,
        name: str,
        prefix: str = "",
        hosts: Iterable[str] = (),
        policies: Mapping[str, str] | None = None,
    ) -> None:
        self.app, self.name, self.prefix = app, name, prefix
        self.token = token.encode()
        self.hosts = {host.lower() for host in (*LOOPBACK, *hosts)}
        self.policies = {"/learn": LESSON} if policies is None else dict(policies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = self._placed(scope)
        status, reason = self._refusal(scope)
        if status:
            await _refuse(scope, send, status, reason)
        elif scope["type"] == "http" and (given := dict(_query(scope)).get("token")) is not None:
            await self._welcome(scope, send, given)
        else:
            await self.app(scope, receive, self._sealed(scope, send))

    def _placed(self, scope: Scope) -> Scope:
        """Where we are: the prefix belongs to the path, whether the proxy left it there or not."""
        path = scope["path"]
        if self.prefix and path != self.prefix and not path.startswith(self.prefix + "/"):
            path = self.prefix + path
        return {**scope, "path": path, "root_path": self.prefix}

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Status and reason of a refusal; (0, "") for who may enter."""
        hosts, origins = _headers(scope, b"host"), _headers(scope, b"origin")
        if len(hosts) != 1 or _hostname(hosts[0]) not in self.hosts:
            return 400, "This host name is not served here. Try: --host-name NAME when the page is started."
        changes = scope["type"] == "websocket" or scope["method"] not in (*READING, "OPTIONS")
        if (changes or origins) and not self._own_origin(origins, hosts[0]):
            return 403, "This came from another site's page."
        given = dict(_query(scope)).get("token")
        if given is not None:
            return (0, "") if self._is_token(given) else (403, "The token is wrong. Try: the link that vitreous serve printed.")
        if not self._is_token(self._cookie(scope)):
            return 401, "A token is needed. Try: the link that vitreous serve printed."
        return 0, ""

    def _own_origin(self, origins: list[str], host: str) -> bool:
        """Whether what asks is a page of ours: same name and port, or a public name given by option."""
        if len(origins) != 1:
            return False
        netloc = urlsplit(origins[0]).netloc.lower()
        return bool(netloc) and (netloc == host.lower() or _hostname(netloc) in self.hosts - set(LOOPBACK))

    def _is_token(self, given: str) -> bool:
        # Bytes: compare_digest raises on text that is not ASCII.
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token)

    def _cookie(self, scope: Scope) -> str:
        name = self.cookie_name(scope)
        for header in _headers(scope, b"cookie"):
            try:
                if (found := SimpleCookie(header).get(name)) is not None:
                    return found.value
            except CookieError:
                continue
        return ""

    def cookie_name(self, scope: Scope) -> str:
        """Name of the cookie: that of the project, the machine and the port, as nothing else on this host has it."""
        place = f"{self.name} {socket.gethostname()} {scope.get('server')}"
        return "vitreous-" + hashlib.sha256(place.encode()).hexdigest()[:12]

    async def _welcome(self, scope: Scope, send: Send, given: str) -> None:
        """Put the token into a cookie and send the reader on to the address without it."""
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        where = quote(scope["path"]) + (f"?{rest}" if rest else "")
        # Two slashes at the start would be another host.
        where = "/" + where.lstrip("/")
        cookie = f"{self.cookie_name(scope)}={given}; Path={self.prefix}/; Max-Age={YEAR}; HttpOnly; SameSite=Lax"
        headers = [(b"location", where.encode()), (b"set-cookie", cookie.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 303, "headers": [*headers, *_SEALS]})
        await send({"type": "http.response.body", "body": b""})

    def _sealed(self, scope: Scope, send: Send) -> Send:
        """Add to each response what it allows a browser."""
        path = scope["path"][len(self.prefix) :]
        policy = next((each for start, each in self.policies.items() if path == start or path.startswith(start + "/")), OWN)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                added = [*_SEALS, (b"content-security-policy", policy.encode()), (b"cache-control", b"no-cache")]
                message = {**message, "headers": headers + [(name, value) for name, value in added if name not in there]}
            await send(message)

        return sealed


_SEALS = (
    (b"x-content-type-options", b"nosniff"),
    # "no-referrer" would make browsers send "Origin: null" with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape")


def _hostname(netloc: str) -> str:
    """The name without the port, in small letters: "[::1]" for "[::1]:8000"."""
    if netloc.startswith("["):
        return netloc.partition("]")[0].lower() + "]"
    return netloc.partition(":")[0].lower()


async def _refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        # Before it was accepted a websocket is refused by closing it: the browser gets a 403.
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *_SEALS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
