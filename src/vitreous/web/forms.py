"""Forms: drawn from the declaration of a job, read back with each error beside its field."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from vitreous.errors import VitreousError, require
from vitreous.pipeline.executors.choice import NAMES, executor
from vitreous.pipeline.forms import default_text
from vitreous.pipeline.job import JobType, Recipe
from vitreous.pipeline.params import Option, from_json, options
from vitreous.pipeline.ports import Input, Output
from vitreous.pipeline.record import Record
from vitreous.pipeline.sources import sources
from vitreous.runtime.memory import parse_bytes
from vitreous.web.project_view import ProjectView
from vitreous.web.why import Why, why
from vitreous.web.words import spelled
from vitreous.web.work import as_typed, words_of

#: The means by which work is done: name, help, what stands for silence.
MEANS = (
    ("seed", "seed of all chance: the same seed gives the same result", "0"),
    ("executor", NAMES, "local"),
    ("memory", "that a job may use, such as 8GB", "60 % of what is free"),
    ("device", "auto, cpu, cuda, cuda:1 …", "auto"),
)
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input of a form.

    Parameters
    ----------
    name
        Of the parameter.
    label, unit, help, rule, default
        As :mod:`vitreous.pipeline.forms` tells them.
    kind
        "number", "integer", "text", "switch", "path", "choice", or "means".
    many, required, advanced, choices, low, high
        As declared.
    text
        What stands in it: lines, where it takes many; "on" for a switch that is on.
    error
        What is wrong with that; empty if nothing is.
    why
        The formula and the lesson behind it.
    """

    name: str
    label: str
    kind: str
    help: str = ""
    unit: str = ""
    rule: str = ""
    default: str = ""
    many: bool = False
    required: bool = False
    advanced: bool = False
    choices: tuple[str, ...] = ()
    text: str = ""
    error: str = ""
    why: Why | None = None


@dataclass(frozen=True, kw_only=True)
class PortField:
    """The choice of files for an input port: outputs of earlier jobs as (value, words), or paths, one a line."""

    name: str
    label: str
    help: str
    many: bool
    required: bool
    silence: str
    earlier: tuple[tuple[str, str], ...]
    chosen: str = ""
    paths: str = ""
    error: str = ""
    why: Why | None = None


def fields_of(verb: JobType | Recipe, given: Fields | None, errors: Mapping[str, str]) -> list[Field]:
    """Draw an input for each parameter, with what was ``given`` (``None``: nothing yet) and what is wrong with it."""
    declared = options(verb.params)
    return [_field(verb.name, each, _untouched(each) if given is None else _first(given, each.name), errors) for each in declared]


def untouched(verb: JobType | Recipe) -> dict[str, list[str]]:
    """Fill a form with what stands in it at first."""
    return {each.name: [_untouched(each)] for each in options(verb.params)}


def _untouched(each: Option) -> str:
    """What stands in an input at first: the default of what can only be chosen; of others it is told beside it."""
    return text_of(each, each.default) if each.kind in ("switch", "choice") else ""


def _field(verb: str, each: Option, text: str, errors: Mapping[str, str]) -> Field:
    return Field(
        name=each.name, label=spelled(each.name), unit=each.unit, kind=each.kind, help=each.help, rule=each.rule,
        default=default_text(each), many=each.many, required=each.required, advanced=each.advanced, choices=each.choices,
        text=text, error=errors.get(each.name, ""), why=why(verb, each.name),
    )  # fmt: skip


def means_of(given: Fields, errors: Mapping[str, str]) -> list[Field]:
    """Draw the inputs for how the work is done."""
    return [
        Field(name=name, label=name, kind="means", help=text, default=silence, text=_first(given, name), error=errors.get(name, ""))
        for name, text, silence in MEANS
    ]


def ports_of(project: ProjectView, job: JobType, fields: Fields, errors: Mapping[str, str]) -> list[PortField]:
    """Draw the choice of files for each input port."""
    return [_port(project, job, port, fields, errors.get(port.name, "")) for port in job.inputs]


def _port(project: ProjectView, job: JobType, port: Input, fields: Fields, error: str) -> PortField:
    earlier = tuple(fitting(project, port))
    silence = "none" if port.optional else f"the latest ({earlier[0][1]})" if earlier else "none yet: name files below"
    return PortField(
        name=port.name, label=spelled(port.name), help=port.help or port.kind, many=port.many, required=not port.optional,
        silence=silence, earlier=earlier, chosen=_first(fields, f"from:{port.name}"),
        paths=_first(fields, f"paths:{port.name}"), error=error, why=why(job.name, port.name),
    )  # fmt: skip


def fitting(project: ProjectView, port: Input) -> list[tuple[str, str]]:
    """List the outputs of finished jobs that fit ``port``, the latest first: ("0008-select/particles", "0008-select: particles kept")."""
    made = ((record, output) for record in reversed(project.records()) for output in _outputs(project, record))
    return [
        (f"{record.job}/{output.name}", f"{record.job}: {spelled(output.name)}")
        for record, output in made if output.kind == port.kind
    ]  # fmt: skip


def _outputs(project: ProjectView, record: Record) -> list[Output]:
    """The outputs that a finished job has."""
    job = project.registry.jobs.get(record.type)
    return [output for output in job.outputs if output.name in record.outputs] if job and record.status == "done" else []


