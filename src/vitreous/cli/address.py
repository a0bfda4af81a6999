"""Where a page is served, and how its reader gets there: common to the verbs that open a browser."""

from __future__ import annotations

import json
import re
import secrets
import webbrowser
from argparse import _ArgumentGroup
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from vitreous.cli.verbs import stoppable
from vitreous.errors import require


def add_address(group: _ArgumentGroup) -> None:
    """Add the options that say where the page is served."""
    group.add_argument("--port", metavar="N", default="0", help="port on this machine's loopback (a free one)")
    group.add_argument("--unix-socket", metavar="PATH", default="", help="listen at a socket of this user's alone instead of a port")
    group.add_argument("--host-name", metavar="NAME", nargs="+", default=[], help="names under which a proxy shows the page (none)")
    group.add_argument("--prefix", metavar="PATH", default="", help="path under which a proxy shows the page, e.g. /node/7 (none)")
    group.add_argument("--no-open", action="store_true", default=False, help="do not open a browser")


def serve_at(given: dict[str, Any], make: Callable[[str, str, Iterable[str]], Any], path: str, words: str) -> None:
    """Serve until Ctrl-C.

    Parameters
    ----------
    given
        What :func:`add_address` and ``add_manners`` read.
    make
        Makes the application from a token, a prefix and host names.
    path
        Of the first page, from the root: "/".
    words
        What is said when it answers; ``{link}`` stands in it.
    """
    port, prefix = _port(given["port"]), _prefix(given["prefix"])
    from vitreous.web.server import serve, tcp_socket, unix_socket

    token = secrets.token_urlsafe(24)
    app = make(token, prefix, given["host_name"])
    listener = unix_socket(Path(given["unix_socket"])) if given["unix_socket"] else tcp_socket(port)
    address = "http://localhost:PORT" if given["unix_socket"] else f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with stoppable(), suppress(KeyboardInterrupt):  # the usual way to end it
            serve(app, listener, lambda: _announce(f"{address}{prefix}{path}?token={token}", given, words))
    finally:
        if given["unix_socket"]:
            Path(given["unix_socket"]).unlink(missing_ok=True)


def _announce(link: str, given: dict[str, Any], words: str) -> None:
    """Print the link, and open it."""
    if given["json"]:
        print(json.dumps({"url": link, "unix_socket": given["unix_socket"]}), flush=True)
    elif not given["quiet"]:
        print(words.format(link=link), flush=True)
    if given["unix_socket"] and not given["json"]:
        print(f"From your own computer: ssh -L PORT:{Path(given['unix_socket']).resolve()} THIS-MACHINE", flush=True)
    elif not given["no_open"] and not given["json"]:
        webbrowser.open(link)


def _port(text: str) -> int:
    require(text.isdecimal() and int(text) < 65536, "port", text, "an integer from 0 (a free one) to 65535")
    return int(text)


def _prefix(text: str) -> str:
    require(re.fullmatch(r"(/[\w.~-]+)*/?", text, re.ASCII) is not None, "prefix", text, "a path such as /node/7")
    return text.rstrip("/")
