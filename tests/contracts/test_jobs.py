"""Every registered job and recipe: one declaration, and every surface agrees with it."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import toy_jobs

from vitreous.cli.arguments import flag, read_parameters
from vitreous.cli.commands import COMMANDS
from vitreous.cli.verbs import job_parser, recipe_parser
from vitreous.errors import InputError
from vitreous.jobs.registry import registry
from vitreous.pipeline.forms import form, table
from vitreous.pipeline.job import JobType, Recipe, load
from vitreous.pipeline.params import Option, from_json, options, to_json

TOYS, REAL = toy_jobs.registry(), registry()
JOBS = [*REAL.jobs.values(), *TOYS.jobs.values()]
RECIPES = [*REAL.recipes.values(), *TOYS.recipes.values()]
BOTH = pytest.mark.parametrize("declared", [*JOBS, *RECIPES], ids=lambda each: each.name)
EACH_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda each: each.name)


def test_every_verb_is_told_of_where_the_documentation_begins() -> None:
    page = (Path(__file__).parents[2] / "docs" / "index.md").read_text()
    first = {word for line in page.splitlines() if line.startswith("|") for word in line.split("|")[1].replace(",", " ").split()}
    assert {*REAL.jobs, *REAL.recipes, *COMMANDS} <= first


def parser_of(declared: JobType | Recipe) -> Any:
    return job_parser(declared) if isinstance(declared, JobType) else recipe_parser(declared)


def sample(each: Option) -> Any:
    """An allowed value that is not the default, where there is one."""
    if each.choices:
        value = each.choices[-1]
    elif each.kind in ("number", "integer"):
        low = each.low if each.low is not None else each.above if each.above is not None else -4.0
        high = each.high if each.high is not None else abs(low) + 9.0
        value = (low + high) / 2 if each.kind == "number" else int(low + high + 1) // 2
    else:
        value = {"text": each.default or "word", "switch": not each.default, "path": "some/file"}[each.kind]
    return [value] if each.many else value


def values_of(declared: type) -> dict[str, Any]:
    """A sample of each parameter, as far as rules between parameters allow; required ones in any case."""
    values = {each.name: sample(each) for each in options(declared) if each.required}
    for each in options(declared):
        try:
            from_json(declared, {**values, each.name: sample(each)})
        except InputError:
            continue
        values[each.name] = sample(each)
    return values


def least_of(declared: type) -> dict[str, Any]:
    """The required parameters, and one more where a rule asks for one of several."""
    values = {each.name: sample(each) for each in options(declared) if each.required}
    more = [values, *({**values, each.name: sample(each)} for each in options(declared))]
    return next(tried for tried in more if accepted(declared, tried))


def accepted(declared: type, values: dict[str, Any]) -> bool:
    try:
        from_json(declared, values)
    except InputError:
        return False
    return True


def words_of(values: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in values.items():
        if isinstance(value, bool):
            words.append(flag(name) if value else flag(f"no_{name}"))
        else:
            words += [flag(name), *map(str, value if isinstance(value, list) else [value])]
    return words


@BOTH
def test_json_command_line_and_form_agree(declared: JobType | Recipe) -> None:
    values = values_of(declared.params)
    params = from_json(declared.params, values)
    assert from_json(declared.params, json.loads(json.dumps(to_json(params)))) == params
    given = vars(parser_of(declared).parse_args(words_of(values)))
    assert from_json(declared.params, read_parameters(declared.params, given)) == params
    fields = form(declared.params)
    assert json.loads(json.dumps(fields)) == fields
    assert [field["name"] for field in fields] == list(to_json(params))
    assert table(declared.params).count("\n") == len(fields) + 2


@BOTH
def test_silence_on_the_command_line_means_the_defaults(declared: JobType | Recipe) -> None:
    required = least_of(declared.params)
    given = vars(parser_of(declared).parse_args(words_of(required)))
    assert from_json(declared.params, read_parameters(declared.params, given)) == from_json(declared.params, required)


@BOTH
def test_every_parameter_is_explained_and_the_page_can_be_drawn(declared: JobType | Recipe) -> None:
    page = parser_of(declared).format_help()
    assert declared.summary in page
    for each in options(declared.params):
        assert each.help, f"{declared.name}: {each.name} has no help"
        assert (each.name.upper() if each.positional else flag(each.name)) in page
        assert each.default is not None or each.required or each.if_none, f"{declared.name}: say what no {each.name} means"


@EACH_JOB
def test_names_do_not_collide(job: JobType) -> None:
    names = [port.name for port in job.inputs] + [each.name for each in options(job.params)]
    assert len(set(names)) == len(names)
    for ports in ([port.name for port in job.outputs], [port.file for port in job.outputs]):
        assert len(set(ports)) == len(ports)


@EACH_JOB
def test_the_work_is_where_the_job_says(job: JobType) -> None:
    assert list(inspect.signature(load(job.run)).parameters) == ["inputs", "params", "context"]
    if job.estimate:
        assert list(inspect.signature(load(job.estimate)).parameters) == ["inputs", "params"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda each: each.name)
def test_the_recipe_is_where_it_says(recipe: Recipe) -> None:
    assert list(inspect.signature(load(recipe.build)).parameters) == ["params"]
    if recipe.finish:
        assert list(inspect.signature(load(recipe.finish)).parameters) == ["records", "params", "folder"]


def test_verbs_are_unique() -> None:
    names = [*REAL.jobs, *REAL.recipes, *COMMANDS]
    assert len(set(names)) == len(names)