def text_of(each: Option, value: Any) -> str:
    """Write a value as it stands in an input."""
    if each.kind == "switch":
        return "on" if value else ""
    if value is None:
        return ""
    if each.many:
        return "\n".join(map(_number_text, value))
    return _number_text(value)


def _number_text(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def fields_of_record(record: Record, job: JobType) -> dict[str, list[str]]:
    """Fill a form with what an earlier job was given, for it to be changed."""
    known = {each.name: each for each in options(job.params)}
    fields = {name: [text_of(known[name], value)] for name, value in record.params.items() if name in known}
    for name, source in record.inputs.items():
        if "job" in source:
            fields[f"from:{name}"] = [f"{source['job']}/{source['port']}"]
        else:
            fields[f"paths:{name}"] = ["\n".join(source["paths"])]
    return fields | ({"seed": [str(record.seed)]} if record.seed else {})


def read_values(declared: type, fields: Fields) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the parameters from a form.

    Returns
    -------
    tuple[dict, dict]
        Those that differ from their default, and what is wrong by name; a fault of several together is under "".
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for each in options(declared):
        with _noting(errors, each.name):
            value = _read(each, _first(fields, each.name))
            if value is not None or each.optional:
                values[each.name] = value
    if not errors:
        with _noting(errors, "", known={each.name for each in options(declared)}):
            from_json(declared, values)
    defaults = {each.name: _absent(each) for each in options(declared)}
    return {name: value for name, value in values.items() if value != defaults[name]}, errors


def _absent(each: Option) -> Any:
    """The value that silence stands for; of a required parameter, none."""
    return list(each.default) if each.many and each.default is not None else each.default


def _read(each: Option, text: str) -> Any:
    """One parameter; the default where nothing is written."""
    if each.kind == "switch":
        return text == "on"
    parts = _parts(each, text)
    if not parts:
        require(not each.required, each.name, "nothing", f"given: {each.rule}")
        return _absent(each)
    return [each.read(part) for part in parts] if each.many else each.read(text.strip())


def _parts(each: Option, text: str) -> list[str]:
    """Lines; of numbers, words as well."""
    pattern = r"[\s,;]+" if each.kind in ("number", "integer") else r"[\r\n]+"
    return [part.strip() for part in re.split(pattern, text) if part.strip()]


def read_files(project: ProjectView, job: JobType, fields: Fields) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Read the files for each port as paths or patterns, and what is wrong by port."""
    files: dict[str, list[str]] = {}
    errors: dict[str, str] = {}
    for port in job.inputs:
        with _noting(errors, port.name):
            paths = [line.strip() for line in _first(fields, f"paths:{port.name}").splitlines() if line.strip()]
            chosen = _first(fields, f"from:{port.name}")
            if paths or chosen:
                files[port.name] = paths or _earlier(project, port, chosen)
            found = sources(project.store, project.registry, replace(job, inputs=(port,)), files)
            several = len(getattr(found.get(port.name), "paths", ())) if not port.many else 0
            require(several <= 1, port.name, f"{several} files", "one file")
    return files, errors


def _earlier(project: ProjectView, port: Input, chosen: str) -> list[str]:
    """The files of an output chosen from the list."""
    require(chosen in {value for value, _ in fitting(project, port)}, port.name, chosen, f"an output of kind {port.kind} of a finished job")
    name, _, output = chosen.partition("/")
    return _files(project, name, output)


def _files(project: ProjectView, job: str, port: str) -> list[str]:
    """The files that a finished job left; a pattern where they are many."""
    record = project.record(job)
    known = project.registry.jobs.get(record.type) if record else None
    if record is None or known is None:
        return []
    declared = known.output(port)
    if declared.many:
        return [f"{glob.escape(str(record.folder / 'outputs'))}/{declared.file}"]
    return [str(path) for path in record.files(port)]


def command_of(project: ProjectView, record: Record) -> str:
    """Give the command that does a job again, as it is typed; empty if its kind is not known here."""
    job = project.registry.jobs.get(record.type)
    if job is None:
        return ""
    values, _ = read_values(job.params, fields_of_record(record, job))
    files = {port: _files(project, told["job"], told["port"]) if "job" in told else told["paths"] for port, told in record.inputs.items()}
    return as_typed(words_of(record.type, values, files, {"seed": str(record.seed)} if record.seed else {}, project.folder))


def read_means(fields: Fields) -> tuple[dict[str, str], dict[str, str]]:
    """Read how the work is to be done, and what is wrong by name."""
    given = {name: _first(fields, name).strip() for name, _, _ in MEANS if _first(fields, name).strip()}
    errors: dict[str, str] = {}
    checks: dict[str, Callable[[str], Any]] = {"seed": _seed, "memory": parse_bytes, "executor": lambda text: executor(text, 10**9)}
    for name, text in given.items():
        with _noting(errors, name):
            checks.get(name, str)(text)
    return given, errors


def _seed(text: str) -> None:
    require(text.isdecimal(), "seed", text, "an integer, 0 or larger")


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


@contextmanager
def _noting(errors: dict[str, str], name: str, known: Container[str] = ()) -> Iterator[None]:
    """Note what is wrong under ``name``, or under the one of ``known`` that the message begins with."""
    try:
        yield
    except VitreousError as problem:
        first = str(problem).split(" ", 1)[0]
        errors[first if first in known else name] = str(problem)
