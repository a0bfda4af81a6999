"""Long lists read some rows at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError
from vitreous.io import star
from vitreous.io.star import Table, largest_loop, read_star, write_star


@pytest.mark.parametrize("piece", [1, 700, 1 << 20])
def test_pieces_are_the_whole(tmp_path: Path, piece: int):
    rng = np.random.default_rng(1)
    names = np.array([f"mic_{k % 7}.mrc" for k in range(100)], object)
    particles = Table({"x": rng.normal(size=100), "n": np.arange(100), "rlnMicrographName": names})
    write_star(tmp_path / "a.star", {"optics": Table({"group": np.arange(2)}), "particles": particles})
    pieces = list(largest_loop(tmp_path / "a.star", piece))
    whole = read_star(tmp_path / "a.star")["particles"]
    assert len(pieces) > 1 or piece > 1000
    for label in whole.columns:
        assert np.concatenate([each[label] for each in pieces]).tolist() == whole[label].tolist()


def test_compiled_pieces_are_the_plain_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_star(tmp_path / "a.star", {"": Table({"x": np.linspace(0, 1, 50), "rlnImageName": np.array(["1@a"] * 50, object)})})
    plain = list(largest_loop(tmp_path / "a.star", 300))
    monkeypatch.setattr(star, "COMPILED_FROM", 1)
    compiled = list(largest_loop(tmp_path / "a.star", 300))
    for first, second in zip(plain, compiled):
        assert {label: column.tolist() for label, column in first.columns.items()} == {
            label: column.tolist() for label, column in second.columns.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "data_"),
        ("data_\n_a 1\n", "must have a loop_"),
        ("data_\nloop_\n_a\n_b\n1 2\n3\n", "line 6.*must have 2 values; got 1"),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, match: str, compiled: bool):
    if compiled:
        monkeypatch.setattr(star, "COMPILED_FROM", 1)
    (tmp_path / "a.star").write_text(text)
    with pytest.raises(FormatError, match=match):
        list(largest_loop(tmp_path / "a.star"))
