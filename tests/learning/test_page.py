"""What lessons are written with: a claim that does not hold stops the lesson; the reader's own numbers come in, within bounds."""

from __future__ import annotations

import re

import pytest

from vitreous.errors import InputError
from vitreous.learning import page
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line


def test_a_claim_that_does_not_hold_stops_the_lesson():
    assert "1 + 1 = 2" in page.claim("1 + 1 = 2", True).text
    with pytest.raises(page.BrokenClaim, match="1 = 2"):
        page.claim("1 = 2", False)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, 15000.0), ("12345.5", 12345.5), ("1e9", 30000.0), ("-5", 2000.0), ("nan", 15000.0), ("inf", 15000.0), ("", 15000.0),
        ("<script>", 15000.0), (["8000", "9000"], 8000.0), ([], 15000.0),
    ],
)  # fmt: skip
def test_own_numbers_come_from_the_address_within_the_range_of_their_slider(monkeypatch: pytest.MonkeyPatch, given, value: float):
    monkeypatch.setattr(page.mo, "query_params", lambda: {} if given is None else {"defocus": given})
    assert page.start("defocus", 15000.0, 2000, 30000) == value


def test_own_numbers_have_bounds_of_their_own_and_names_that_pages_know(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page.mo, "query_params", lambda: {"voltage": "1e6"})
    assert page.start("voltage", 300.0) == page.OWN_NUMBERS["voltage"][1]
    with pytest.raises(InputError, match="pixel_size"):
        page.start("pixelsize", 1.0)


def test_pages_hand_over_only_numbers_that_lessons_know():
    from vitreous.web.why import OWN

    assert set(OWN) <= set(page.OWN_NUMBERS)


def test_a_question_is_a_heading_with_its_number_as_anchor():
    assert re.search(r'<h3 id="Q24".*Q24.*What happens when the B factor', page.question("Q24").text)


def test_a_figure_is_shown_with_its_caption_which_cannot_break_out_of_it():
    line = Panel(marks=(Line(x=[0, 1], y=[0, 1]),), x=Axis("a", PURE), y=Axis("b", PURE))
    shown = page.show(Figure(name="f", title="<b>", caption="look <here>", panels=(line,))).text
    assert "<figcaption>look &lt;here&gt;</figcaption>" in shown
    assert "<b>" not in shown


def test_opening_and_closing_say_where_one_is_and_where_to_go():
    assert "14 January 2021" in page.opening("ctf-blur").text
    assert "../ctf-sharpen/" in page.closing("ctf-blur").text
    with pytest.raises(InputError, match="no lesson"):
        page.opening("ctf")
    with pytest.raises(InputError):
        page.steps()
