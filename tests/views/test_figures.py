"""Every figure draws without a warning, whatever comes; axes say their unit; files explain themselves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from gallery import FIGURES, IMAGE

from vitreous.errors import InputError
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Bars, Circles, Line, nice_length
from vitreous.views.palette import COLOURS, colour
from vitreous.views.picks import picks_figure
from vitreous.views.render import render, save_figure
from vitreous.views.report import drawn

UNITS = {"Å", "Å²", "Å⁻¹", "Å⁻²", "°", "µm", "e/Å²", "frames", "s", "min", "%", "kDa", PURE}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_draws_as_svg_that_parses_and_explains_itself(name):
    figure = FIGURES[name]()
    text = render(figure, "svg").decode()
    root = ElementTree.fromstring(text)
    words = {child.tag.rpartition("}")[2]: child.text for child in root[:2]}
    assert words == {"title": figure.title, "desc": figure.caption}
    assert not re.search(r"href=\"(?!#|data:)", text)
    assert "<script" not in text


@pytest.mark.parametrize("name", FIGURES)
def test_axes_say_their_unit_and_captions_what_to_look_for(name):
    figure = FIGURES[name]()
    assert len(figure.caption.split()) >= 4
    for panel in figure.panels:
        for axis in (panel.x, panel.y, panel.top):
            if axis is not None:
                assert axis.unit in UNITS
                assert axis.text == (axis.label if axis.unit == PURE else f"{axis.label} ({axis.unit})")


def test_an_axis_without_unit_or_words_cannot_be_made():
    with pytest.raises(TypeError, match="unit"):
        Axis("Defocus")  # type: ignore[call-arg]
    with pytest.raises(InputError, match="words"):
        Axis(" ", "Å")
    with pytest.raises(InputError, match="both given"):
        Panel(marks=(), x=Axis("x", "Å"))
    with pytest.raises(InputError, match="sentence"):
        Figure(name="a", title="a", caption=" ", panels=(Panel(marks=()),))


def test_the_unit_is_drawn():
    text = render(FIGURES["fsc"](), "svg").decode()
    for word in ("Spatial frequency (Å⁻¹)", "Resolution (Å)", "Correlation of the halves", "0.143", "5.10 Å"):
        assert word in text


def test_svg_has_no_fixed_ink_and_follows_the_paper():
    text = render(FIGURES["guinier"](), "svg").decode()
    body = text[text.index("</style>") :]
    assert "prefers-color-scheme:dark" in text[: text.index("</style>")]
    assert "var(--ink)" in body
    assert "var(--blue)" in body
    fixed = set(re.findall(r"#[0-9a-f]{6}", body)) - {"#ffffff", "#000000"}
    assert not fixed


def test_png_is_drawn_on_its_paper():
    from io import BytesIO

    from PIL import Image

    for theme, corner in (("light", 255), ("dark", 0x10)):
        image = Image.open(BytesIO(render(FIGURES["guinier"](), "png", theme=theme)))
        assert image.convert("RGB").getpixel((0, 0))[0] == corner
        assert image.info["Description"].startswith("The line should follow")
        assert image.width == round(5.4 * 150)


def test_same_figure_gives_same_bytes():
    assert render(FIGURES["fsc"](), "svg") == render(FIGURES["fsc"](), "svg")


def test_other_forms_are_refused(tmp_path):
    with pytest.raises(InputError, match="svg or png"):
        save_figure(FIGURES["fsc"](), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_a_saved_figure_brings_its_words_back(tmp_path):
    figure = FIGURES["thon"]()
    save_figure(figure, tmp_path / "thon.svg")
    again = drawn(tmp_path / "thon.svg")
    assert (again.title, again.caption, again.media_type) == (figure.title, figure.caption, "image/svg+xml")
    save_figure(figure, tmp_path / "thon.png")
    assert drawn(tmp_path / "thon.png").media_type == "image/png"
    (tmp_path / "no.svg").write_text("hello")
    with pytest.raises(InputError, match="PNG or SVG"):
        drawn(tmp_path / "no.svg")


def test_drawing_leaves_matplotlib_as_it_was():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    render(FIGURES["fsc"](), "svg")
    assert dict(mpl.rcParams) == before


def luminance(text: str) -> float:
    """WCAG 2.2 relative luminance."""
    parts = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("theme", "paper"), [("light", "#ffffff"), ("dark", "#141b23")])
def test_colours_stand_out_on_their_paper(theme, paper):
    for role in COLOURS:
        if role in ("faint", "white", "black", "lime", "amber", "pink"):
            continue
        bright, dim = sorted((luminance(colour(role, theme)), luminance(paper)), reverse=True)
        need = 4.5 if role in ("ink", "muted") else 3.0
        assert (bright + 0.05) / (dim + 0.05) >= need, role


def test_picks_are_compared_with_the_truth():
    figure = picks_figure(IMAGE, [[10, 10], [70, 50]], pixel_size=2.0, diameter=20, truth=[[12, 10], [40, 40], [5, 50]])
    labels = [mark.label for mark in figure.panels[0].marks if isinstance(mark, Circles)]
    assert labels == ["1 right", "1 false", "2 missed"]


def test_unequal_arrays_are_refused():
    with pytest.raises(InputError, match="one length"):
        Line(x=[1, 2], y=[1])
    with pytest.raises(InputError, match="one more"):
        Bars(edges=[1, 2], heights=[1, 2])


@pytest.mark.parametrize(("extent", "length"), [(430.0, 100.0), (399.0, 50.0), (4.0, 1.0), (0.9, 0.2)])
def test_scale_bars_have_round_lengths(extent, length):
    assert nice_length(extent) == pytest.approx(length)
