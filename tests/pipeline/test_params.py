"""Parameters: what is declared once holds everywhere."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_jobs import ToyRun, Walk

from vitreous.errors import InputError
from vitreous.pipeline.forms import form, table
from vitreous.pipeline.params import from_json, option, options, parameters, to_json


def test_defaults_and_declared_types() -> None:
    walk = Walk(steps=3.0, stride=2)
    assert (walk.steps, walk.stride) == (3, 2.0)
    assert isinstance(walk.steps, int)
    assert isinstance(walk.stride, float)
    assert ToyRun(texts=["a", Path("b")]).texts == (Path("a"), Path("b"))
    with pytest.raises(FrozenInstanceError):
        walk.steps = 4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"steps": 0}, r"^steps must be an integer at least 1 and at most 1000; got 0\.$"),
        ({"steps": 2.5}, "steps must be an integer"),
        ({"steps": True}, "steps must be an integer"),
        ({"stride": 0.0}, r"^stride must be a number above 0, in Å; got 0\.0\.$"),
        ({"stride": float("nan")}, "stride must be a number above 0"),
        ({"stride": None}, "stride must be"),
        ({"start": float("inf")}, "start must be a number, in Å"),
        ({"flavour": "bold"}, r"^flavour must be one of plain, lazy; got 'bold'\.$"),
        ({"turns": 3.0}, "turns must be a list"),
        ({"turns": (3.0, 400.0)}, r"turns must be a number at least -360 and at most 360, in °; got 400\.0\."),
        ({"turns": (1.0, 2.0), "steps": 1}, r"turns must be at most one a step \(1\)"),
    ],
)
def test_forbidden_values_are_named_with_their_rule(values: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Walk(**values)


def test_unknown_and_missing_names() -> None:
    with pytest.raises(InputError, match=r"'stride_length' is no parameter of Walk. Did you mean 'stride'"):
        from_json(Walk, {"stride_length": 1.0})
    with pytest.raises(InputError, match="texts must be given: a path"):
        from_json(ToyRun, {})


@settings(deadline=None, max_examples=30)
@given(
    steps=st.integers(1, 1000),
    stride=st.floats(1e-300, 1e300),
    start=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    flavour=st.sampled_from(["plain", "lazy"]),
    turns=st.lists(st.floats(-360, 360), max_size=1),
)
def test_json_there_and_back(**values: object) -> None:
    walk = Walk(**values)
    assert from_json(Walk, to_json(walk)) == walk


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [("steps", "12", 12), ("stride", "1e-3", 0.001), ("start", "none", None), ("start", "-2", -2.0), ("flavour", "lazy", "lazy")],
)
def test_words_become_values(name: str, word: str, value: object) -> None:
    (one,) = [each for each in options(Walk) if each.name == name]
    assert one.read(word) == value


@pytest.mark.parametrize(("name", "word"), [("steps", "many"), ("steps", "1.5"), ("stride", "none"), ("flavour", "none")])
def test_words_that_are_no_values(name: str, word: str) -> None:
    (one,) = [each for each in options(Walk) if each.name == name]
    with pytest.raises(InputError, match=f"{name} must be .*; got '{word}'"):
        one.read(word)


def test_form_and_table_tell_all_that_is_declared() -> None:
    fields = {field["name"]: field for field in form(Walk)}
    assert fields["stride"]["label"] == "stride [Å]"
    assert fields["stride"]["above"] == 0
    assert fields["flavour"]["choices"] == ["plain", "lazy"]
    assert fields["turns"]["advanced"]
    assert fields["turns"]["many"]
    assert "| `start` | a number, in Å | the count of letters | where it starts |" in table(Walk)


def test_inherited_parameters_come_first_and_are_checked() -> None:
    @parameters
    class Optics:
        pixel_size: float = option(1.0, "Å", above=0)

    @parameters
    class More(Optics):
        count: int = option(1)

    assert [each.name for each in options(More)] == ["pixel_size", "count"]
    with pytest.raises(InputError, match="pixel_size must be a number above 0, in Å"):
        More(pixel_size=-1)


def test_a_type_that_no_surface_can_show_is_refused() -> None:
    @parameters
    class Odd:
        table: dict = option({}.copy)

    with pytest.raises(TypeError, match="table: no surface can show"):
        options(Odd)
