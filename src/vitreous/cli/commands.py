"""Verbs that are not jobs: they look at a project, or set it going again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A verb that is not a job; ``main`` is "module:function", called as ``main(words, registry) -> exit code``."""

    name: str
    summary: str
    group: str
    main: str


COMMANDS = {
    each.name: each
    for each in (
        Command("serve", "Show a project in the browser, start and stop jobs there", "The project", "vitreous.cli.serve:serve"),
        Command("learn", "Lessons on how it works, with the code that does the work", "The project", "vitreous.cli.learn:learn"),
        Command("resume", "Go on with what was stopped or killed", "The project", "vitreous.cli.projects:resume"),
        Command("status", "What is done, what is going on, how long it will take", "The project", "vitreous.cli.projects:status"),
        Command("plan", "The steps last asked for, with time and memory", "The project", "vitreous.cli.projects:plan"),
        Command("script", "The Python script that repeats a result", "The project", "vitreous.cli.projects:script"),
        Command("cite", "The papers to cite for what was done", "The project", "vitreous.cli.projects:cite"),
    )
}
