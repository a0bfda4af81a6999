"""How a page is made from its template: with the bar above it, and addresses that hold under any prefix."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from vitreous.web.why import lesson_path

HERE = Path(__file__).parent
ENVIRONMENT = Environment(
    loader=PackageLoader("vitreous.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def url(root: str, path: str) -> str:
    """Give the address of ``path`` ("/jobs/0007-refine", "static/style.css?v=2") under ``root``; odd letters are quoted."""
    path, mark, query = path.partition("?")
    return f"{root}/{quote(path.lstrip('/'))}{mark}{query}"


def page(request: Request, template: str, *, status: int = 200, **told: Any) -> HTMLResponse:
    """Make a page.

    Parameters
    ----------
    request
        Whose page it is.
    template
        File name in ``templates``; it extends ``base.html``.
    status
        Of the response.
    **told
        What the template shows. ``url(path)``, ``root``, ``tabs``, ``here`` (the path of the page), ``project``, ``lessons`` (ids of
        those that can be opened) and ``lesson_path`` are there already.
    """
    root = request.scope.get("root_path", "")
    state = request.app.state
    here = request.url.path.removeprefix(root) or "/"
    given = {"url": partial(url, root), "root": root, "tabs": state.tabs, "here": here, "project": state.project}
    given |= {"lessons": state.lessons, "lesson_path": lesson_path}
    return HTMLResponse(ENVIRONMENT.get_template(template).render(given | told), status_code=status)
