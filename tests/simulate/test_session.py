"""A whole small session: files, statistics, truth, and the same again from the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.io.gain import read_gain
from vitreous.io.movies import open_movie
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.numerics.rotations import geodesic_deg
from vitreous.runtime.files import read_json
from vitreous.simulate.scene import draw_scene
from vitreous.simulate.session import simulate_session
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import specimen

SMALL = SessionSettings(
    specimen="ribosome head", movies=2, particles=4, shape=(192, 224), optics=Optics(pixel_size=4.0), frames=5,
    dose_per_frame=1.5, contaminants=0, dead=3, hot=2, seed=11,
)  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    events = []
    folder = tmp_path_factory.mktemp("session")
    simulate_session(folder, SMALL, events.append)
    assert [e.done for e in events] == list(range(1, 11))
    assert events[-1].total == 10
    return folder


def test_movies_are_counts_and_the_gain_flattens_them(session: Path):
    movie = open_movie(session / "raw" / "movie_0001.tif")
    frames = np.stack(list(movie.frames()))
    gain = read_gain(session / "gain.mrc")
    assert frames.shape == (5, 192, 224)
    assert frames.dtype == np.uint8
    assert movie.pixel_size == pytest.approx(4.0, rel=1e-4)
    good = gain > 0
    assert (gain == 0).sum() == 3
    mean = 1.5 * 16 * np.exp(-450 / 3950)
    assert (frames * gain)[:, good].mean() == pytest.approx(mean, rel=0.02)
    # before the gain the variance of one frame is more than Poisson's by the pattern; times the gain of a pixel it is not
    difference = frames[1:].astype(float) - frames[:-1]
    assert np.median(difference[:, good].var(0)) / (2 * mean) == pytest.approx(0.85, abs=0.25)


def test_truth_is_what_was_drawn(session: Path):
    truth = read_json(session / "truth" / "truth.json")
    scene = draw_scene(SMALL, specimen("ribosome head"), 1)
    movie = truth["movies"][1]
    assert movie["defocus"]["u"] == scene.defocus.u
    assert np.abs(np.array(movie["position_pixels"]) * 4.0 - scene.position).max() < 1e-3
    assert np.abs(np.array(movie["track_angstrom"]) - scene.motion.track(scene.position)).max() < 1e-3
    assert np.array(movie["field_angstrom"]).shape == (5, 9, 9, 2)
    assert truth["specimen"]["symmetry"] == "C1"
    particles = read_particles(session / "truth" / "particles.star", require_images=False)
    assert len(particles) == 8
    own = particles.rotation[particles.micrograph_index == 1]
    assert float(geodesic_deg(torch.from_numpy(own), torch.from_numpy(scene.rotation)).max()) < 1e-3
    assert read_volume(session / "truth" / "map.mrc").voxel_size == pytest.approx(4.0)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(session: Path, tmp_path: Path):
    def digest(folder: Path) -> str:
        return hashlib.sha256(np.stack(list(open_movie(folder / "raw" / "movie_0002.tif").frames())).tobytes()).hexdigest()

    simulate_session(tmp_path / "again", SMALL)
    simulate_session(tmp_path / "other", replace(SMALL, seed=12))
    assert digest(tmp_path / "again") == digest(session)
    assert digest(tmp_path / "other") != digest(session)


def test_particles_are_dark_where_the_truth_says(session: Path):
    frames = np.stack(list(open_movie(session / "raw" / "movie_0001.tif").frames())).sum(0) * read_gain(session / "gain.mrc")
    places = np.array(read_json(session / "truth" / "truth.json")["movies"][0]["position_pixels"])
    y, x = np.mgrid[:192, :224]
    near = (np.hypot(x - places[:, 0, None, None], y - places[:, 1, None, None]) < 14).any(0)
    far = ~(np.hypot(x - places[:, 0, None, None], y - places[:, 1, None, None]) < 32).any(0)
    # contrast of some 5 %, noise of a pixel 10 %, 600 pixels a particle
    assert frames[near].mean() < 0.985 * np.median(frames[far])


def test_too_many_electrons_for_8_bits_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="at most 150 e a pixel"):
        simulate_session(tmp_path, replace(SMALL, dose_per_frame=20.0))
    assert not list(tmp_path.iterdir())


def test_a_movie_needs_frames(tmp_path: Path):
    with pytest.raises(InputError, match="frames must be at least one"):
        write_movie_tiff(tmp_path / "none.tif", [], pixel_size=1.0)
    assert not list(tmp_path.iterdir())
