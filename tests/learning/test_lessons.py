"""Lessons run from end to end: their claims hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.learning.headless import lesson_files, run_lesson
from vitreous.lessons import FOLDER


@pytest.mark.parametrize("file", lesson_files(FOLDER), ids=lambda file: file.stem)
def test_every_lesson_runs_and_its_claims_hold(file: Path):
    run = run_lesson(file)
    assert (run.lesson, run.problem) == (file.stem.replace("_", "-"), "")


NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    from vitreous.learning.page import claim
    {line}
    return
"""


@pytest.mark.parametrize(
    ("line", "problem"), [("claim('two is two', 2 == 2)", ""), ("claim('two is three', 2 == 3)", "BrokenClaim: a claim of this lesson"),
                          ("1 / 0", "ZeroDivisionError")]
)  # fmt: skip
def test_what_broke_is_told(tmp_path: Path, line: str, problem: str):
    (tmp_path / "toy_lesson.py").write_text(NOTEBOOK.format(line=line))
    run = run_lesson(tmp_path / "toy_lesson.py")
    assert run.lesson == "toy-lesson"
    assert run.problem.startswith(problem)
    assert bool(run.problem) == bool(problem)
