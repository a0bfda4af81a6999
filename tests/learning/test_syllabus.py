"""The syllabus is whole, hangs together, and what it calls answered is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from vitreous.errors import InputError
from vitreous.learning import syllabus
from vitreous.learning.bibliography import themes
from vitreous.learning.headless import asked_in, lesson_files, unanswered
from vitreous.lessons import FOLDER


def test_every_question_from_1_to_100_is_asked_once():
    assert [each.id for each in syllabus.questions()] == [f"Q{number:02d}" for number in range(1, 101)]


@pytest.mark.parametrize(
    ("id_", "day", "stream", "first", "count"),
    [  # read off the group's documents by hand
        ("background-blur", date(2020, 11, 19), "blur", "Q01", 1),
        ("fourier-sharpen", date(2020, 12, 10), "sharpen", "Q09", 3),
        ("convolution-sharpen", date(2021, 1, 7), "sharpen", "Q17", 6),
        ("ctf-blur", date(2021, 1, 14), "blur", "Q23", 8),
        ("image-formation-sharpen", date(2021, 2, 11), "sharpen", "Q34", 5),
        ("cryodrgn", date(2021, 4, 15), "sharpen", "Q73", 18),
        ("poisson-gamma", date(2022, 1, 28), "sharpen", "Q100", 1),
    ],
)
def test_meetings_stand_on_their_day_with_their_questions(id_: str, day: date, stream: str, first: str, count: int):
    meeting = next(each for each in syllabus.meetings() if each.id == id_)
    assert (meeting.date, stream in meeting.streams) == (day, True)
    assert (meeting.questions[0].id, len(meeting.questions)) == (first, count)


def test_meetings_are_those_of_the_documents():
    held = [each.date for each in syllabus.meetings()]
    assert len({each.id for each in syllabus.meetings()}) == len(held)
    # 28 in the table of April 2021 less the cancelled one, with two on the first day; ten in that of 2022.
    assert sum(day.year < 2022 for day in held) == 27
    assert sum(day.year == 2022 for day in held) == 10


def test_needs_are_lessons_that_come_earlier_on_their_path():
    known = {each.id for each in syllabus.lessons()}
    for stream in ("blur", "sharpen"):
        passed: list[str] = []
        for stop in syllabus.path(stream):
            here = set(stop.needs) & {each.id for each in syllabus.path(stream)}
            assert here <= set(passed), f"{stop.id} on the {stream} path comes before what it needs"
            assert set(stop.needs) <= known
            passed.append(stop.id)


def test_every_lesson_stands_on_a_path_and_on_that_of_its_stream():
    for stream in ("blur", "sharpen"):
        assert len({each.id for each in syllabus.path(stream)}) == len(syllabus.path(stream))
    on_paths = {each.id for stream in ("blur", "sharpen") for each in syllabus.path(stream)}
    assert {each.id for each in syllabus.lessons()} <= on_paths


def test_answered_questions_are_asked_in_their_lessons():
    assert list(unanswered(FOLDER)) == []


def test_at_least_forty_questions_are_answered():
    assert sum(each.answer is not None for each in syllabus.questions()) >= 40


def test_a_question_without_its_answer_is_told(tmp_path: Path):
    (tmp_path / "ctf_blur.py").write_text('question("Q23")\nquestion("Q24", extra)\nother("Q25")\n')
    assert asked_in(tmp_path / "ctf_blur.py") == {"Q23", "Q24"}
    told = "\n".join(unanswered(tmp_path))
    assert "Q25 is said to be answered in ctf-blur, which does not ask it" in told
    assert "Q23 " not in told


def test_lessons_are_of_the_syllabus_and_ask_questions_of_their_own_meetings():
    assert {file.stem for file in FOLDER.glob("*.py")} - {"__init__"} == {file.stem for file in lesson_files(FOLDER)}
    for taught in syllabus.lessons():
        file = FOLDER / f"{taught.module}.py"
        if file.is_file():
            assert {each.id for each in taught.questions} <= asked_in(file), taught.id


@pytest.mark.parametrize(("look", "wrong"), [(syllabus.lesson, "ctf-blurr"), (syllabus.question, "Q101"), (syllabus.question, "")])
def test_what_is_not_there_is_told_with_what_is(look, wrong: str):
    with pytest.raises(InputError, match=r"ctf-blur|Q01 to Q100"):
        look(wrong)


def test_the_bibliography_is_annotated_and_no_work_stands_twice():
    works = [work for theme in themes() for work in theme.works]
    assert len({work.text for work in works}) == len(works)
    assert all(work.note and work.link.startswith(("https://", "")) for work in works)
