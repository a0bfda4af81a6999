"""Averages of a live session: each movie's particles once, the same bits after a kill, and what cannot be added is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitreous.errors import FormatError
from vitreous.io.mrc import open_stack
from vitreous.io.stacks import write_stack
from vitreous.jobs.live import averages
from vitreous.jobs.live.averages import Gallery
from vitreous.stages.classify2d import running

BOX, PIXEL, EACH, CLASSES = 32, 7.5, 15, 3


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """A folder with the particles of five movies, and what the session knows of them; averages start with 30 particles, quickly."""
    monkeypatch.setattr(running, "RESTARTS", (30,))
    monkeypatch.setattr(running, "PASSES", 2)
    monkeypatch.setattr(averages, "SAVE_EVERY", 2)
    chance = np.random.default_rng(1)
    across = (np.arange(BOX) - BOX // 2) ** 2
    disc = (across + across[:, None] < 8**2).astype(np.float32)
    for folder in ("particles", "state"):
        (tmp_path / folder).mkdir()
    align = {"pixel_size": PIXEL, "voltage": 300.0, "cs": 2.7, "amplitude_contrast": 0.1}
    defocus = {"u": 15000.0, "v": 14800.0, "angle_deg": 20.0, "phase_shift_deg": 0.0}
    for k in range(5):
        write_stack(tmp_path / "particles" / f"m{k}.mrcs", (2 * disc + chance.normal(0, 1, (EACH, BOX, BOX))).astype(np.float32), PIXEL)
    return {f"m{k}": {"particles": EACH, "align": align, "ctf": {"defocus": defocus}} for k in range(5)}


def gallery(folder: Path) -> Gallery:
    return Gallery(folder, 130.0, CLASSES, 0)


def test_particles_go_in_once_and_are_drawn(tmp_path: Path, done: dict[str, dict[str, Any]]) -> None:
    session = gallery(tmp_path)
    assert session.take({"m0": done["m0"]}) == []
    session.draw()
    assert not (tmp_path / "averages.png").exists(), "15 particles are too few"
    assert session.take(done) == []
    assert session.take(done) == []
    assert session.averages is not None
    assert (session.movies, session.averages.seen) == (5, 5 * EACH)
    session.draw()
    assert (tmp_path / "averages.png").read_bytes().startswith(b"\x89PNG")
    assert open_stack(tmp_path / "averages.mrcs").read().shape == (CLASSES, BOX, BOX)


def test_after_a_kill_the_averages_are_the_same(tmp_path: Path, done: dict[str, dict[str, Any]]) -> None:
    session = gallery(tmp_path)
    session.take(done)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["averages-0000004.npz"]
    again = gallery(tmp_path)
    assert again.movies == 4
    again.take(done)
    assert session.averages is not None
    assert again.averages is not None
    np.testing.assert_array_equal(again.averages.averages(), session.averages.averages())


def test_what_cannot_be_added_is_said_and_the_rest_goes_on(tmp_path: Path, done: dict[str, dict[str, Any]]) -> None:
    (tmp_path / "particles" / "m1.mrcs").unlink()
    write_stack(tmp_path / "particles" / "m2.mrcs", np.zeros((EACH, 48, 48), np.float32), PIXEL)
    session = gallery(tmp_path)
    missing, other = session.take(done)
    assert missing.startswith("m1: its particles are not in the averages")
    assert "must be (n, 32, 32)" in other
    assert session.averages is not None
    assert session.averages.seen == 3 * EACH


def test_damaged_averages_are_named(tmp_path: Path, done: dict[str, dict[str, Any]]) -> None:
    gallery(tmp_path).take(done)
    saved = tmp_path / "state" / "averages-0000004.npz"
    saved.write_bytes(saved.read_bytes()[:500])
    with pytest.raises(FormatError, match=r"averages-0000004\.npz.* Try: without it"):
        gallery(tmp_path)
    saved.unlink()
    assert gallery(tmp_path).movies == 0, "all are added again, from the stacks"


def test_no_classes_no_averages(tmp_path: Path, done: dict[str, dict[str, Any]]) -> None:
    session = Gallery(tmp_path, 130.0, 0, 0)
    assert session.take(done) == []
    session.draw()
    assert session.averages is None
