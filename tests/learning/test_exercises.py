"""Every exercise: its solution is right, its first sketch is not, and each typical mistake is refused with the right word."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

from vitreous.learning import exercises, syllabus
from vitreous.learning.exercise import Exercise, judge

MODULES = [import_module(f"{exercises.__name__}.{found.name}") for found in pkgutil.iter_modules(exercises.__path__)]
ALL = [each for module in MODULES for each in vars(module).values() if isinstance(each, Exercise)]


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: f"{exercise.question or 'aside'}-{exercise.name}")
def test_a_solution_is_right_and_typical_mistakes_are_told_apart(exercise: Exercise):
    assert not exercise.question or syllabus.question(exercise.question).id == exercise.question
    judged = judge(exercise, exercise.solution)
    assert judged.right, judged.text
    assert not judge(exercise, exercise.starter).right
    for mistake in exercise.mistakes:
        told = judge(exercise, mistake.code)
        assert not told.right, mistake.code
        assert mistake.says in told.text, f"{mistake.code}\nsays: {told.text}"
