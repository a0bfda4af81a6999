"""The report: one file that asks nothing of anybody, with every word escaped and every picture described."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from gallery import FIGURES

from vitreous.errors import InputError
from vitreous.views.png import encode_png
from vitreous.views.report import Drawn, Headline, Provenance, Report, Section, Table
from vitreous.views.report_html import report_html, write_report

EVIL = '<img src=x onerror="alert(1)">&movie'


class Reader(HTMLParser):
    """Collects tags with their attributes, and checks that they nest."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def full_report() -> Report:
    dot = Drawn(content=encode_png(np.zeros((4, 4), np.uint8)), title="A dot", caption="Look at it.", width="half")
    table = Table(columns=("Movie", "Defocus (µm)"), rows=[(EVIL, "1.52"), ("b", "2.10")], caption=EVIL)
    return Report(
        title=EVIL, subtitle="from movies", headline=(Headline("Resolution", "7.4", "Å", "95 %: 7.2 to 7.7 Å"),),
        warnings=(EVIL, "The halves agree only weakly."), hero=FIGURES["projections"](),
        sections=(Section(title="Motion", text="One.\n\nTwo & three.", items=(FIGURES["guinier"](), FIGURES["fsc"](), dot, dot)),
                  Section(title="Defocus", items=(table,))),
        truth=(Section(title="Defocus", items=(dot,)),), quarantine=((EVIL, "truncated"),),
        provenance=Provenance(command="vitreous run --movies 'a<b'", seed=0, versions={"vitreous": "0.1"},
                              parameters={"dose": 1.2}),
        papers=("Scheres 2012, J. Mol. Biol. 415:406, https://doi.org/10.1016/j.jmb.2011.11.010",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def page() -> str:
    return report_html(full_report())


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_nothing_is_fetched_and_nothing_runs(page, read):
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    for tag, attributes in read.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "action", "poster", "background"):
                assert (value or "").startswith(("data:", "#")), (tag, name)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page
    assert re.findall(r"https?://[^<\s]+", page) == ["https://doi.org/10.1016/j.jmb.2011.11.010"]  # words, not a link


def test_pictures_inside_the_data_addresses_fetch_nothing_either(read):
    sources = [attributes["src"] for tag, attributes in read.tags if tag == "img"]
    assert len(sources) == 6
    for source in sources:
        if source.startswith("data:image/svg+xml,"):
            text = unquote_to_bytes(source.partition(",")[2]).decode()
            assert text.startswith("<svg")
            assert not re.search(r"href=\"(?!#|data:)|url\((?!#)", text)


def test_every_picture_is_described(read):
    alts = [attributes.get("alt") or "" for tag, attributes in read.tags if tag == "img"]
    assert all(len(alt.split()) >= 4 for alt in alts)


def test_words_are_escaped_and_kept(page, read):
    assert "<img src=x" not in page
    assert sum(EVIL in words for words in read.words) >= 4


def test_anchors_are_unique_and_found(read):
    names = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = [attributes["href"][1:] for tag, attributes in read.tags if tag == "a"]
    assert links
    assert set(links) <= set(names)


def test_warnings_come_before_numbers_and_numbers_before_pictures(page):
    assert page.index('class="warnings"') < page.index('class="tiles"') < page.index("<figure") < page.index('id="papers"')


def test_a_lone_half_figure_has_its_words_beside_it(page):
    assert page.count('<figure class="half alone">') == 2  # the Guinier plot before the full figure; the dot among the truth
    assert page.count('<figure class="half">') == 2


def test_numbers_are_set_to_the_right(page):
    assert "<td class=number>1.52</td>" in page
    assert "<td class=number>b</td>" not in page


def test_an_empty_report_is_a_page_too(tmp_path):
    write_report(tmp_path / "deep" / "report.html", Report(title="Nothing yet"))
    text = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert "No step raised a warning." in text
    assert len(text) < 20_000


def test_ragged_tables_are_refused():
    with pytest.raises(InputError, match="2 cells"):
        Table(columns=("a", "b"), rows=[("1",)])
