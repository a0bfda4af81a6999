"""A plan through the job: numbers, words, picture, and numbers that cannot be."""

from __future__ import annotations

import pytest

from vitreous.errors import InputError
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json


def test_a_plan_says_its_numbers_and_what_it_assumed(here: Project) -> None:
    record = here.do("plan-experiment", mass=500.0, diameter=150.0, resolution=3.0, symmetry="D2")
    told = read_json(record["plan"])
    assert 5_000 < told["particles"] < 100_000
    assert told["pixel_size_angstrom"] == 1.2
    assert told["box_px"] * 1.2 > 225
    assert told["warnings"] == []
    words = record["words"].read_text()
    assert words.startswith("About ")
    for each in ("views are even", "the B-factor holds all that blurs", "follows the molecule"):
        assert each in words
    assert record["picture"].read_text().startswith("<")
    alone = here.do("plan-experiment", mass=500.0, diameter=150.0, resolution=3.0)
    assert alone.figures["particles"] == pytest.approx(4 * told["particles"], rel=0.1)


def test_what_stands_in_the_way_is_said(here: Project) -> None:
    record = here.do("plan-experiment", mass=15.0, diameter=50.0, resolution=1.6, dose=0.5, ice=2500.0, b_factor=200.0)
    said = " ".join(record.warnings)
    for each in ("particles may not be found", "lose energy in 2500 Å of ice", "out of reach"):
        assert each in said
    wide = here.do("plan-experiment", mass=5000.0, diameter=600.0, ice=800.0, resolution=2.0, b_factor=0.0)
    assert "Ewald sphere" in " ".join(wide.warnings)
    assert "perfect microscope" in " ".join(wide.warnings)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mass": -5.0}, "mass must be a number above 0"),
        ({"diameter": 60.0}, "diameter must be at least 100 Å: a ball of 500 kDa is no smaller"),
        ({"ice": 100.0}, "ice must be as thick as the particle or thicker, 150 Å"),
        ({"pixel_size": 2.0}, "resolution must be two pixels or coarser, 4 Å"),
        ({"b_factor": -1.0}, "b_factor must be a number at least 0"),
        ({"dqe": 0.0}, "dqe must be a number above 0"),
        ({"symmetry": "Q7"}, "symmetry"),
    ],
)
def test_numbers_that_cannot_be_are_refused(here: Project, given: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        here.do("plan-experiment", **{"mass": 500.0, "diameter": 150.0, "resolution": 3.0, **given})
