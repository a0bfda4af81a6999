"""The first page: every verb with one line, grouped by purpose."""

from __future__ import annotations

from vitreous.cli.commands import COMMANDS
from vitreous.pipeline.job import Registry

HEAD = """\
vitreous: from movies, micrographs or particles to a validated map, with every step open to the eye

  vitreous VERB [options]        do something
  vitreous VERB --help           its options, with units, ranges and defaults
"""
FOOT = """\
Every verb takes --project P, the folder it works in (this one, if not given), and --json, which ends the output with one line for
programs. What was stopped or killed goes on with: vitreous resume P"""


def overview(registry: Registry) -> str:
    """Write the first page."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in [*registry.recipes.values(), *registry.jobs.values(), *COMMANDS.values()]:
        groups.setdefault(each.group, []).append((each.name, each.summary))
    width = max(len(name) for verbs in groups.values() for name, _ in verbs)
    pages = ["\n".join([group, *(f"  {name:<{width}}  {summary}" for name, summary in verbs)]) for group, verbs in groups.items()]
    return "\n".join([HEAD, "\n\n".join(pages), "", FOOT])
