"""Whatever a learner writes is answered in words: mistakes of Python too, and loops that never end."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.learning import progress
from vitreous.learning.diagnosis import Verdict, compare
from vitreous.learning.exercise import Exercise, Mistake, bench, help_of, judge, verdict


def _check(function):
    return compare(function(np.arange(4.0)), np.arange(4.0) ** 2, "the squares")


def exercise(**changes: object) -> Exercise:
    wrong = tuple(Mistake(f"def square(x): return {each}", says) for each, says in (("-x**2", "sign"), ("2*x**2", "2"), ("x", "right")))
    base = {"name": "square", "question": "Q09", "prompt": "Square.", "starter": "def square(x):\n    raise NotImplementedError\n",
            "hints": ("a", "b", "c"), "solution": "def square(x):\n    return x**2\n", "check": _check, "mistakes": wrong}  # fmt: skip
    return Exercise(**{**base, **changes})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def square(x):\nreturn x", "line 2"),
        ("", "no function called `square`"),
        ("square = 3", "no function called `square`"),
        ("def squared(x): return x**2", "no function called `square`"),
        ("def square(x): return y", "nothing has defined"),
        ("def square(x):\n    return x[10]", "line 2"),
        ("def square(x): return 1 / 0", "divided by zero"),
        ("def square(x): return square(x)", "without end"),
        ("def square(): return 1", "arguments"),
        ("def square(x): raise NotImplementedError", "still as it was"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("def square(x): raise SystemExit", "only needs to `return`"),
        ("def square(x): print(x)", "return"),
    ],
)
def test_mistakes_of_python_are_explained(code: str, words: str):
    told = judge(exercise(), code)
    assert not told.right
    assert words in told.text, told.text


def test_a_loop_without_end_is_stopped():
    told = judge(exercise(), "def square(x):\n    while True:\n        pass", patience=0.3)
    assert not told.right
    assert "never ends" in told.text


def test_numpy_is_at_hand_and_the_solution_is_right():
    assert judge(exercise(), "def square(x): return np.square(x)") == Verdict(True, judge(exercise(), exercise().solution).text)


def test_an_exercise_needs_three_hints_and_three_mistakes():
    with pytest.raises(InputError, match="hints"):
        exercise(hints=("a", "b"))
    with pytest.raises(InputError, match="mistakes"):
        exercise(mistakes=())


def test_a_right_answer_is_remembered_and_a_wrong_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("VITREOUS_DATA", str(tmp_path / "data"))
    assert "Check" in verdict(exercise(), None).text
    verdict(exercise(), "def square(x): return x")
    assert progress.done() == {}
    verdict(exercise(), exercise().solution)
    assert list(progress.done()) == ["Q09"]


def test_the_bench_begins_with_the_sketch_and_help_is_folded():
    assert bench(exercise()).value is None
    assert "NotImplementedError" in bench(exercise()).text
    assert help_of(exercise()).text.count("Hint") == 3
