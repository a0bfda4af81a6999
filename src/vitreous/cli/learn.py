"""``vitreous learn``: the lessons in the browser, their list, and whether they hold."""

from __future__ import annotations

import json
import sys
from typing import Any

from vitreous.cli.address import add_address, serve_at
from vitreous.cli.arguments import Parser, add_manners
from vitreous.learning import syllabus
from vitreous.pipeline.job import Registry

WRONG = 3


def _parser() -> Parser:
    parser = Parser("learn", "Lessons on how it all works, on the code that does the work: pictures to play with, derivations, exercises.")
    group = parser.add_argument_group("the lessons")
    group.add_argument("--open", metavar="LESSON", default="", help="begin with this lesson, e.g. ctf-blur (the learning room)")
    group.add_argument("--list", action="store_true", default=False, help="print meetings, lessons and questions instead")
    group.add_argument("--check", action="store_true", default=False, help="run all lessons without a browser and print what broke")
    add_address(group)
    add_manners(parser)
    return parser


def learn(words: list[str], registry: Registry) -> int:
    """Show the lessons until Ctrl-C; or list or check them."""
    given = vars(_parser().parse_args(words))
    if given["list"]:
        return _list(as_json=given["json"])
    if given["check"]:
        return _check(as_json=given["json"], quiet=given["quiet"])
    return _show(given)


def _list(*, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"meetings": [_row(meeting) for meeting in syllabus.meetings()]}, ensure_ascii=False, indent=1))
        return 0
    for meeting in syllabus.meetings():
        lesson = f"  → {meeting.lesson}" if _there(meeting.lesson) else ""
        print(f"{meeting.date:%Y-%m-%d}  {'/'.join(meeting.streams):<13}  {meeting.topic}{lesson}")
        for each in meeting.questions:
            print(f"    {'✓' if each.answer else '·'} {each.id}  {each.text}")
    done = [each for each in syllabus.questions() if each.answer]
    print(f"\n{len(done)} of {len(syllabus.questions())} questions are answered (✓). Try: vitreous learn --open ctf-blur")
    return 0


def _there(lesson: str) -> bool:
    from vitreous.lessons import FOLDER

    return bool(lesson) and (FOLDER / f"{lesson.replace('-', '_')}.py").is_file()


def _row(meeting: syllabus.Meeting) -> dict[str, Any]:
    questions = [
        {"id": each.id, "text": each.text, "answered": each.answer is not None,
         "lesson": each.answer.lesson if each.answer else None, "kind": each.answer.kind if each.answer else None}
        for each in meeting.questions
    ]  # fmt: skip
    return {"id": meeting.id, "date": meeting.date.isoformat(), "streams": list(meeting.streams), "topic": meeting.topic,
            "paths": list(meeting.path), "lesson": meeting.lesson or None, "interactive": _there(meeting.lesson),
            "needs": list(meeting.needs), "objectives": list(meeting.objectives),
            "reading": [{"text": each.text, "link": each.link} for each in meeting.reading], "questions": questions}  # fmt: skip


def _check(*, as_json: bool, quiet: bool) -> int:
    from vitreous.learning.headless import lesson_files, run_lesson, unanswered
    from vitreous.lessons import FOLDER

    runs = []
    for file in lesson_files(FOLDER):
        runs.append(run := run_lesson(file))
        if not (as_json or quiet):
            print(f"{run.lesson:<26} {run.seconds:5.1f} s  {run.problem or 'holds'}", flush=True)
    missing = list(unanswered(FOLDER))
    broken = [run for run in runs if run.problem]
    if as_json:
        rows = [{"lesson": run.lesson, "seconds": round(run.seconds, 2), "problem": run.problem} for run in runs]
        print(json.dumps({"lessons": rows, "unanswered": missing}, ensure_ascii=False))
    else:
        for sentence in missing:
            print(sentence, file=sys.stderr)
        print(f"{len(runs) - len(broken)} of {len(runs)} lessons hold.")
    return WRONG if broken or missing else 0


def _show(given: dict[str, Any]) -> int:
    first = f"{syllabus.lesson(given['open']).id}/" if given["open"] else ""
    from vitreous.learning.notebooks import require_marimo
    from vitreous.web.learning import create_learning_app

    require_marimo()
    serve_at(given, lambda token, prefix, hosts: create_learning_app(token=token, prefix=prefix, hosts=hosts),
             f"/learn/{first}", "The learning room is at {link}\nCtrl-C ends it.")  # fmt: skip
    return 0
