"""Lessons as web applications: marimo is loaded when the first one is opened, for it takes a second and a hundred megabytes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from vitreous.errors import MissingExtra

#: Into the head of every lesson: its colours and figures, and a name for its menu; addresses are relative to the lesson's.
HEAD = '<link rel="stylesheet" href="../lesson.css"><script type="module" src="../lesson.js"></script>'
#: Seconds that a lesson's memory outlives its page.
LINGER = 60


def require_marimo() -> None:
    """Raise ``MissingExtra`` where marimo is not installed."""
    from importlib.util import find_spec

    if find_spec("marimo") is None:
        raise MissingExtra("lessons need marimo, which is not installed. Try: pip install 'vitreous[learn]'")


def _served(file: Path) -> Any:
    """The ASGI application of one notebook, which follows the reader's light or dark setting and asks nothing from outside."""
    import marimo

    built = marimo.create_asgi_app(quiet=True, include_code=True, session_ttl=LINGER, html_head=HEAD)
    app: Any = built.with_app(path="", root=str(file)).build()
    for mount in app.routes:
        state = mount.app.state
        state.config_manager = state.config_manager.with_overrides({"display": {"theme": "system"}})
    return app


class Notebook:
    """A lesson, made when it is first asked for."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._app: Any = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request or a websocket."""
        if self._app is None:
            async with self._making:
                self._app = self._app or await asyncio.to_thread(_import_marimo) or _served(self.file)
        await self._app(scope, receive, send)


def _import_marimo() -> None:
    """Load what takes a second, beside the event loop."""
    if "marimo" not in sys.modules:
        import marimo  # noqa: F401
