"""Particles kept by class and by lasso."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError, InputError
from vitreous.io.particles import read_particles
from vitreous.io.stacks import write_stack
from vitreous.io.star import Table, write_star
from vitreous.jobs.select import Select
from vitreous.pipeline.project import Project


@pytest.fixture
def classified(tmp_path: Path) -> Path:
    """Sixteen particles on a grid: defocus 0 … 3 Å across, score 0 … 3 upwards; classes 1 and 2 in turn."""
    write_stack(tmp_path / "a.mrcs", np.zeros((16, 4, 4), np.float32) + np.arange(16)[:, None, None], 2.0)
    across, up = (each.ravel().astype(float) for each in np.meshgrid(np.arange(4), np.arange(4)))
    up[15] = np.nan
    optics = Table({"rlnOpticsGroup": np.ones(1, int), "rlnVoltage": np.array([300.0]), "rlnSphericalAberration": np.array([2.7]),
                    "rlnAmplitudeContrast": np.array([0.1]), "rlnImagePixelSize": np.array([2.0])})  # fmt: skip
    particles = Table({"rlnImageName": np.array([f"{k + 1:06d}@a.mrcs" for k in range(16)], object), "across": across, "up": up,
                       "word": np.array(["a"] * 16, object), "rlnClassNumber": np.arange(16) % 2 + 1,
                       "rlnOpticsGroup": np.ones(16, int)})  # fmt: skip
    write_star(tmp_path / "particles.star", {"optics": optics, "particles": particles})
    return tmp_path / "particles.star"


#: A triangle around the three places (0, 0), (1, 0) and (0, 1).
TRIANGLE = (-0.5, -0.5, 1.9, -0.5, -0.5, 1.9)


def kept(here: Project, path: Path, **given: object) -> list[int]:
    return read_particles(here.do("select", particles=str(path), **given)["particles"]).slice_index.tolist()


def test_inside_a_lasso(here: Project, classified: Path):
    assert kept(here, classified, lasso_columns=("across", "up"), lasso=TRIANGLE) == [0, 1, 4]


def test_outside_a_lasso_are_the_others_but_those_without_a_number(here: Project, classified: Path):
    found = kept(here, classified, lasso_columns=("across", "up"), lasso=TRIANGLE, lasso_keeps="outside")
    assert found == [k for k in range(15) if k not in (0, 1, 4)]


def test_a_lasso_within_classes(here: Project, classified: Path):
    assert kept(here, classified, lasso_columns=("across", "up"), lasso=TRIANGLE, classes="1") == [0, 4]


def test_classes_alone(here: Project, classified: Path):
    assert kept(here, classified, classes="2") == list(range(1, 16, 2))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"lasso": TRIANGLE}, "both given or neither"),
        ({"lasso_columns": ("across", "up")}, "both given or neither"),
        ({"lasso_columns": ("across",), "lasso": TRIANGLE}, "two labels"),
        ({"lasso_columns": ("across", "up"), "lasso": TRIANGLE[:4]}, "three corners or more"),
        ({"lasso_columns": ("across", "up"), "lasso": (*TRIANGLE, 1.0)}, "each x and y"),
        ({"lasso_columns": ("across", "up"), "lasso": (float("nan"), *TRIANGLE[1:])}, "lasso must be"),
    ],
)
def test_what_is_no_lasso(given: dict, match: str):
    with pytest.raises(InputError, match=match):
        Select(**given)


@pytest.mark.parametrize(
    ("columns", "lasso", "match"),
    [
        (("acros", "up"), TRIANGLE, "Did you mean 'across'"),
        (("across", "up"), tuple(10 + each for each in TRIANGLE), "must keep particles"),
    ],
)
def test_a_lasso_that_cannot_be_used(here: Project, classified: Path, columns: tuple, lasso: tuple, match: str):
    with pytest.raises(InputError, match=match):
        kept(here, classified, lasso_columns=columns, lasso=lasso)


def test_a_lasso_over_words(here: Project, classified: Path):
    with pytest.raises(FormatError, match="word must be a number"):
        kept(here, classified, lasso_columns=("word", "up"), lasso=TRIANGLE)


def test_nobody_says_which_classes(here: Project, classified: Path):
    with pytest.raises(InputError, match="classes must be given"):
        kept(here, classified)
