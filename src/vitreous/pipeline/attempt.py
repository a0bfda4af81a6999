"""One attempt at one job: its work, its outcome, and what is left when it does not end well."""

from __future__ import annotations

import errno
import shutil
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vitreous.errors import Cancelled, InputError, JobError
from vitreous.pipeline.context import Context
from vitreous.pipeline.graph import Step
from vitreous.pipeline.job import Result, load
from vitreous.pipeline.jsonable import jsonable
from vitreous.pipeline.meter import Meter
from vitreous.pipeline.ports import Inputs
from vitreous.pipeline.provenance import surroundings
from vitreous.pipeline.record import Record
from vitreous.pipeline.store import Store
from vitreous.runtime.progress import Progress

TEXT = (".star", ".json", ".csv", ".html", ".txt")


def attempt(store: Store, step: Step, record: Record, inputs: Inputs, context: Context) -> Record:
    """Do the work of ``record`` and give it its place among the finished jobs.

    Raises
    ------
    InputError
        If the job finds its input or parameters unusable.
    JobError
        If it fails otherwise.
    Cancelled
        If the user stops it. In each case the record says so, and the state is kept.
    """
    try:
        context.report(Progress("start", 0, 1, message=f"{record.job} starts"))
        with Meter() as meter:
            try:
                result = load(step.job.run)(inputs, step.params, context) or Result()
            finally:
                context.executor.rest()
        finished = replace(
            record,
            outputs=_outputs(step, context),
            figures=jsonable(result.figures),
            warnings=list(result.warnings),
            quarantine=context.quarantined,
            stop=result.stop,
            used=meter.read() | surroundings(context.device),
        )
        context.report(Progress("end", 1, 1, message=f"{record.job} is done"))
        return store.complete(finished)
    except (KeyboardInterrupt, Cancelled):
        store.interrupt(record, "cancelled")
        way_on = f"vitreous resume {store.folder}"
        raise Cancelled(f"{record.job} was stopped; what it finished is kept. Try: {way_on}") from None
    except InputError as problem:
        store.interrupt(record, "failed", str(problem))
        raise
    except Exception as problem:
        cause = _cause(problem, store, step, record)
        with suppress(OSError):
            (record.folder / "traceback.txt").write_text("".join(traceback.format_exception(problem)), encoding="utf-8")
        store.interrupt(record, "failed", cause)
        raise JobError(record.job, cause) from problem


def _outputs(step: Step, context: Context) -> dict[str, list[str]]:
    found = {port: port.found_in(context.outputs) for port in step.job.outputs}
    for port, paths in found.items():
        if not paths and not port.optional:
            raise JobError(context.final.name, f"it ended without its output {port.name} ({port.file})")
    _refuse_running_names(context)
    return {port.name: [path.relative_to(context.folder).as_posix() for path in paths] for port, paths in found.items() if paths}


def _refuse_running_names(context: Context) -> None:
    """Refuse results that name the folder they were written in, since it is about to be renamed."""
    for path in context.outputs.rglob("*"):
        if path.suffix in TEXT and path.is_file() and context.folder.name.encode() in path.read_bytes():
            raise JobError(context.final.name, f"{path.name} names the running folder; such names come from context.name(path)")


def _cause(problem: Exception, store: Store, step: Step, record: Record) -> str:
    if _disk_is_full(problem, record.folder):
        # These are written at the end, from the state, so nothing is lost; what finished items left is whole and stays.
        for port in step.job.outputs:
            if not port.many:
                (record.folder / "outputs" / port.file).unlink(missing_ok=True)
        return f"the disk of {store.folder} is full. Try: make room, then vitreous resume {store.folder}"
    if isinstance(problem, JobError):
        return problem.cause
    return f"{type(problem).__name__}: {problem}".removesuffix(": ")


def _disk_is_full(problem: Exception, folder: Path) -> bool:
    if not isinstance(problem, OSError):
        return False
    # Some writers (numpy's tofile) raise without an error number when the disk is full.
    return problem.errno in (errno.ENOSPC, errno.EDQUOT) or (problem.errno is None and shutil.disk_usage(folder).free < 2**20)
