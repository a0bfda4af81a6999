"""Pictures of a job: found in its outputs, with the captions that the renderer put into them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitreous.pipeline.record import Record
from vitreous.views.figure import PURE, Axis, Figure, Panel
from vitreous.views.marks import Line
from vitreous.views.png import write_png
from vitreous.views.render import save_figure
from vitreous.web.pictures import SHOWN, picture, pictures_of

FIGURE = Figure(
    name="fsc", title="Agreement < of halves", caption="It must fall once & stay – near 0 Å.",
    panels=(Panel(marks=(Line(x=(0.0, 1.0), y=(1.0, 0.0)),), x=Axis("k", "Å⁻¹"), y=Axis("FSC", PURE)),),
)  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> Record:
    (tmp_path / "outputs" / "pictures").mkdir(parents=True)
    return Record(job="0001-a", type="a", stage="a", code="1", key="k", seed=0, params={}, inputs={}, folder=tmp_path)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_captions_and_sizes_are_read_from_the_file(record: Record, suffix: str) -> None:
    save_figure(FIGURE, record.folder / "outputs" / f"fsc.{suffix}")
    found = pictures_of(record)[0]
    assert (found.title, found.caption) == (FIGURE.title, FIGURE.caption)
    assert found.width > found.height > 100


def test_a_picture_without_words_is_called_by_its_name(record: Record) -> None:
    path = record.folder / "outputs" / "pictures" / "best_images.png"
    write_png(path, np.zeros((20, 30)))
    assert (picture(path).title, picture(path).caption, picture(path).width, picture(path).height) == ("best images", "", 30, 20)


SIGN = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("content", [b"", SIGN, SIGN + b"\xff" * 100, b"<svg", b"<svg viewBox='\xff'"])
def test_a_file_that_is_not_whole_does_no_harm(record: Record, content: bytes) -> None:
    path = record.folder / "outputs" / "half.png"
    path.write_bytes(content)
    assert picture(path).title == "half"


def test_no_more_than_a_page_holds_are_listed(record: Record) -> None:
    for number in range(SHOWN + 5):
        (record.folder / "outputs" / "pictures" / f"{number:03d}.svg").write_text("<svg/>")
    assert len(pictures_of(record)) == SHOWN
    assert pictures_of(replace(record, folder=record.folder / "gone")) == []
