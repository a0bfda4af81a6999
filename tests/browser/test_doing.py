"""What a person does by hand on the pages: decide on micrographs, edit picks, and draw a lasso around particles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from made_project import SIDE, make_project
from system_browser import Seen, seeing, serving

from vitreous.numerics.polygon import inside_polygon
from vitreous.web.decisions import read_decisions
from vitreous.web.picks import read_edits


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that may be changed."""
    return make_project(tmp_path_factory.mktemp("doing") / "toy")


@pytest.fixture
def seen(browser: Any, own: Path) -> Iterator[Seen]:
    """A page of it, whose console is empty in the end."""
    with serving(own) as address, seeing(browser, address) as seen:
        yield seen
        assert seen.clean() == []


def open_micrographs(seen: Seen) -> Any:
    """The browser of micrographs with the picks of the first one."""
    with seen.page.expect_response(lambda answer: "/picks?" in answer.url):
        seen.go("/micrographs")
    return seen.page


def test_micrographs_are_accepted_and_rejected_by_key(seen: Seen, own: Path) -> None:
    page = open_micrographs(seen)
    names = [each.strip() for each in page.locator("#rows .row-name").all_inner_texts()]
    page.keyboard.press("r")
    page.get_by_text("1 decided by you").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    page.get_by_text("2 decided by you").wait_for()
    assert {name: verdict for name, (verdict, _) in read_decisions(own).items()} == {names[0]: "bad", names[1]: "good"}
    assert page.locator("#accept").get_attribute("aria-pressed") == "true"
    page.keyboard.press("c")
    page.get_by_text("1 decided by you").wait_for()
    assert list(read_decisions(own)) == [names[0]]
    page.click("#judge")
    assert page.locator("[name='paths:overrides']").input_value() == str(own / "decisions" / "micrographs.csv")


def click_at(page: Any, x: float, y: float) -> None:
    """Click on a pixel of the micrograph, (0, 0) the lower left one, and wait until that is kept."""
    box = page.locator("#image").bounding_box()
    across, down = (x + 0.5) / SIDE * box["width"], (1 - (y + 0.5) / SIDE) * box["height"]
    with page.expect_response(lambda answer: "/picks?" in answer.url and answer.request.method == "POST"):
        page.mouse.click(box["x"] + across, box["y"] + down)


def test_picks_are_added_and_taken_away_by_clicks_and_go_into_the_next_extraction(seen: Seen, own: Path) -> None:
    page = open_micrographs(seen)
    page.locator("#image").scroll_into_view_if_needed()
    page.keyboard.press("e")
    pick = (30.0, 30.0)  # the lower left one of the grid of picks
    click_at(page, SIDE / 2 + 0.3, 12.0)
    click_at(page, *pick)
    (edit,) = read_edits(own, "0004-pick").values()
    assert edit.added == pytest.approx(np.array([[SIDE / 2 + 0.3, 12.0]]), abs=1.5)
    assert edit.removed == pytest.approx(np.array([pick]), abs=0.01)
    with page.expect_response(lambda answer: "/picks?" in answer.url and answer.request.method == "POST"):
        page.keyboard.press("u")
    (edit,) = read_edits(own, "0004-pick").values()
    assert (len(edit.added), len(edit.removed)) == (1, 0)
    page.click("#finish")
    page.wait_for_url("**/new/extract*")
    file = Path(page.locator("[name='paths:coordinates']").input_value())
    before = (own / "jobs/0004-pick/outputs/coordinates.star").read_text().count("movie_")
    assert (file if file.is_absolute() else own / file).read_text().count("movie_") == before + 1


def test_a_lasso_is_drawn_and_becomes_a_parameter_of_select(seen: Seen) -> None:
    page = seen.page
    with page.expect_response(lambda answer: "/column?" in answer.url):
        seen.go("/particles")
    page.locator("#caption", has_text="200 particles").wait_for()
    box = page.locator("#plot").bounding_box()
    corners = [(0.15, 0.1), (0.6, 0.1), (0.6, 0.6), (0.15, 0.6)]
    at = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in (*at[1:], at[0]):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.locator("#told", has_text="of 200 inside").wait_for()
    inside = int(page.locator("#told").inner_text().split()[0])
    assert 10 < inside < 150
    asked = parse_qs(urlparse(page.locator("#select").get_attribute("href")).query)
    outline = np.array([float(each) for each in asked["lasso"][0].split()]).reshape(-1, 2)
    file, column = page.locator("#file").input_value(), f"{seen.address}/api/particles/column"
    answers = [page.request.get(column, params={"file": file, "label": label}) for label in asked["lasso_columns"][0].split()]
    columns = [np.frombuffer(answer.body(), "<f4") for answer in answers]
    assert inside_polygon(*columns, outline).sum() == inside
    page.click("#select")
    page.wait_for_url("**/new/select*")
    assert page.locator("[name='lasso']").input_value().split() == asked["lasso"][0].split()
