"""A tiny live session: what comes of the movies, what is set aside and why, and how it goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_images as tiny
import tiny_session

from vitreous.cli.app import main
from vitreous.errors import InputError
from vitreous.io.micrographs import read_micrographs
from vitreous.io.mrc import open_stack, write_image
from vitreous.io.particles import read_particles
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs.live import movie
from vitreous.jobs.live.room import Room
from vitreous.jobs.live.status import late
from vitreous.jobs.projects import project
from vitreous.pipeline.graph import Earlier
from vitreous.pipeline.inbox import Inbox, Rules, Waiting
from vitreous.pipeline.project import Project
from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json, write_json

ASKED = {"voltage": 300.0, "cs": 2.7, "dose": 1.3, "diameter": tiny_session.DIAMETER, "model": "global", "settle": 0.1, "patience": 0.3,
         "reserve": 0.1, "classes": 0}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project; its page, which takes longer to draw than a tiny movie to process, is left out."""
    monkeypatch.setattr("vitreous.jobs.live.session.write_page", lambda path, *_: path.write_text("a page"))
    return project(tmp_path / "project")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("session") / "raw"
    tiny_session.write_discs(folder, 2, first=1)
    return folder


@pytest.fixture(scope="module")
def alone(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project of a session that nothing disturbed; tests leave it as it is, or add jobs that find nothing to do."""
    done = project(tmp_path_factory.mktemp("alone") / "project")
    watch(done, raw, 2)
    return done


def watch(here: Project, raw: Path, count: int, **values: Any) -> Record:
    return here.do("watch", folder=raw, movies=count, **{**ASKED, **values})


def live(here: Project) -> dict[str, Any]:
    return read_json(here.store.folder / "live" / "live.json")


def products(here: Project) -> dict[str, bytes]:
    """What a session makes of movies, by name; without what holds times."""
    folder = here.store.folder / "live"
    kept = [path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(folder / "state")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept if path.name not in ("live.json", "session.html")}


def test_movies_become_particles_and_everything_is_told(alone: Project):
    record = alone.store.job("0001-watch")
    listed = read_micrographs(record["micrographs"])
    assert [m.path.name for m in listed] == ["m001.mrc", "m002.mrc"]
    assert all(m.path.exists() and m.motion and m.motion.exists() for m in listed)
    for each in listed:
        # planted: 15300 and 14900 Å, 5 steps of (0.6, -0.4) pixels of 2 Å
        assert each.defocus.mean == pytest.approx(15100, abs=150)
        assert float(each.extra["rlnAccumMotionTotal"]) == pytest.approx(5 * np.hypot(1.2, 0.8), abs=0.5)
        assert each.extra["vitreousVerdict"] in ("good", "doubtful", "bad")
    told = live(alone)
    assert (told["state"], told["arrived"], told["done"], told["set_aside"]) == ("ended", 2, 2, [])
    assert [row["name"] for row in told["movies"]] == ["m001", "m002"]
    particles = read_particles(record["particles"])
    assert len(particles) == told["particles"] == sum(row["particles"] for row in told["movies"]) > 10
    assert len(particles.stack) == sum(row["particles"] > 0 for row in told["movies"])
    assert all(open_stack(path).count == (particles.stack_index == k).sum() for k, path in enumerate(particles.stack))
    # 16 discs a movie, each within 8 pixels of its place along x and y, found to a few pixels: none of the picks is elsewhere
    near = np.linalg.norm(particles.coordinate[:, None] - tiny_session.PLACES, axis=-1).min(axis=1)
    assert near.max() < 8 * np.sqrt(2) + 6
    page = record["page"].read_text()
    assert page.startswith("<!doctype html>")
    assert "m002" in page
    assert "http-equiv=\"refresh\"" not in page  # nothing is going on any more
    assert record.figures["particle_count"] == len(particles)
    assert "gain was not given" in record.warnings[0]


def test_stopped_in_the_middle_it_ends_well_and_goes_on_to_the_same_bytes(
    here: Project, raw: Path, alone: Project, monkeypatch: pytest.MonkeyPatch
):
    cut_out = movie.cut_out

    def stop_at_the_second(plan: Any, name: str, *rest: Any) -> dict[str, Any]:
        if name == "m002":
            raise KeyboardInterrupt
        return cut_out(plan, name, *rest)

    monkeypatch.setattr(movie, "cut_out", stop_at_the_second)
    first = watch(here, raw, 2)
    assert first.stop == "stopped by the user"
    assert [m.path.stem for m in read_micrographs(first["micrographs"])] == ["m001"]
    before = first["micrographs"].read_bytes()
    sums = {path: path.stat().st_mtime_ns for path in (here.store.folder / "live" / "micrographs").iterdir()}
    assert len(sums) == 2  # the second was aligned already
    monkeypatch.undo()
    second = watch(here, raw, 2)
    assert (first.job, second.job) == ("0001-watch", "0002-watch")
    assert products(here) == products(alone)
    assert {path: path.stat().st_mtime_ns for path in sums} == sums  # and was not aligned again
    assert first["micrographs"].read_bytes() == before


def test_the_rest_of_the_project_knows_the_session(alone: Project, raw: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["status", str(alone.store.folder)]) == 0
    assert "2 of 2 done, 0 waiting, 0 set aside" in capsys.readouterr().out
    assert main(["status", str(alone.store.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["session"]["done"] == 2
    # what other verbs take when nothing is said
    assert alone.step("pick", {"diameter": 100.0}).inputs["micrographs"] == Earlier("0001-watch", "micrographs")
    assert alone.step("classify2d", {"diameter": 100.0}).inputs["particles"] == Earlier("0001-watch", "particles")


def test_a_session_is_of_one_kind(alone: Project, raw: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"dose must be what this project's session was begun with, 1\.3; got 1\.2\. Try: another"):
        watch(alone, raw, 2, dose=1.2)
    write_image(tmp_path / "gain.mrc", np.ones((384, 384), np.float32), None)
    with pytest.raises(InputError, match="gain must be what this project's session was begun with"):
        watch(alone, raw, 2, gain=tmp_path / "gain.mrc")


def test_what_is_not_given_is_taken_from_the_session(alone: Project, raw: Path):
    asked = {name: value for name, value in ASKED.items() if name not in ("voltage", "model")}
    record = alone.do("watch", folder=raw, movies=2, **asked)
    assert record.warnings[0] == "not given, and taken from the session that goes on: voltage 300.0, model global."
    with pytest.raises(InputError, match=r"voltage must be what this project's session was begun with, 300\.0; got 200\.0"):
        alone.do("watch", folder=raw, movies=2, **asked, voltage=200.0)


def test_a_session_that_was_killed_is_called_interrupted(here: Project, raw: Path, capsys: pytest.CaptureFixture[str]):
    (here.store.folder / "live").mkdir()
    told = {"state": "waiting", "message": "", "folder": str(raw), "arrived": 0, "done": 0, "queued": 0, "waiting": [], "set_aside": [],
            "particles": 0,
            "lag_seconds": {"now": None, "median": None, "worst": None}, "disk": {"free_bytes": 1e9, "hours_left": None}}  # fmt: skip
    write_json(here.store.folder / "live" / "live.json", told)
    assert main(["status", str(here.store.folder)]) == 0
    assert f"session of {raw}: interrupted" in capsys.readouterr().out
    with here.store.lock():
        assert main(["status", str(here.store.folder)]) == 0
    assert f"session of {raw}: waiting" in capsys.readouterr().out


def test_a_file_is_wondered_at_when_half_the_patience_with_it_is_spent(tmp_path: Path):
    inbox = Inbox(tmp_path, Rules(patterns=("*.tif",), settle=10, patience=120), lambda _: "")
    inbox.waiting = {Path("new.tif"): Waiting((1, 1), 931.0, 0.0), Path("old.tif"): Waiting((1, 1), 929.0, 0.0, "cut off")}
    # 10 s to settle and half of 120 s before 1000 s is 930 s
    assert late(inbox, 1000.0, ended=False) == ("1 files were there but had not arrived whole: old.tif: cut off",)
    assert late(inbox, 1000.0, ended=True)[0].startswith("2 files were there")
    assert late(inbox, 990.0, ended=False) == ()


def test_what_cannot_be_used_is_set_aside_with_its_reason_and_the_rest_goes_on(here: Project, raw: Path, tmp_path: Path):
    frames, good, raw = tiny_session.disc_movie(9), raw / "m001.tif", tmp_path / "raw"
    raw.mkdir()
    shutil.copy2(good, raw / "m001.tif")
    shutil.copy(raw / "m001.tif", raw / "x_copy.tif")
    (raw / "x_empty.tif").write_bytes(b"")
    (raw / "x_cut.tif").write_bytes((raw / "m001.tif").read_bytes()[:200_000])
    (raw / "x_text.mrc").write_text("no movie")
    write_movie_tiff(raw / "x_narrow.tif", frames[:, :, :300], pixel_size=tiny.OPTICS.pixel_size)
    write_movie_tiff(raw / "x_short.tif", frames[:3], pixel_size=tiny.OPTICS.pixel_size)
    write_movie_tiff(raw / "x_scale.tif", frames, pixel_size=1.5)
    write_movie_tiff(raw / "x_dark.tif", np.zeros_like(frames), pixel_size=tiny.OPTICS.pixel_size)
    (raw / "x_later.tif.part").write_bytes(b"not yet")
    reasons = {
        "x_copy.tif": "a duplicate of", "x_empty.tif": "empty", "x_cut.tif": "cut off", "x_text.mrc": "", "x_narrow.tif": "size of",
        "x_short.tif": "number of frames of x_short.tif must be about that of most of the movies, 6; got 3",
        "x_scale.tif": "pixel size of x_scale.tif must be that of most", "x_dark.tif": "Frame 1: it is 0 everywhere",
    }  # fmt: skip
    record = watch(here, raw, 1 + len(reasons))
    assert [m.path.stem for m in read_micrographs(record["micrographs"])] == ["m001"]
    told = {each["item"]: each["reason"] for each in record.quarantine}
    assert set(told) == set(reasons)
    for name, words in reasons.items():
        assert words in told[name], f"{name}: {told[name]}"


def test_a_gain_of_another_detector_stops_it_before_any_movie_is_spoilt(here: Project, raw: Path, tmp_path: Path):
    write_image(tmp_path / "gain.mrc", np.ones((380, 384), np.float32), None)
    with pytest.raises(InputError, match=r"gain must have the frames' size, 384 x 384"):
        watch(here, raw, 2, gain=tmp_path / "gain.mrc")
    assert not list((here.store.folder / "live").glob("micrographs/*"))


def test_nothing_arrives(here: Project, tmp_path: Path):
    with pytest.raises(InputError, match=r"folder must be a folder that exists; got .*nowhere"):
        watch(here, tmp_path / "nowhere", 1)
    (tmp_path / "raw").mkdir()
    record = watch(here, tmp_path / "raw", 1, until_idle=0.005)
    assert record.stop == "nothing arrived for 0.005 min"
    assert (record.figures["movie_count"], "micrographs" in record.outputs) == (0, False)
    assert live(here)["lag_seconds"] == {"now": None, "median": None, "worst": None}


def test_a_companion_is_an_ending(here: Project, raw: Path):
    with pytest.raises(InputError, match=r"companion must be an ending that begins with a point; got 'mdoc'. Try: .mdoc"):
        watch(here, raw, 1, companion="mdoc")


def test_the_disk_is_left_some_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    free = [20e9]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free[0]}))
    room = Room(folder=tmp_path, reserve=5e9, raw=tmp_path)
    assert room.hold(4) == ""
    assert room.told(100.0)["hours_left"] is None
    for _ in range(3):
        room.add(60_000_000, 940_000_000)  # the movies arrive on the same disk
    assert room.each == 1e9
    assert room.told(100.0)["hours_left"] == 0.15  # 15 GB at 100 GB an hour
    assert room.hold(15) == ""
    assert "has 20.0 GB left, and 5 GB stay free" in room.hold(16)
    free[0] = 4e9
    assert "Try: move finished movies away" in room.hold(0)
    away = Room(folder=tmp_path, reserve=5e9, raw=tmp_path / "gone")
    away.add(60_000_000, 940_000_000)
    assert away.each == 6e7
