"""Exercises: an editor with a first sketch, hints, and a check that says what is wrong.

The learner's code runs in the learner's own process, as any notebook's does; it is stopped after a while if it never ends.
"""

from __future__ import annotations

import ctypes
import math
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from vitreous.errors import require
from vitreous.learning.diagnosis import Verdict
from vitreous.learning.progress import remember

PATIENCE = 20.0  # seconds that a check may take
SOURCE = "<your code>"


@dataclass(frozen=True)
class Mistake:
    """A typical wrong solution, and a word that the check's answer to it must contain."""

    code: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A function to write.

    Parameters
    ----------
    name
        The function's name, which is also that of the exercise.
    question
        Id of the question it answers, "Q09"; "" if it answers none of the syllabus.
    prompt
        Markdown: what is wanted.
    starter
        Source text to begin with: signature, docstring, perhaps a gap.
    hints
        Three steps, each saying more.
    solution
        Source text that is right.
    check
        Calls the function and judges what it gives.
    mistakes
        At least three, each refused with the right word; tests hold the check to them.
    """

    name: str
    question: str
    prompt: str
    starter: str
    hints: tuple[str, str, str]
    solution: str
    check: Callable[[Callable[..., Any]], Verdict]
    mistakes: tuple[Mistake, ...]

    def __post_init__(self) -> None:
        require(len(self.hints) == 3, f"hints of {self.name}", len(self.hints), "three, each saying more")
        require(len(self.mistakes) >= 3, f"mistakes of {self.name}", len(self.mistakes), "three or more")


def judge(exercise: Exercise, code: str, *, patience: float = PATIENCE) -> Verdict:
    """Run ``code`` and check the function in it; whatever happens, the verdict says it kindly. ``np`` and ``math`` are at hand."""
    names: dict[str, Any] = {"np": np, "math": math, "__name__": "exercise"}
    try:
        program = compile(code, SOURCE, "exec")
    except SyntaxError as problem:
        line = (problem.text or "").rstrip()
        return Verdict(False, f"Python cannot read line {problem.lineno}: {problem.msg}.\n\n```python\n{line}\n```")
    return _within(patience, lambda: _checked(exercise, program, names))


def _checked(exercise: Exercise, program: Any, names: dict[str, Any]) -> Verdict:
    try:
        exec(program, names)  # the learner's own code in the learner's own process
        if not callable(names.get(exercise.name)):
            return Verdict(False, f"There is no function called `{exercise.name}` in your code. Keep the name of the sketch.")
        return exercise.check(names[exercise.name])
    except NotImplementedError:
        return Verdict(False, "The sketch is still as it was: replace `raise NotImplementedError` by your own lines.")
    except Exception as problem:  # noqa: BLE001 - whatever a learner's code does is an answer to be explained
        return Verdict(False, _explained(problem))


def _explained(problem: Exception) -> str:
    own = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == SOURCE]
    where = f" in line {own[-1].lineno} of your code" if own else ""
    kinds = {
        NameError: "A name is used that nothing has defined yet.",
        IndexError: "An index points outside its array: does the loop run one too far?",
        TypeError: "A function was called with arguments it cannot take, or an operation with a type it does not know.",
        ZeroDivisionError: "Something is divided by zero.",
        RecursionError: "The function calls itself without end.",
    }
    meaning = next((f"\n\n{words}" for kind, words in kinds.items() if isinstance(problem, kind)), "")
    return f"It stopped{where} with `{type(problem).__name__}: {problem}`.{meaning}"


class _TooLong(Exception):
    """Raised inside a check that takes too long."""


def _within(patience: float, task: Callable[[], Verdict]) -> Verdict:
    """Do ``task`` on a thread of its own, and stop it after ``patience`` seconds."""
    held: list[Verdict] = []

    def work() -> None:
        with suppress(_TooLong, SystemExit):
            held.append(task())

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(patience)
    if worker.is_alive() and worker.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(_TooLong))
        return Verdict(False, f"It was stopped after {patience:g} seconds. Is there a loop that never ends?")
    return held[0] if held else Verdict(False, "Your code ended Python's thread; a function only needs to `return`.")


def bench(exercise: Exercise) -> Any:
    """An editor with the first sketch and a button that checks; its ``value`` is the code, or ``None`` before the first check."""
    import marimo as mo

    editor = mo.ui.code_editor(value=exercise.starter.strip() + "\n", language="python", min_height=180)
    return editor.form(submit_button_label="Check", bordered=True)


def verdict(exercise: Exercise, code: str | None) -> Any:
    """What the check says about ``code``, the ``value`` of :func:`bench`; a right answer is remembered as progress."""
    import marimo as mo

    if code is None:
        return mo.md("*Press **Check** to see what your function does.*")
    found = judge(exercise, code)
    if found.right:
        remember(exercise.question or exercise.name)
    return mo.callout(mo.md(found.text), kind="success" if found.right else "warn")


def help_of(exercise: Exercise) -> Any:
    """The task, and three hints and the solution, each folded."""
    import marimo as mo

    folded = {f"Hint {number}": mo.md(hint) for number, hint in enumerate(exercise.hints, 1)}
    folded["Solution"] = mo.md(f"```python\n{exercise.solution.strip()}\n```")
    return mo.accordion(folded)


def prompt_of(exercise: Exercise) -> Any:
    """The task in words, under the heading of the exercise."""
    import marimo as mo

    require(bool(exercise.prompt.strip()), "prompt", exercise.prompt, "words that say what is wanted")
    return mo.md(f'<h4 id="{escape(exercise.name)}">Exercise: <code>{escape(exercise.name)}</code></h4>\n\n{exercise.prompt}')
