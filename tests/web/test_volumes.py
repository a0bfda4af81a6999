"""What the browser is given of a map, against the map."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.io.mrc import write_volume
from vitreous.web.volumes import quantised, shown_volume


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((6, 8, 10)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path, values: np.ndarray) -> Path:
    write_volume(tmp_path / "map.mrc", Volume(torch.from_numpy(values), 2.0, (1.0, 2.0, 3.0)))
    return tmp_path / "map.mrc"


def decoded(meaning: dict, codes: Path) -> np.ndarray:
    """As the browser does it."""
    numbers = np.frombuffer(gzip.decompress(codes.read_bytes()), "<u2").reshape(meaning["shape"])
    return meaning["low"] + numbers * ((meaning["high"] - meaning["low"]) / 65535)


def test_codes_are_the_map_to_half_a_step(tmp_path: Path, path: Path, values: np.ndarray) -> None:
    meaning, codes = shown_volume(path, tmp_path / "cache")
    step = (values.max() - values.min()) / 65535
    assert np.abs(decoded(meaning, codes) - values).max() < 0.5001 * step + 1e-6
    assert meaning["voxel_size"] == 2.0
    assert meaning["corner"] == [1.0, 2.0, 3.0]
    assert meaning["mean"] == pytest.approx(values.mean(), abs=1e-6)
    assert meaning["sigma"] == pytest.approx(values.std(), rel=1e-5)
    assert meaning["low"] < meaning["level"] < meaning["high"]


def test_it_is_made_once_and_again_when_the_file_changes(tmp_path: Path, path: Path, values: np.ndarray) -> None:
    _, first = shown_volume(path, tmp_path / "cache")
    made = first.stat().st_mtime_ns
    assert shown_volume(path, tmp_path / "cache")[1].stat().st_mtime_ns == made
    write_volume(path, Volume(torch.from_numpy(2 * values), 2.0))
    meaning, codes = shown_volume(path, tmp_path / "cache")
    assert codes != first
    assert np.allclose(decoded(meaning, codes), 2 * values, atol=1e-3)


def test_a_cache_that_was_cut_off_is_made_anew(tmp_path: Path, path: Path) -> None:
    _, codes = shown_volume(path, tmp_path / "cache")
    (codes.parent / "volume.json").write_text("{")
    meaning, _ = shown_volume(path, tmp_path / "cache")
    assert meaning["shape"] == [6, 8, 10]


def test_an_even_map_has_codes_of_zero() -> None:
    assert not quantised(np.full((2, 2, 2), 3.0, np.float32), 3.0, 3.0).any()
