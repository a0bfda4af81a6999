"""``vitreous learn``: the list for people and for programs, the check, and what cannot be opened."""

from __future__ import annotations

import json

import pytest

from vitreous.cli import learn
from vitreous.cli.app import main
from vitreous.learning.headless import Run


def test_the_list_says_of_each_question_whether_it_is_answered(capsys: pytest.CaptureFixture):
    assert main(["learn", "--list", "--json"]) == 0
    meetings = json.loads(capsys.readouterr().out)["meetings"]
    questions = {each["id"]: each for meeting in meetings for each in meeting["questions"]}
    assert len(questions) == 100
    assert (questions["Q23"]["answered"], questions["Q23"]["lesson"], questions["Q72"]["answered"]) == (True, "ctf-blur", False)
    assert next(each for each in meetings if each["id"] == "ctf-blur")["interactive"]
    assert not next(each for each in meetings if each["id"] == "vae")["interactive"]
    assert main(["learn", "--list"]) == 0
    told = capsys.readouterr().out
    assert "✓ Q23" in told
    assert "· Q72" in told
    assert "2021-01-14" in told


def _pretended(broken: str):
    return lambda file: Run(file.stem.replace("_", "-"), 0.5, "it broke" if file.stem == broken else "")


def test_the_check_prints_what_broke_and_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr("vitreous.learning.headless.lesson_files", lambda folder: [folder / "ctf_blur.py", folder / "em_2d.py"])
    monkeypatch.setattr("vitreous.learning.headless.unanswered", lambda folder: [])
    monkeypatch.setattr("vitreous.learning.headless.run_lesson", _pretended("ctf_blur"))
    assert main(["learn", "--check"]) == learn.WRONG
    told = capsys.readouterr().out
    assert "it broke" in told
    assert "1 of 2 lessons hold" in told
    assert main(["learn", "--check", "--json"]) == learn.WRONG
    rows = json.loads(capsys.readouterr().out)["lessons"]
    assert [row["lesson"] for row in rows if row["problem"]] == ["ctf-blur"]
    monkeypatch.setattr("vitreous.learning.headless.run_lesson", _pretended(""))
    assert main(["learn", "--check", "--quiet"]) == 0
    monkeypatch.setattr("vitreous.learning.headless.unanswered", lambda folder: ["Q01 is not answered"])
    assert main(["learn", "--check", "--quiet"]) == learn.WRONG


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--open", "ctf-blurr"], "no lesson"), (["--port", "x"], "port"), (["--prefix", "a b"], "prefix"),
        (["--opne", "ctf-blur"], "--open"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_told(capsys: pytest.CaptureFixture, words: list[str], told: str):
    assert main(["learn", *words]) == 2
    assert told in capsys.readouterr().err


def test_without_marimo_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["learn", "--no-open"]) != 0
    assert "vitreous[learn]" in capsys.readouterr().err


def test_the_link_leads_to_the_lesson(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr("vitreous.web.server.serve", lambda app, listener, ready: (listener.close(), ready()))
    assert main(["learn", "--open", "ctf-blur", "--no-open", "--prefix", "/node/7", "--json"]) == 0
    link = json.loads(capsys.readouterr().out)["url"]
    assert "/node/7/learn/ctf-blur/?token=" in link
