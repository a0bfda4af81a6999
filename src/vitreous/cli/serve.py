"""``vitreous serve PROJECT``: the page of a project in the browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vitreous.cli.address import add_address, serve_at
from vitreous.cli.arguments import Parser, add_manners
from vitreous.pipeline.job import Registry

if TYPE_CHECKING:
    from vitreous.web.guard import App


def _parser() -> Parser:
    parser = Parser("serve", "Show a project in the browser: its jobs while they run, what came of them, and forms to start others.",
                    places=" [PROJECT]")  # fmt: skip
    group = parser.add_argument_group("the page")
    group.add_argument("folder", metavar="PROJECT", nargs="?", help="folder of the project (this folder)")
    group.add_argument("--project", metavar="P", help="the same, as for other verbs")
    group.add_argument("--no-learn", action="store_true", default=False, help="without the lessons")
    add_address(group)
    add_manners(parser)
    return parser


def serve(words: list[str], registry: Registry) -> int:
    """Serve the page until Ctrl-C."""
    given = vars(_parser().parse_args(words))
    folder = given.get("folder") or given.get("project") or "."

    def make(token: str, prefix: str, hosts: Iterable[str]) -> App:
        from vitreous.web.ahead import begin
        from vitreous.web.app import create_app
        from vitreous.web.project_view import ProjectView

        begin(ProjectView(folder, registry))
        return create_app(folder, registry, token=token, prefix=prefix, hosts=hosts, learn=not given["no_learn"])

    serve_at(given, make, "/", "The project is at {link}\nCtrl-C ends the page; jobs go on.")
    return 0
