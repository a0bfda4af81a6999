"""The server process: a socket of its own, the application behind it, and the link that opens it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from vitreous.errors import InputError
from vitreous.web.guard import App

#: Seconds that open streams are waited for when the server ends.
PATIENCE = 1


def tcp_socket(port: int) -> socket.socket:
    """Listen on ``port`` of this machine's loopback, reachable from nowhere else; 0 takes a free one.

    Raises
    ------
    InputError
        If the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as problem:
        listener.close()
        raise InputError(f"port must be free; got {port}: {problem.strerror}. Try: --port 0, which takes a free one.") from problem
    return listener


def unix_socket(path: Path) -> socket.socket:
    """Listen at ``path``, readable and writable by its owner alone.

    Raises
    ------
    InputError
        If something else lies there, another server listens there, or the folder cannot be written.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        _remove_dead_socket(path)
        listener.bind(str(path))
    except OSError as problem:
        listener.close()
        raise InputError(f"unix-socket must be a path where a socket can be made; got {path}: {problem.strerror or problem}.") from problem
    finally:
        os.umask(before)
    return listener


def _remove_dead_socket(path: Path) -> None:
    """Take away the socket that a killed server left; one that answers, or anything else, stays."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


class Server(uvicorn.Server):
    """Serves ``app`` until it is told to end; ``ready`` is called once it answers."""

    def __init__(self, app: App, ready: Callable[[], None] = lambda: None) -> None:
        patience = {"timeout_graceful_shutdown": PATIENCE}
        super().__init__(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, **patience))
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()


def serve(app: App, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve ``app`` on ``listener`` until interrupted."""
    with listener:
        Server(app, ready).run(sockets=[listener])
