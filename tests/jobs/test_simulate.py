"""A tiny session: the job gives what the simulator gives, also after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.errors import Cancelled, InputError
from vitreous.io.movies import open_movie
from vitreous.jobs.projects import project
from vitreous.jobs.simulate import Simulate
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json
from vitreous.simulate.session import simulate_session
from vitreous.simulate.settings import SessionSettings

TINY = {"specimen": "ribosome head", "movies": 2, "particles": 3, "width": 224, "height": 192, "pixel_size": 4.0, "frames": 3,
        "dose": 1.5, "contaminants": 0}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_job_is_the_simulator(here: Project, tmp_path: Path):
    record = here.do("simulate", seed=4, **TINY)
    movie = open_movie(record.files("movies")[1])
    assert (movie.shape, movie.count) == ((192, 224), 3)
    assert read_json(record["truth"])["movies"][1]["movie"] == "../raw/movie_0002.tif"
    simulate_session(tmp_path / "plain", Simulate(**TINY).settings(4))
    assert files(tmp_path / "plain") == files(record.folder / "outputs")


def test_the_defaults_are_the_simulators():
    assert Simulate().settings(1) == SessionSettings(seed=1)


def test_stopped_between_movies_it_goes_on_to_the_same_bytes(tmp_path: Path):
    whole = project(tmp_path / "whole").do("simulate", **TINY)
    stopped = project(tmp_path / "stopped")

    class Stop:
        def __init__(self) -> None:
            self.started = self.ended = lambda record: None

        def progress(self, record: object, event: object) -> None:
            if event.step == "simulate movies" and event.done == 1:
                stopped.cancel.set()

    stopped.watcher = Stop()
    with pytest.raises(Cancelled):
        stopped.do("simulate", **TINY)
    resumed = project(tmp_path / "stopped").resume().records["simulate"]
    assert files(resumed.folder / "outputs") == files(whole.folder / "outputs")


def test_what_cannot_be_is_refused_before_the_work(here: Project):
    with pytest.raises(InputError, match=r"defocus_least must be at most defocus_most \(10000\), in Å; got 20000"):
        here.do("simulate", **TINY, defocus_least=20000.0, defocus_most=10000.0)
    with pytest.raises(InputError, match="particles"):
        here.do("simulate", **{**TINY, "particles": 500})
