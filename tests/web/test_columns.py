"""Columns of long lists, kept as binary files."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError, InputError
from vitreous.io.star import Table, write_star
from vitreous.web import columns
from vitreous.web.columns import ColumnCache, Columns, Reading, keep


def a_list(path: Path, count: int = 60) -> Table:
    rng = np.random.default_rng(3)
    names = np.array([f"mic_{k // 10}.mrc" for k in range(count)], object)
    images = np.array([f"{k:06d}@a.mrcs" for k in range(count)], object)
    late = np.array([*["1"] * (count - 1), "None"], object)
    table = Table({"rlnDefocusU": rng.normal(15000, 500, count), "rlnClassNumber": rng.integers(1, 9, count),
                   "rlnMicrographName": names, "rlnImageName": images, "late": late})  # fmt: skip
    write_star(path, {"optics": Table({"g": np.arange(1)}), "particles": table})
    return table


def asked(cache: ColumnCache, path: Path) -> Columns:
    for _ in range(600):
        found = cache.ask(path)
        if isinstance(found, Columns):
            return found
        time.sleep(0.05)
    raise AssertionError("never read")


def test_columns_are_those_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "MOST_WORDS", 50)
    table = a_list(tmp_path / "a.star")
    found = asked(ColumnCache(tmp_path / "cache"), tmp_path / "a.star")
    assert found.count == 60
    assert found.number("rlnDefocusU").tolist() == table["rlnDefocusU"].tolist()
    assert found.number("rlnClassNumber").tolist() == table["rlnClassNumber"].tolist()
    assert [found.text("rlnMicrographName", row) for row in range(60)] == table["rlnMicrographName"].tolist()
    assert len(found.values("rlnMicrographName")) == 6
    assert "rlnImageName" not in found.words, "names that differ in every row are of no use and cost most"


def test_a_column_whose_kind_changes_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    a_list(tmp_path / "a.star")
    from vitreous.io.star import largest_loop

    monkeypatch.setattr(columns, "star_pieces", lambda path: (dict(t.columns) for t in largest_loop(path, 400)))
    found = keep(tmp_path / "a.star", tmp_path / "kept" / "x")
    assert "late" not in found.numbers
    assert "late" not in found.words
    assert found.number("rlnDefocusU").shape == (60,)


def test_a_long_list_is_read_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "LONG", 100)
    table = a_list(tmp_path / "a.star")
    cache = ColumnCache(tmp_path / "cache")
    assert isinstance(cache.ask(tmp_path / "a.star"), Reading)
    assert asked(cache, tmp_path / "a.star").number("rlnDefocusU").tolist() == table["rlnDefocusU"].tolist()
    (tmp_path / "b.star").write_text("no list" * 100)
    assert isinstance(cache.ask(tmp_path / "b.star"), Reading)
    with pytest.raises(InputError, match="must begin with a data_ line"):
        asked(cache, tmp_path / "b.star")


def test_a_list_that_is_replaced_is_read_anew_and_the_old_one_goes(tmp_path: Path):
    cache, path = ColumnCache(tmp_path / "cache"), tmp_path / "a.star"
    a_list(path)
    first = cache.ask(path)
    a_list(path, 40)
    os.utime(path, ns=(1, 1))
    assert cache.ask(path).count == 40
    assert not first.folder.exists()
    assert len(list((tmp_path / "cache").rglob("columns.json"))) == 1


def test_verdicts_become_columns(tmp_path: Path):
    rows = [{"micrograph": f"m{k}", "score": k / 2, "reasons": [{"name": "ice"}], "descriptors": {"defocus": k, "twin": None}}
            for k in range(3)]  # fmt: skip
    (tmp_path / "v.json").write_text(json.dumps(rows))
    found = ColumnCache(tmp_path / "cache").ask(tmp_path / "v.json")
    assert found.number("defocus").tolist() == [0, 1, 2]
    assert np.isnan(found.number("twin")).all()
    assert json.loads(found.text("reasons", 2)) == [{"name": "ice"}]


@pytest.mark.parametrize("text", ["{}", "[1]", "[", "data_"])
def test_what_is_no_list(tmp_path: Path, text: str):
    path = tmp_path / ("a.star" if text == "data_" else "a.json")
    path.write_text(text)
    with pytest.raises(FormatError, match=r"list must"):
        ColumnCache(tmp_path / "cache").ask(path)


def test_a_project_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").write_text("")
    a_list(tmp_path / "a.star")
    assert ColumnCache(tmp_path / "file" / "cache").ask(tmp_path / "a.star").count == 60
