"""Gains through the jobs: found the right way round, missed, estimated, refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import InputError
from vitreous.io.defects import read_defects
from vitreous.io.gain import orient_gain, read_gain
from vitreous.io.motion import read_motion
from vitreous.io.mrc import read_image, write_image
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs.movie_gain import flags, in_words
from vitreous.pipeline.project import Project
from vitreous.stages.movies.gain_orientation import Orientation

SHAPE, FRAMES, ELECTRONS = (192, 192), 4, 60.0
DRIFT = 1.5
GIVEN = {"voltage": 300.0, "cs": 2.7, "dose": 1.0, "model": "global", "pixel_size": 2.0}


def pattern() -> np.ndarray:
    return np.random.default_rng(1).normal(1, 0.08, SHAPE).clip(0.6, 1.6).astype(np.float32)


def shoot(folder: Path, movies: int, gain: np.ndarray, electrons: float = ELECTRONS) -> list[Path]:
    """Movies of scenes that drift by whole pixels over a detector of that gain."""
    from scipy.ndimage import gaussian_filter

    paths = []
    for movie in range(movies):
        chance = np.random.default_rng(100 + movie)
        scene = gaussian_filter(chance.normal(size=SHAPE), 3, mode="wrap") * 10 * 0.15
        frames = [chance.poisson((electrons * (1 + np.roll(scene, 2 * f, axis=1)) / gain).clip(0)) for f in range(FRAMES)]
        paths.append(folder / f"m{movie:02d}.tif")
        write_movie_tiff(paths[-1], np.array(frames, np.uint8), pixel_size=2.0)
    return paths


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return shoot(tmp_path_factory.mktemp("raw"), 3, pattern())


def last_shift(record) -> np.ndarray:
    return read_motion(record.files("motion")[0]).motion.global_shifts[-1]


def test_a_gain_alone_is_applied_the_right_way_round(here: Project, movies: list[Path], tmp_path: Path):
    for (flip, turns), inverse in product((("none", 0), ("rows", 1)), (False, True)):
        laid = pattern()[::-1] if flip == "rows" else pattern()
        write_image(tmp_path / "gain.mrc", np.rot90(1 / laid if inverse else laid, -turns), None)
        record = here.do("align-movies", movies=movies, gain=tmp_path / "gain.mrc", **GIVEN)
        # the pattern is stronger than the scene: left in, it would hold the frames where they are
        assert last_shift(record) == pytest.approx([-12.0, 0.0], abs=0.5)
        told = [warning for warning in record.warnings if "gain" in warning]
        if (flip, inverse) == ("none", False):
            assert told == []
        else:
            assert f"--gain-turns {turns} --gain-flip {flip}{' --gain-use divided' if inverse else ''}" in told[0]


def test_the_shortest_way_to_say_how_a_gain_lies_is_told_and_means_the_same():
    gain = np.arange(12.0).reshape(3, 4)
    told = [flags(Orientation(turns, "rows", "multiplied", 1.0, 0.1)) for turns in range(4)]
    shortest = ((0, "rows"), (1, "rows"), (0, "columns"), (1, "columns"))
    assert told == [f"--gain-turns {turns} --gain-flip {flip}" for turns, flip in shortest]
    for turns in (2, 3):
        assert np.array_equal(orient_gain(gain, turns, "rows"), orient_gain(gain, turns - 2, "columns"))
    assert in_words(Orientation(2, "rows", "divided", 1.0, 0.1)) == "mirrored left to right (columns), divided by, not multiplied with"


def test_what_the_user_says_of_the_gain_is_done(here: Project, movies: list[Path], tmp_path: Path):
    write_image(tmp_path / "gain.mrc", np.rot90(1 / pattern(), -1), None)
    record = here.do("align-movies", movies=movies, gain=tmp_path / "gain.mrc", gain_turns=1, gain_use="divided", **GIVEN)
    assert last_shift(record) == pytest.approx([-12.0, 0.0], abs=0.5)
    assert record.warnings == []
    wrong = here.do("align-movies", movies=movies, gain=tmp_path / "gain.mrc", gain_turns=0, **GIVEN)
    fine = [np.diff(read_image(each["images"])[0], axis=1).var() for each in (record, wrong)]
    # A pattern of 8 % left in and another laid over it add 2 · 0.08² to the 1 / 240 of counting; the drift of the frames averages some.
    assert fine[1] > 1.5 * fine[0]


def test_the_gain_of_another_detector_is_refused_unless_insisted_on(here: Project, movies: list[Path], tmp_path: Path):
    write_image(tmp_path / "gain.mrc", np.random.default_rng(9).normal(1, 0.08, SHAPE).astype(np.float32), None)
    with pytest.raises(InputError, match=r"gain must be of the detector that took the movies; .*gain\.mrc has a pattern that their frames"):
        here.do("align-movies", movies=movies, gain=tmp_path / "gain.mrc", **GIVEN)
    assert here.do("align-movies", movies=movies[:1], gain=tmp_path / "gain.mrc", gain_flip="none", **GIVEN)


def test_a_missing_gain_is_missed(here: Project, movies: list[Path], tmp_path: Path):
    told = " ".join(here.do("align-movies", movies=movies, **GIVEN).warnings)
    assert "frames show a pattern of 8." in told
    assert "--estimate-gain" in told
    assert "taken to be corrected" not in told
    even = shoot(tmp_path, 2, np.ones(SHAPE))
    told = " ".join(here.do("align-movies", movies=even, **GIVEN).warnings)
    assert "pattern" not in told
    assert told.count("gain was not given; frames are taken to be corrected") == 1


def test_a_gain_is_estimated_from_the_movies(here: Project, movies: list[Path]):
    record = here.do("align-movies", movies=movies, estimate_gain=True, **GIVEN)
    assert last_shift(record) == pytest.approx([-12.0, 0.0], abs=0.5)
    gain = read_gain(record["gain"])
    # 720 electrons a pixel leave 1/√720 = 3.7 % of noise against 8 %; the scene, which is coarser, is shrunk away.
    assert (gain / pattern()).std() < 0.05
    assert np.corrcoef(gain.ravel(), pattern().ravel())[0, 1] > 0.8
    assert here.store.folder / read_motion(record.files("motion")[0]).gain == record["gain"]
    with pytest.raises(InputError, match="estimate_gain must be false where a gain reference is given"):
        here.do("align-movies", movies=movies, gain=record["gain"], estimate_gain=True, **GIVEN)


def test_the_job_writes_gain_defects_and_a_picture(here: Project, tmp_path: Path):
    dead = pattern()
    dead[:, 50] = np.inf
    paths = shoot(tmp_path, 4, dead)
    paths[1].write_bytes(paths[1].read_bytes()[:3000])
    (tmp_path / "known.txt").write_text("3 4 2 1\n")
    record = here.do("estimate-gain", movies=paths, defects=tmp_path / "known.txt")
    bad = read_defects(record["defects"], SHAPE)
    assert bad[:, 50].all()
    assert bad[4, 3:5].all()
    assert bad.sum() == SHAPE[0] + 2
    assert ((read_gain(record["gain"]) == 0) == bad).all()
    assert "<svg" in record["picture"].read_text()
    assert [each["item"] for each in record.quarantine] == ["m01.tif"]
    assert record.figures["pattern_percent"] == pytest.approx(8.2, abs=0.5)
    assert record.figures["electrons_per_pixel"] == pytest.approx(720, rel=0.05)
    assert record.warnings == []


def test_too_few_electrons_give_no_gain_and_say_how_many_it_takes(here: Project, tmp_path: Path):
    faint = shoot(tmp_path, 2, pattern(), electrons=4.0)
    record = here.do("estimate-gain", movies=faint)
    assert " electrons a pixel are too few to estimate the gain" in record.warnings[0]
    assert (read_gain(record["gain"]) == 1).all()
    assert record.figures["electrons_needed"] == pytest.approx(0.08**-2, rel=0.4)


def test_movies_that_cannot_give_a_gain(here: Project, movies: list[Path], tmp_path: Path):
    with pytest.raises(InputError, match="movies must be two or more"):
        here.do("estimate-gain", movies=movies[:1])
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(InputError, match="movies that can be read must be two or more; got 1"):
        here.do("estimate-gain", movies=[movies[0], tmp_path / "broken.tif"])
    with pytest.raises(InputError, match="of which at least one can be read"):
        here.do("estimate-gain", movies=[tmp_path / "broken.tif"])
