"""The Python script that repeats a result, written from the records."""

from __future__ import annotations

from typing import Any

from vitreous.errors import InputError
from vitreous.pipeline.record import Record
from vitreous.pipeline.store import Store


def as_script(store: Store, job: str = "") -> str:
    """Write the script that repeats ``job`` and all it came from, or every finished job of the project.

    Parameters
    ----------
    store
        The project.
    job
        Folder name or number of a finished job; all of them if empty.

    Returns
    -------
    str
        Python source; run elsewhere, on the same files, it makes the same results.

    Raises
    ------
    InputError
        If there is nothing to repeat.
    """
    done = {record.job: record for record in store.records() if record.status == "done"}
    wanted = _ancestry(_named(job, done), done) if job else set(done)
    chosen = [record for name, record in done.items() if name in wanted]
    if not chosen:
        raise InputError(f"{store.folder} must hold a finished job to repeat; it has none.")
    versions = chosen[-1].used.get("versions", {})
    head = [f'"""Repeats {chosen[-1].job} of {store.folder.name}; made with Vitreous {versions.get("vitreous", "?")}."""', ""]
    head += ["import vitreous as vt", "", 'project = vt.project("repeated")']
    return "\n".join([*head, *(_call(record) for record in chosen)]) + "\n"


def _named(job: str, done: dict[str, Record]) -> str:
    matches = [name for name in done if job == name or (job.isdigit() and name.startswith(f"{int(job):04d}-"))]
    if not matches:
        raise InputError(f"job must be a finished one: {', '.join(done) or 'there is none'}; got {job!r}.")
    return matches[0]


def _ancestry(job: str, done: dict[str, Record]) -> set[str]:
    parents = {source["job"] for source in done[job].inputs.values() if "job" in source}
    return {job}.union(*(_ancestry(parent, done) for parent in parents if parent in done))


def _call(record: Record) -> str:
    arguments = [f"{port}={_source(source)}" for port, source in record.inputs.items()]
    arguments += [f"{name}={value!r}" for name, value in record.params.items()]
    lines = "".join(f"    {argument},\n" for argument in [*arguments, f"seed={record.seed}"])
    return f'\n{variable(record.job)} = project.do(\n    "{record.type}",\n{lines})'


def _source(source: Any) -> str:
    return f'{variable(source["job"])}["{source["port"]}"]' if "job" in source else repr(list(source["paths"]))


def variable(job: str) -> str:
    """Give the variable that holds a job: "refine_7" for "0007-refine"."""
    number, _, name = job.partition("-")
    return f"{name.replace('-', '_')}_{int(number)}"

