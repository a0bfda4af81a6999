"""Figures without matplotlib: places that were worked out by hand, and nothing lost that the other renderer shows."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as tree

import numpy as np
import pytest
from gallery import FIGURES
from PIL import Image

from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Bars, Line, Mark, Note, Picture, Rule
from vitreous.views.quick.extents import extents
from vitreous.views.quick.scale import Scale, limits, ticks
from vitreous.views.quick.sheet import quick_svg

PLAIN = Axis("Distance", "Å")


def figure_of(*marks: Mark, x: Axis | None = PLAIN, y: Axis | None = PLAIN, **panel: object) -> Figure:
    return Figure(name="n", title="T <1>", caption="Look & see.", panels=(Panel(marks=marks, x=x, y=y, **panel),))


def test_values_lie_in_proportion_and_decades_are_equally_long():
    assert Scale(0.0, 4.0, 100.0, 300.0)([1.0, 4.0]).tolist() == [150.0, 300.0]
    assert Scale(1.0, 100.0, 0.0, 10.0, log=True)([1.0, 10.0, 100.0]).tolist() == [0.0, 5.0, 10.0]
    assert np.isnan(Scale(1.0, 100.0, 0.0, 10.0, log=True)([0.0, -1.0])).all()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 1.0, "0.0 0.2 0.4 0.6 0.8 1.0"),
        (-0.05, 0.3, "−0.05 0.00 0.05 0.10 0.15 0.20 0.25 0.30"),
        (0.0, 25000.0, "0 5000 10000 15000 20000 25000"),
        (-2e6, 2e6, "−2·10⁶ −1.5·10⁶ −1·10⁶ −5·10⁵ 0 5·10⁵ 1·10⁶ 1.5·10⁶ 2·10⁶"),
        (0.0, 5e-5, "0 1·10⁻⁵ 2·10⁻⁵ 3·10⁻⁵ 4·10⁻⁵ 5·10⁻⁵"),
    ],
)
def test_ticks_are_round_and_written_with_the_decimals_they_need(low: float, high: float, words: str):
    assert " ".join(text for _, text in ticks(PLAIN, low, high, 370.0)) == words


def test_ticks_of_decades_counts_and_those_that_were_asked_for():
    assert [text for _, text in ticks(Axis("N", PURE, scale="log"), 1.0, 1e6, 300.0)] == ["1", "10", "100", "1000", "10000", "10⁵", "10⁶"]
    assert [at for at, _ in ticks(Axis("N", PURE, whole=True), 0.0, 3.0, 400.0)] == [0.0, 1.0, 2.0, 3.0]
    assert ticks(Axis("k", "Å⁻¹", ticks=((0.1, "10"), (9.0, "far"))), 0.0, 0.2, 300.0) == [(0.1, "10")]


def test_limits_are_the_axis_own_else_those_of_the_data_with_room():
    assert limits(PLAIN, (0.0, 10.0)) == (-0.5, 10.5)
    assert limits(Axis("a", "Å", limits=(0.0, 2.0)), (0.0, 10.0)) == (0.0, 2.0)
    assert limits(None, (0.0, 10.0), margin=0.0) == (0.0, 10.0)
    assert limits(PLAIN, (float("nan"), float("nan")))[0] < 1
    assert extents((Bars(edges=[0, 1, 2], heights=[3, 5]), Rule(at=9.0))) == ((0.0, 9.0), (0.0, 5.0))


def test_row_0_of_a_picture_is_at_the_bottom_and_a_line_rises_to_the_upper_right():
    values = np.zeros((2, 2))
    values[0, 1] = 1.0  # low and right
    text = quick_svg(figure_of(Picture(values=values, extent=(0, 1, 0, 1)), x=None, y=None, equal=True))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", text)[1]))))
    assert pixels.tolist() == [[0, 0], [0, 255]]
    rising = quick_svg(figure_of(Line(x=[0.0, 1.0], y=[0.0, 1.0])))
    ends = re.search(r'd="M([\d. ]+)L([\d. ]+)" fill="none" stroke="var', rising).groups()
    (x0, y0), (x1, y1) = (map(float, each.split()) for each in ends)
    assert x1 > x0
    assert y1 < y0  # SVG counts downwards


def test_words_below_a_picture_lie_between_it_and_its_colours():
    picture = Picture(values=np.zeros((2, 4)), extent=(0, 4, 0, 2), limits=(0, 1), scale="share")
    text = quick_svg(figure_of(picture, Note(x=2.0, y=-0.1, text="under"), x=None, y=None, equal=True))
    top, high = (float(re.search(rf'<image [^>]*{name}="([\d.]+)"', text)[1]) for name in (" y", "height"))
    patterns = (r'y="([\d.]+)"[^>]*>under<', r'<rect [^>]*y="([\d.]+)" [^>]*fill="rgb')
    words, bar = (float(re.search(pattern, text)[1]) for pattern in patterns)
    assert top + high < words < bar


def test_gaps_stay_gaps():
    text = quick_svg(figure_of(Line(x=[0, 1, 2, 3, 4], y=[0, 1, np.nan, 1, 0])))
    assert re.search(r'd="M[\d. ]+L[\d. ]+M[\d. ]+L[\d. ]+"', text)


#: One of each kind of picture; the whole gallery takes long to build.
SOME = ("motion", "micrograph", "thon", "picks", "orientations", "fsc", "time", "q of residues", "recovery of none", "planning")


@pytest.mark.parametrize("name", SOME)
def test_every_figure_is_drawn_with_all_its_words_and_nothing_that_is_no_number(name: str):
    figure = FIGURES[name]()
    text = quick_svg(figure)
    root = tree.fromstring(text)
    shown = " ".join("".join(each.itertext()) for each in root.iter())
    for panel in figure.panels:
        wanted = [panel.title, *(axis.text for axis in (panel.x, panel.y, panel.top) if axis is not None)]
        wanted += [mark.label for mark in panel.marks if panel.legend != "none" and getattr(mark, "label", "")]
        assert all(words in shown for words in wanted), wanted
    assert "nan" not in re.sub(r">[^<]*<|base64,[^\"]*", "", text)
    assert "#0a65a8" not in text.split("</style>")[1]  # colours are variables: dark paper has others
