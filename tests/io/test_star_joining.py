"""STAR files joined row by row read as if they had been written as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError, InputError
from vitreous.io.star import Table, read_star, write_star
from vitreous.io.star_joining import join_stars


def write(path: Path, rows: np.ndarray, *, names: tuple[str, ...] = ("rlnA", "rlnB"), voltage: float = 300.0) -> Path:
    optics = Table({"rlnVoltage": np.array([voltage]), "rlnOpticsGroup": np.array([1])})
    write_star(path, {"optics": optics, "particles": Table({name: rows[:, k] for k, name in enumerate(names)})})
    return path


def test_rows_of_all_parts_under_the_head_of_the_first(tmp_path: Path):
    rows = np.random.default_rng(0).normal(size=(7, 2))
    parts = [write(tmp_path / f"{k}.star", piece) for k, piece in enumerate(np.split(rows, [1, 4]))]
    join_stars(tmp_path / "all.star", parts)
    assert (tmp_path / "all.star").read_bytes() == write(tmp_path / "whole.star", rows).read_bytes()
    join_stars(tmp_path / "all.star", parts[:1])  # replaced, not added to
    assert len(read_star(tmp_path / "all.star")["particles"]) == 1


def test_parts_of_another_kind_are_refused_and_nothing_is_replaced(tmp_path: Path):
    one = np.ones((2, 2))
    first = write(tmp_path / "first.star", one)
    join_stars(tmp_path / "all.star", [first])
    before = (tmp_path / "all.star").read_bytes()
    others = [write(tmp_path / "names.star", one, names=("rlnA", "rlnC")), write(tmp_path / "optics.star", one, voltage=200.0)]
    for other in others:
        with pytest.raises(FormatError, match=rf"{other.name}.*tables of optics and their labels; its own differ"):
            join_stars(tmp_path / "all.star", [first, other])
    (tmp_path / "empty.star").write_text("\ndata_particles\n\nloop_\n_rlnA #1\n\n")
    with pytest.raises(FormatError, match="table of one row or more"):
        join_stars(tmp_path / "all.star", [tmp_path / "empty.star"])
    with pytest.raises(InputError, match="STAR files to join must be at least one"):
        join_stars(tmp_path / "all.star", [])
    assert (tmp_path / "all.star").read_bytes() == before
