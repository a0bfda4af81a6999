"""All lessons without a browser: what broke, and which answers are missing."""

from __future__ import annotations

import ast
import importlib.util
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vitreous.learning import syllabus
from vitreous.learning.notebooks import require_marimo


@dataclass(frozen=True)
class Run:
    """A lesson that was run from end to end: the seconds of processor it took, and what broke ("" if nothing)."""

    lesson: str
    seconds: float
    problem: str


def run_lesson(file: Path) -> Run:
    """Run the notebook ``file``; its claims are checked on the way. Exercises are left as they are: unchecked."""
    require_marimo()
    began = time.process_time()
    problem, main = "", sys.modules["__main__"]
    try:
        spec = importlib.util.spec_from_file_location(f"lesson_{file.stem}", file)
        notebook = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(notebook)  # type: ignore[union-attr]
        notebook.app.run()
    except Exception as broken:  # noqa: BLE001 - whatever broke is what is asked for
        problem = f"{type(broken).__name__}: {broken}"
    finally:
        sys.modules["__main__"] = main  # marimo leaves the notebook there, of which no process can be started
    return Run(file.stem.replace("_", "-"), time.process_time() - began, problem)


def asked_in(file: Path) -> frozenset[str]:
    """Ids of the questions that a notebook poses: the literal arguments of its calls of ``question``."""
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    posed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "question"]
    return frozenset(each.value for call in posed for each in call.args if isinstance(each, ast.Constant))


def unanswered(folder: Path) -> Iterator[str]:
    """Yield in a sentence each question that the syllabus says is answered, and is not asked there."""
    posed = {file.stem.replace("_", "-"): asked_in(file) for file in lesson_files(folder)}
    for each in syllabus.questions():
        if each.answer is None:
            continue
        lesson = each.answer.lesson
        if lesson not in posed:
            yield f"{each.id} is said to be answered in {lesson}, of which there is no notebook"
        elif each.id not in posed[lesson]:
            yield f"{each.id} is said to be answered in {lesson}, which does not ask it"


def lesson_files(folder: Path) -> list[Path]:
    """The notebooks of the syllabus' lessons that are in ``folder``, in its order."""
    files = (folder / f"{taught.module}.py" for taught in syllabus.lessons())
    return [file for file in files if file.is_file()]
