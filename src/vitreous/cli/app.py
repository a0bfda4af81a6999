"""``vitreous VERB``: find the verb, do it, and end with a sentence and an exit code, never a bare traceback."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence

from vitreous import __version__
from vitreous.cli.commands import COMMANDS
from vitreous.cli.overview import overview
from vitreous.errors import Cancelled, InputError, JobError, VitreousError
from vitreous.pipeline.job import Registry, load
from vitreous.pipeline.params import suggestion

BAD_INPUT, JOB_FAILED, CANCELLED = 2, 3, 130


def main(argv: Sequence[str] | None = None, registry: Registry | None = None) -> int:
    """Do what the command line says.

    Parameters
    ----------
    argv
        Words after ``vitreous``; those of the process if ``None``.
    registry
        The jobs to offer; those of Vitreous if ``None``.

    Returns
    -------
    int
        0, or 2 for bad input, 3 for a failed job, 130 when cancelled.
    """
    # Threads that wait for each other should sleep: spinning, they take ten times the processor time on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _do(words, registry or load("vitreous.jobs.registry:registry")())
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _tell(Cancelled("stopped."), words)
    except (VitreousError, OSError) as problem:
        return _tell(problem, words)
    except Exception as problem:  # noqa: BLE001 - the last line of defence: a sentence, and the traceback on demand
        return _tell(problem, words)


def _do(words: list[str], registry: Registry) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview(registry))
        return 0
    if words[0] in ("-V", "--version", "version"):
        print(f"vitreous {__version__}")
        return 0
    verb, rest = words[0], words[1:]
    if verb in COMMANDS:
        return load(COMMANDS[verb].main)(rest, registry)
    if verb in registry.recipes:
        return load("vitreous.cli.verbs:recipe_verb")(registry.recipe(verb), rest, registry)
    if verb in registry.jobs:
        return load("vitreous.cli.verbs:job_verb")(registry.job(verb), rest, registry)
    known = [*COMMANDS, *registry.recipes, *registry.jobs]
    raise InputError(f"{verb!r} is no verb of vitreous.{suggestion(verb, known)} Try: vitreous --help")


def _tell(problem: BaseException, words: list[str]) -> int:
    """Say on standard error what went wrong, and give the exit code."""
    if "--traceback" in words:
        traceback.print_exception(problem)
    known = isinstance(problem, (VitreousError, OSError))
    fault = f"{type(problem).__name__}: {problem} (a fault of Vitreous, not yours; --traceback shows where)"
    text = str(problem) if known else fault
    print(f"vitreous: {text}", file=sys.stderr)
    if "--json" in words:
        print(json.dumps({"error": text}, ensure_ascii=False))
    if isinstance(problem, Cancelled):
        return CANCELLED
    if isinstance(problem, InputError) or (isinstance(problem, OSError) and not isinstance(problem, JobError)):
        return BAD_INPUT
    return JOB_FAILED
