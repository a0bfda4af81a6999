"""The syllabus of the study group: its meetings, their reading and their questions, and which of them a lesson answers.

The facts are those of the group's own documents (G. Woollard, Online CryoEM Study Group, 2020-2022); they are kept in ``syllabus.toml``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from vitreous.errors import InputError, require

Stream = Literal["blur", "sharpen"]
Kind = Literal["picture", "derivation", "exercise"]


@dataclass(frozen=True)
class Answer:
    """Where a question is answered: a lesson, and how."""

    lesson: str
    kind: Kind


@dataclass(frozen=True)
class Question:
    """A question of a meeting; ``answer`` is ``None`` while no lesson gives one."""

    id: str
    text: str
    meeting: str
    answer: Answer | None = None


@dataclass(frozen=True)
class Reading:
    """Something to read or watch before: what, for how long or how many pages, and where."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Meeting:
    """One meeting.

    Parameters
    ----------
    id
        Short: ``"ctf-blur"``.
    date
        When it was held.
    streams
        Whom it was announced to.
    topic
        A few words.
    path
        The learning paths that lead through it or its lesson.
    objectives
        What one can do afterwards.
    reading
        Before the meeting.
    questions
        To be discussed there.
    lesson
        Id of the lesson that covers it, or "".
    needs
        Ids of the lessons to have done before.
    note
        Anything else: a guest, a misprint put right.
    """

    id: str
    date: date
    streams: tuple[Stream, ...]
    topic: str
    path: tuple[Stream, ...]
    objectives: tuple[str, ...]
    reading: tuple[Reading, ...]
    questions: tuple[Question, ...]
    lesson: str
    needs: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Lesson:
    """A lesson as the syllabus sees it: its title and the meetings it covers, in order of their dates."""

    id: str
    title: str
    meetings: tuple[Meeting, ...]

    @property
    def module(self) -> str:
        """Name of its file in ``vitreous.lessons``, without ``.py``."""
        return self.id.replace("-", "_")

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Streams of its meetings, blur first."""
        held = {stream for meeting in self.meetings for stream in meeting.streams}
        return tuple(stream for stream in ("blur", "sharpen") if stream in held)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions of its meetings."""
        return tuple(question for meeting in self.meetings for question in meeting.questions)

    @property
    def needs(self) -> tuple[str, ...]:
        """Lessons to have done before, each once."""
        return tuple(dict.fromkeys(need for meeting in self.meetings for need in meeting.needs if need != self.id))


def _question(id_: str, row: dict, meeting: str) -> Question:
    answer = row.get("answer")
    return Question(id_, row["text"], meeting, Answer(answer["lesson"], answer["kind"]) if answer else None)


def _meeting(row: dict) -> Meeting:
    paths = tuple(stream for stream, stops in _data()["path"].items() if {row["id"], row.get("lesson", "")} & set(stops))
    questions = tuple(_question(id_, each, row["id"]) for id_, each in row.get("questions", {}).items())
    reading = tuple(Reading(each["text"], each.get("link", "")) for each in row.get("reading", []))
    return Meeting(
        id=row["id"], date=row["date"], streams=tuple(row["streams"]), topic=row["topic"], path=paths,
        objectives=tuple(row.get("objectives", [])), reading=reading, questions=questions, lesson=row.get("lesson", ""),
        needs=tuple(row.get("needs", [])), note=row.get("note", ""),
    )  # fmt: skip


@cache
def _data() -> dict:
    return tomllib.loads(files("vitreous.learning").joinpath("syllabus.toml").read_text(encoding="utf-8"))


@cache
def meetings() -> tuple[Meeting, ...]:
    """Every meeting, by date."""
    return tuple(sorted((_meeting(row) for row in _data()["meeting"]), key=lambda meeting: meeting.date))


@cache
def lessons() -> tuple[Lesson, ...]:
    """Every lesson that the syllabus names, in the order of the first meeting each covers."""
    titles = _data()["title"]
    named = dict.fromkeys(meeting.lesson for meeting in meetings() if meeting.lesson)
    return tuple(Lesson(id_, titles[id_], tuple(each for each in meetings() if each.lesson == id_)) for id_ in named)


@cache
def path(stream: Stream) -> tuple[Lesson, ...]:
    """The stops of a learning path in the order in which they are best taken; a meeting that has no lesson stands for itself."""
    known = {each.id: each for each in lessons()} | {
        each.id: Lesson(each.id, each.topic, (each,)) for each in meetings() if not each.lesson
    }
    return tuple(known[id_] for id_ in _data()["path"][stream])


def lesson(id_: str) -> Lesson:
    """Look a lesson up.

    Raises
    ------
    InputError
        If the syllabus has none of that id.
    """
    known = {each.id: each for each in lessons()}
    if id_ not in known:
        raise InputError(f"{id_!r} is no lesson. The lessons are: {', '.join(known)}.")
    return known[id_]


def questions() -> tuple[Question, ...]:
    """Every question, by its number."""
    return tuple(sorted((each for meeting in meetings() for each in meeting.questions), key=lambda each: int(each.id[1:])))


def question(id_: str) -> Question:
    """Look a question up by its id, "Q08".

    Raises
    ------
    InputError
        If there is none.
    """
    known = {each.id: each for each in questions()}
    require(id_ in known, "question", id_, f"one of Q01 to {list(known)[-1]}")
    return known[id_]
