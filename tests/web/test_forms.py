"""Forms drawn from declarations and read back: every job's own, and each way to fill one in wrongly."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toy_jobs

from vitreous.jobs.registry import registry
from vitreous.pipeline.params import from_json, options, to_json
from vitreous.pipeline.project import Project
from vitreous.web.forms import fields_of, fields_of_record, fitting, means_of, ports_of, read_files, read_means, read_values, text_of
from vitreous.web.project_view import ProjectView
from vitreous.web.why import ALIKE, OWN, WHYS, lesson_path, own_numbers, why
from vitreous.web.work import as_typed, words_of

REAL = registry()
DECLARED = [*REAL.jobs.values(), *REAL.recipes.values()]


@pytest.fixture
def view(project: Project) -> ProjectView:
    return ProjectView(project.store.folder, project.registry)


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: each.name)
def test_a_form_left_alone_says_what_silence_says(declared: Any) -> None:
    drawn = fields_of(declared, None, {})
    sent = {each.name: [each.text] for each in drawn if each.kind != "switch" or each.text}
    values, errors = read_values(declared.params, sent)
    needed = {each.name for each in drawn if each.required}
    assert set(errors) == needed
    assert not values


SAMPLES = {"path": "/data", "integer": 20, "number": 20.0, "text": "word"}


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: each.name)
def test_what_a_job_was_told_fills_its_form_and_is_read_back(declared: Any) -> None:
    given = {each.name: [SAMPLES[each.kind]] if each.many else SAMPLES[each.kind] for each in options(declared.params) if each.required}
    told = to_json(from_json(declared.params, given | ({"movies": ["/data/*.tif"]} if declared.name == "run" else {})))
    sent = {each.name: [text_of(each, told[each.name])] for each in options(declared.params)}
    values, errors = read_values(declared.params, sent)
    assert not errors
    assert to_json(from_json(declared.params, values)) == told


WRONG = {
    "steps": ["0", "1001", "2.5", "many", "nan", "１２x"],
    "stride": ["0", "-1", "1,5 Å", "inf", "1e999"],
    "start": ["here"],
    "flavour": ["spicy"],
    "turns": ["361", "10 20 x"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_what_is_wrong_is_said_at_its_field(name: str, text: str) -> None:
    values, errors = read_values(toy_jobs.Walk, {name: [text]})
    assert list(errors) == [name]
    assert name in errors[name]
    assert name not in values
    drawn = next(each for each in fields_of(toy_jobs.WALK, {name: [text]}, errors) if each.name == name)
    assert (drawn.text, drawn.error) == (text, errors[name])


def test_every_wrong_field_is_told_at_once() -> None:
    assert set(read_values(toy_jobs.Walk, {"steps": ["0"], "stride": ["-1"], "start": ["3"]})[1]) == {"steps", "stride"}


def test_a_rule_that_joins_two_parameters_is_said_at_the_one_it_names() -> None:
    assert list(read_values(toy_jobs.Walk, {"steps": ["1"], "turns": ["1 2 3"]})[1]) == ["turns"]


def test_values_are_read_as_the_command_line_reads_them() -> None:
    values, errors = read_values(toy_jobs.Walk, {"steps": [" 7 "], "start": ["none"], "turns": ["-90; 45\n1e1"], "stride": ["1.5"]})
    assert not errors
    assert values == {"steps": 7, "turns": [-90.0, 45.0, 10.0]}
    assert read_values(toy_jobs.CountLetters, {"letter": ["e"]})[0] == {"fold_case": False}
    texts = read_values(toy_jobs.ToyRun, {"texts": ["/a b/*.txt\r\n\r\n/c.txt "]})[0]["texts"]
    assert list(map(str, texts)) == ["/a b/*.txt", "/c.txt"]


def test_files_come_from_an_earlier_job_or_from_paths(view: ProjectView, outside: Path) -> None:
    counts = toy_jobs.WALK
    assert fitting(view, counts.inputs[0]) == [("0001-count-letters/counts", "0001-count-letters: counts")]
    files, errors = read_files(view, counts, {"from:counts": ["0001-count-letters/counts"]})
    assert not errors
    assert files == {"counts": [str(view.folder / "jobs/0001-count-letters/outputs/counts.json")]}
    assert read_files(view, counts, {"paths:counts": [f" {outside} \n"]})[0] == {"counts": [str(outside)]}
    assert read_files(view, counts, {}) == ({}, {})


@pytest.mark.parametrize(
    ("verb", "fields", "port", "words"),
    [
        ("walk", {"paths:counts": ["/no/such/file"]}, "counts", "matches nothing"),
        ("walk", {"paths:counts": ["/tmp"]}, "counts", "a folder"),
        ("walk", {"from:counts": ["0001-count-letters/each"]}, "counts", "of kind counts"),
        ("walk", {"from:counts": ["../../etc/passwd"]}, "counts", "of kind counts"),
        ("walk", {"paths:counts": [f"{__file__}\n{Path(__file__).with_name('test_graph.py')}"]}, "counts", "one file"),
        ("count-letters", {}, "texts", "must be given"),
    ],
)
def test_files_that_will_not_do_are_told_at_their_port(view: ProjectView, verb: str, fields: dict, port: str, words: str) -> None:
    errors = read_files(view, view.registry.job(verb), fields)[1]
    assert list(errors) == [port]
    assert words in errors[port]
    drawn = next(each for each in ports_of(view, view.registry.job(verb), fields, errors) if each.name == port)
    assert drawn.error == errors[port]


def test_many_files_of_a_job_are_given_as_a_pattern(view: ProjectView) -> None:
    record = view.record("0001-count-letters")
    job = view.registry.job("count-letters")
    assert record is not None
    port = replace(job.inputs[0], kind="count")
    files, errors = read_files(view, replace(job, inputs=(port,)), {"from:texts": ["0001-count-letters/each"]})
    assert not errors
    assert files == {"texts": [str(record.folder / "outputs" / "*.count")]}


NO_MEANS = [("seed", "-1"), ("seed", "one"), ("memory", "lots"), ("executor", "local:0"), ("executor", "moon")]


@pytest.mark.parametrize(("name", "text"), NO_MEANS)
def test_means_that_there_are_not(name: str, text: str) -> None:
    errors = read_means({name: [text]})[1]
    assert list(errors) == [name]
    assert next(each for each in means_of({name: [text]}, errors) if each.name == name).error == errors[name]


def test_the_command_is_what_a_person_would_type(tmp_path: Path) -> None:
    values = {"steps": 7, "start": None, "turns": [-90.0, 45.0], "lazy": False}
    words = words_of("walk", values, {"counts": ["/a b.json"]}, {"seed": "3"}, tmp_path)
    assert words[:2] == ["walk", f"--project={tmp_path}"]
    assert words[2:] == ["--counts=/a b.json", "--steps=7", "--start=none", "--turns", "-90.0", "45.0", "--no-lazy", "--seed=3"]
    assert as_typed(words).startswith("vitreous walk")
    assert "'--counts=/a b.json'" in as_typed(words)


def test_cloning_fills_in_what_the_job_was(view: ProjectView) -> None:
    record = view.record("0002-walk")
    assert record is not None
    fields = fields_of_record(record, toy_jobs.WALK)
    assert fields["from:counts"] == ["0001-count-letters/counts"]
    assert read_values(toy_jobs.Walk, fields) == ({"steps": 4}, {})
    first = view.record("0001-count-letters")
    assert first is not None
    assert fields_of_record(first, toy_jobs.COUNT)["paths:texts"][0].splitlines() == first.inputs["texts"]["paths"]


def test_whys_are_about_parameters_that_exist_and_lessons_of_the_syllabus() -> None:
    from vitreous.learning import syllabus

    ports = {port.name for job in REAL.jobs.values() for port in job.inputs}
    names = {each.name for job in DECLARED for each in options(job.params)} | ports
    qualified = {f"{job.name}.{each.name}" for job in DECLARED for each in options(job.params)}
    assert set(ALIKE) <= names
    assert set(WHYS) <= names | qualified
    for reason in WHYS.values():
        assert syllabus.lesson(reason.lesson)
    assert why("refine", "pixel_size").lesson == "convolution-blur"  # type: ignore[union-attr]
    assert why("sharpen", "method") is None


def test_lessons_start_from_the_numbers_of_the_project(view: ProjectView) -> None:
    class Fake:
        def __init__(self, params: dict, figures: dict) -> None:
            self.params, self.figures = params, figures

    fitted = Fake({"pixel_size": None}, {"median_defocus_angstrom": 15000.4, "resolution_angstrom": None})
    records = [Fake({"pixel_size": 1.1, "cs": 2.7}, {}), fitted]
    numbers = own_numbers(records)  # type: ignore[arg-type]
    assert numbers == {"pixel_size": 1.1, "spherical_aberration": 2.7, "defocus": 15000.4}
    assert own_numbers(records, {"pixel_size": 0.8})["pixel_size"] == 0.8  # type: ignore[arg-type]
    assert lesson_path(WHYS["defocus"], {"defocus": 15000.4}) == "learn/ctf-blur/?defocus=15000.4"
    assert own_numbers(view.records()) == {}


def test_lessons_know_the_numbers_by_these_names() -> None:
    source = (Path(__file__).parents[2] / "src" / "vitreous" / "learning" / "page.py").read_text()
    known = re.findall(r'^    "(\w+)": \(', source, re.MULTILINE)
    assert "defocus" in known
    assert set(OWN) <= set(known)
