"""Graphs: order, cuts, and connections that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_jobs
from toy_jobs import COUNT, WALK, CountLetters, Walk

from vitreous.errors import InputError
from vitreous.pipeline.graph import Earlier, Files, Graph, Link, Step, graph_from_json, graph_to_json, step


@pytest.fixture
def counted(texts: list[Path]) -> Step:
    return step(COUNT, CountLetters(), stage="count", texts=Files.of(texts))


def test_steps_come_after_what_they_need(counted: Step) -> None:
    walked = step(WALK, Walk(), counts=counted["counts"])
    assert [each.stage for each in Graph(walked, counted).steps] == ["count", "walk"]


def test_until_keeps_what_a_stage_needs(counted: Step) -> None:
    first = step(WALK, Walk(), stage="first", counts=counted["counts"])
    second = step(WALK, Walk(steps=2), stage="second", counts=counted["counts"])
    assert [each.stage for each in Graph(counted, first, second).until("second").steps] == ["count", "second"]
    with pytest.raises(InputError, match=r"stage must be one of count, first; got 'frist'. Did you mean 'first'\?"):
        Graph(counted, first).until("frist")


def test_starting_takes_the_rest_as_it_is(counted: Step) -> None:
    graph = Graph(counted, step(WALK, Walk(), counts=counted["counts"]))
    assert [each.taken for each in graph.starting("walk", lambda each: f"0001-{each.stage}").steps] == ["0001-count", ""]
    assert [each.taken for each in graph.starting("count", lambda each: "").steps] == ["", ""]
    with pytest.raises(InputError, match="must hold a finished 'count' to start from 'walk'"):
        graph.starting("walk", lambda each: "")


def test_json_there_and_back(counted: Step) -> None:
    walked = step(WALK, Walk(start=3.0), counts=counted["counts"])
    again = step(WALK, Walk(), stage="again", counts=Earlier("0001-count-letters", "counts"))
    told = graph_to_json(Graph(counted, walked, again))
    assert graph_to_json(graph_from_json(told, toy_jobs.registry())) == told


def test_what_does_not_fit_is_refused(counted: Step) -> None:
    with pytest.raises(InputError, match=r"walk.counts must be of kind counts; got count.each of kind count"):
        Graph(counted, step(WALK, Walk(), counts=counted["each"]))
    with pytest.raises(InputError, match=r"walk must be given counts \(counts\)"):
        Graph(step(WALK, Walk()))
    with pytest.raises(InputError, match="walk reads from count, which is not in the graph"):
        Graph(step(WALK, Walk(), counts=counted["counts"]))
    with pytest.raises(InputError, match=r"stage names must be unique; 'count' is there 2 times"):
        Graph(counted, counted)
    with pytest.raises(InputError, match="in a circle; got a, b"):
        Graph(*(step(WALK, Walk(), stage=one, counts=Link(other, "walk")) for one, other in [("a", "b"), ("b", "a")]))
    with pytest.raises(InputError, match="'sums' is no output of count-letters; there are counts, each"):
        counted["sums"]


def test_patterns_are_expanded_once_and_must_match(texts: list[Path]) -> None:
    folder = texts[0].parent
    assert Files.of(str(folder / "*.txt")).paths == tuple(map(str, texts))
    assert Files.of([str(folder / "*.txt"), texts[0]]).paths == tuple(map(str, texts))
    with pytest.raises(InputError, match=r"movies must name files that exist; got '.*\*\.tiff', which matches nothing"):
        Files.of(str(folder / "*.tiff"), "movies")


def test_a_file_whose_name_looks_like_a_pattern_is_found(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("")
    assert Files.of(tmp_path / "a[1].txt").paths == (str(tmp_path / "a[1].txt"),)
