"""``vitreous serve PROJECT``: the page of a project in the browser."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

from vitreous.cli.arguments import Parser, add_manners
from vitreous.errors import require
from vitreous.pipeline.job import Registry


def _parser() -> Parser:
    parser = Parser("serve", "Show a project in the browser: its jobs while they run, what came of them, and forms to start others.",
                    places=" [PROJECT]")  # fmt: skip
    group = parser.add_argument_group("the page")
    group.add_argument("folder", metavar="PROJECT", nargs="?", help="folder of the project (this folder)")
    group.add_argument("--project", metavar="P", help="the same, as for other verbs")
    group.add_argument("--port", metavar="N", default="0", help="port on this machine's loopback (a free one)")
    group.add_argument("--unix-socket", metavar="PATH", default="", help="listen at a socket of this user's alone instead of a port")
    group.add_argument("--host-name", metavar="NAME", nargs="+", default=[], help="names under which a proxy shows the page (none)")
    group.add_argument("--prefix", metavar="PATH", default="", help="path under which a proxy shows the page, e.g. /node/7 (none)")
    group.add_argument("--no-open", action="store_true", default=False, help="do not open a browser")
    group.add_argument("--no-learn", action="store_true", default=False, help="without the lessons")
    add_manners(parser)
    return parser


def serve(words: list[str], registry: Registry) -> int:
    """Serve the page until Ctrl-C."""
    given = vars(_parser().parse_args(words))
    port, prefix = _port(given["port"]), _prefix(given["prefix"])
    from vitreous.web.app import create_app
    from vitreous.web.server import serve as answer
    from vitreous.web.server import tcp_socket, unix_socket

    token = secrets.token_urlsafe(24)
    folder = given.get("folder") or given.get("project") or "."
    app = create_app(folder, registry, token=token, prefix=prefix, hosts=given["host_name"], learn=not given["no_learn"])
    listener = unix_socket(Path(given["unix_socket"])) if given["unix_socket"] else tcp_socket(port)
    address = "" if given["unix_socket"] else f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        answer(app, listener, lambda: _announce(address, f"{prefix}/?token={token}", given))
    finally:
        if given["unix_socket"]:
            Path(given["unix_socket"]).unlink(missing_ok=True)
    return 0


def _announce(address: str, path: str, given: dict[str, Any]) -> None:
    """Print the link, and open it."""
    import json
    import webbrowser

    link = (address or "http://localhost:PORT") + path
    if given["json"]:
        print(json.dumps({"url": link, "unix_socket": given["unix_socket"]}), flush=True)
    elif not given["quiet"]:
        print(f"The project is at {link}\nCtrl-C ends the page; jobs go on.", flush=True)
    if given["unix_socket"] and not given["json"]:
        print(f"From your own computer: ssh -L PORT:{Path(given['unix_socket']).resolve()} THIS-MACHINE", flush=True)
    elif not given["no_open"] and not given["json"]:
        webbrowser.open(link)


def _port(text: str) -> int:
    require(text.isdigit() and int(text) < 65536, "port", text, "an integer from 0 (a free one) to 65535")
    return int(text)


def _prefix(text: str) -> str:
    require(re.fullmatch(r"(/[\w.~-]+)*/?", text, re.ASCII) is not None, "prefix", text, "a path such as /node/7")
    return text.rstrip("/")
