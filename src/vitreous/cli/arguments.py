"""Command-line options, read off the declarations of jobs and recipes."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterable
from typing import Any, NoReturn

from vitreous.errors import InputError
from vitreous.pipeline.forms import default_text
from vitreous.pipeline.params import Option, options, suggestion
from vitreous.pipeline.ports import Input
from vitreous.pipeline.request import Settings

MEANS = {"seed", "device", "memory", "executor"}


class Parser(argparse.ArgumentParser):
    """A parser that raises ``InputError`` instead of leaving the process."""

    def __init__(self, verb: str, summary: str, epilog: str = "", places: str = "") -> None:
        super().__init__(
            prog=f"vitreous {verb}",
            usage=f"vitreous {verb}{places} [options]",
            description=summary,
            epilog=epilog,
            formatter_class=_Wide,
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
            add_help=False,
        )
        # argparse takes -0.5 for a number and -1e-05 for an option.
        self._negative_number_matcher = re.compile(r"-(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$", re.IGNORECASE)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}.{self._nearest(message)} Try: {self.prog} --help")

    def _nearest(self, message: str) -> str:
        """The option that the first word which is none was meant to be."""
        kind, _, words = message.partition("arguments: ")
        wrong = next((word.partition("=")[0] for word in words.split() if word.startswith("--")), "")
        return suggestion(wrong, self._option_string_actions) if kind == "unrecognized " and wrong else ""


class _Wide(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=min(120, shutil.get_terminal_size().columns))


def flag(name: str) -> str:
    """Give the option for a name: "--pixel-size"."""
    return "--" + name.replace("_", "-")


def add_parameters(parser: Parser, declared: type) -> None:
    """Add an option for each parameter of a ``@parameters`` class; advanced ones come in a group of their own."""
    each = options(declared)
    for title, chosen in (("parameters", [o for o in each if not o.advanced]), ("fine tuning", [o for o in each if o.advanced])):
        group = parser.add_argument_group(title) if chosen else None
        for one in chosen:
            _add_option(group, one)


def _add_option(group: Any, each: Option) -> None:
    text = f"{each.help}{f' [{each.unit}]' if each.unit else ''} ({default_text(each)})".replace("%", "%%").strip()
    if each.kind == "switch":
        group.add_argument(flag(each.name), action=argparse.BooleanOptionalAction, help=text)
        return
    shown = "{" + ",".join(each.choices) + "}" if each.choices else each.name.split("_")[-1].upper()
    if each.positional:
        group.add_argument(each.name, metavar=shown, nargs="?", help=text)
    # Of two ways to give one thing the page shows the shorter.
    flag_help = argparse.SUPPRESS if each.positional else text
    group.add_argument(flag(each.name), metavar=shown, nargs="+" if each.many else None, help=flag_help)


def read_parameters(declared: type, given: dict[str, Any]) -> dict[str, Any]:
    """Turn the words that were given for parameters into values.

    Raises
    ------
    InputError
        If a word is no such value.
    """
    return {each.name: _read(each, given[each.name]) for each in options(declared) if each.name in given}


def _read(each: Option, words: Any) -> Any:
    if isinstance(words, bool):
        return words
    return [each.read(word) for word in words] if each.many else each.read(words)


def add_inputs(parser: Parser, ports: Iterable[Input]) -> None:
    """Add an option, or a place, for each input port."""
    group = parser.add_argument_group("input")
    for port in ports:
        absent = "not needed" if port.optional else f"the project's latest {port.kind}"
        text = f"{port.help or port.kind} ({absent})".replace("%", "%%")
        if port.positional:
            group.add_argument(port.name, metavar=port.name.upper(), nargs="*" if port.many else "?", help=text)
        else:
            group.add_argument(flag(port.name), metavar="FILE", nargs="+" if port.many else None, help=text)


def add_means(parser: Parser, *, out: bool = False) -> None:
    """Add what every verb that works in a project takes; ``out`` for those whose results may be put elsewhere."""
    group = parser.add_argument_group("means")
    group.add_argument("--project", metavar="P", help="folder of the project (this folder)")
    group.add_argument("--seed", metavar="N", help="seed of all chance (0)")
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:N (auto)")
    group.add_argument("--memory", metavar="SIZE", help="memory a job may use, e.g. 4GB (60 %% of what is free)")
    group.add_argument("--executor", metavar="NAME", help="local, local:N, dask, dask:N, tcp://HOST:PORT, slurm:N, lsf:N, pbs:N (local)")
    if out:
        text = "folder to put the results into as well; the project too, if none is given"
        group.add_argument("--out", metavar="D", help=text)
    add_manners(parser)


def add_manners(parser: Parser) -> None:
    """Add how a verb speaks."""
    group = parser.add_argument_group("manners")
    group.add_argument("--json", action="store_true", default=False, help="end the output with one line of JSON")
    group.add_argument("--quiet", action="store_true", default=False, help="no progress")
    group.add_argument("--traceback", action="store_true", default=False, help="show where an error came from")
    group.add_argument("-h", "--help", action="help", help="this page")


def read_settings(given: dict[str, Any]) -> Settings:
    """Make the settings from what was given.

    Raises
    ------
    InputError
        If a seed or size cannot be read.
    """
    told = {name: given[name] for name in MEANS if name in given}
    if "seed" in told:
        if not told["seed"].isdigit():
            raise InputError(f"seed must be an integer, 0 or larger; got {told['seed']!r}.")
        told["seed"] = int(told["seed"])
    if "memory" in told:
        from vitreous.runtime.memory import parse_bytes

        told["memory"] = parse_bytes(told["memory"])
    return Settings(**told)
