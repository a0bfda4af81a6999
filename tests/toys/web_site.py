"""A page that is served for a test, and a browser that sends exactly the bytes it is told to."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from vitreous.web.guard import App
from vitreous.web.server import Server, tcp_socket, unix_socket


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class _ByPath(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self._path)


@dataclass
class Site:
    """A served page: at ``port`` of the loopback, or at the socket ``path``."""

    token: str
    port: int = 0
    path: str = ""
    cookie: str = ""
    origin: str = field(init=False)

    def __post_init__(self) -> None:
        self.origin = f"http://127.0.0.1:{self.port}" if self.port else "http://localhost"

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send a request as it is, without cookie or origin unless ``headers`` bring them."""
        line = _ByPath(self.path) if self.path else http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request(method, path, body or None, dict(headers or {}))
            answer = line.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def enter(self, prefix: str = "") -> None:
        """Show the token, and keep the cookie."""
        self.cookie = self.ask("GET", f"{prefix}/?token={self.token}").headers["set-cookie"].split(";")[0]

    def get(self, path: str, **headers: str) -> Answer:
        """Ask as a reader who has entered."""
        return self.ask("GET", path, {"cookie": self.cookie} | headers)

    def post(self, path: str, fields: Mapping[str, object] | None = None, **headers: str) -> Answer:
        """Send a form from our own page."""
        usual = {"cookie": self.cookie, "origin": self.origin, "content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, usual | headers, urlencode(fields or {}, doseq=True).encode() or b"x=")


@contextmanager
def served(app: App, token: str, path: Path | None = None) -> Iterator[Site]:
    """Serve ``app`` in a thread, at the socket ``path`` if one is given."""
    listener = unix_socket(path) if path else tcp_socket(0)
    ready = threading.Event()
    server = Server(app, ready.set)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield Site(token, path=str(path)) if path else Site(token, port=listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
