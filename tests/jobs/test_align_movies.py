"""Tiny movies through the job: what comes out, what is set aside and why."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny

from vitreous.errors import InputError, VitreousError
from vitreous.io.micrographs import read_micrographs
from vitreous.io.motion import read_motion
from vitreous.io.mrc import open_stack, read_image, write_image, write_stack
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs import align_movies
from vitreous.jobs.align_movies import AlignMovies
from vitreous.pipeline.ports import Inputs
from vitreous.pipeline.project import Project
from vitreous.pipeline.record import Record
from vitreous.runtime.files import read_json

ASKED = {"voltage": 300.0, "cs": 2.7, "dose": 1.3}


def align(here: Project, movies: list[Path], **values: object) -> Record:
    return here.do("align-movies", movies=movies, **{**ASKED, **values})


def test_movies_become_micrographs_with_motion_and_pictures(here: Project, movies: list[Path]):
    record = align(here, movies)
    assert record.quarantine == []
    listed = read_micrographs(record["micrographs"])
    assert [m.path.name for m in listed] == ["m0.mrc", "m1.mrc", "m2.mrc"]
    assert (listed[0].optics.pixel_size, listed[0].optics.voltage) == (tiny.PIXEL, 300.0)
    image, pixel_size = read_image(listed[0].path)
    assert image.shape == (256, 256)
    assert pixel_size == pytest.approx(tiny.PIXEL)
    told = read_motion(listed[0].motion)
    assert told.movie == movies[0]
    assert told.motion.dose_per_frame == 1.3
    # planted: 5 steps of (0.6, -0.4) pixels; a shift is minus the motion; 0.3 Å of error is a tenth of a pixel
    assert told.motion.global_shifts[-1] == pytest.approx([-5 * 0.6 * tiny.PIXEL, 5 * 0.4 * tiny.PIXEL], abs=0.4)
    way = read_json(record.files("tracks")[0])
    assert np.shape(way["tracks_angstrom"]) == (25, 6, 2)
    assert way["global_angstrom"][-1] == pytest.approx([12.0, -8.0], abs=0.4)
    assert way["figures"]["motion_total_angstrom"] == pytest.approx(np.hypot(12, 8), abs=0.6)
    assert float(listed[0].extra["rlnAccumMotionTotal"]) == pytest.approx(np.hypot(12, 8), abs=0.6)
    assert record.figures["median_motion_total_angstrom"] == pytest.approx(np.hypot(12, 8), abs=0.6)
    assert record.figures["micrograph_count"] == 3


def test_thumbnails_have_y_upwards_and_at_most_512_pixels(here: Project, tmp_path: Path):
    from matplotlib.image import imread

    frames = tiny.counts(0, size=(400, 700)).astype(np.uint16)
    frames[:, :80] += 40
    write_movie_tiff(tmp_path / "a.tif", frames, pixel_size=tiny.PIXEL)
    picture = imread(align(here, [tmp_path / "a.tif"], model="global")["thumbnails"])
    assert picture.shape == (293, 512)
    assert picture[-40:].mean() > picture[:200].mean() + 0.2


def bad_movies(folder: Path) -> dict[str, str]:
    """Movies that cannot be used, with the words that must be said of them."""
    frames = tiny.counts(9)
    (folder / "empty.tif").write_bytes(b"")
    write_movie_tiff(folder / "truncated.tif", frames, pixel_size=tiny.PIXEL)
    whole = (folder / "truncated.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    not_finite = frames.astype(np.float32)
    not_finite[1:, 7, 8] = np.nan
    write_movie_tiff(folder / "nan.tif", not_finite, pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "constant.tif", np.full_like(frames, 3), pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "dark.tif", np.where(np.arange(6)[:, None, None] < 4, 0, frames), pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "narrow.tif", frames[:, :, :200], pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "one.tif", frames[:1], pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "short.tif", frames[:4], pixel_size=tiny.PIXEL)
    write_movie_tiff(folder / "other.tif", frames, pixel_size=1.3 * tiny.PIXEL)
    write_movie_tiff(folder / "full.tif", np.where(np.arange(256) < 40, 255, frames).astype(np.uint8), pixel_size=tiny.PIXEL)
    return {
        "empty": "empty", "truncated": "truncated", "nan": "Frame 2: it holds NaN or infinity", "constant": "Frame 1: it is 3 everywhere",
        "dark": "Frame 1: it is 0 everywhere: dark, or the beam was off", "narrow": "must be that of most of the movies",
        "one": "number of frames", "short": "number of frames of short.tif must be about that of most of the movies, 6; got 4",
        "other": "pixel size of other.tif must be that of most of the movies", "full": "saturated",
    }  # fmt: skip


def test_unusable_movies_are_set_aside_with_their_reason_and_the_rest_goes_on(here: Project, movies: list[Path]):
    bad = bad_movies(movies[0].parent)
    record = align(here, [movies[0].parent / "*.tif"], model="global")
    assert [m.path.stem for m in read_micrographs(record["micrographs"])] == ["m0", "m1", "m2"]
    told = {each["item"]: each["reason"] for each in record.quarantine}
    assert set(told) == set(bad)
    for name, words in bad.items():
        assert words in told[name], f"{name}: {told[name]}"
    assert not list((record.folder / "outputs").rglob("*nan*"))


def test_a_bad_frame_among_good_ones_is_set_aside_alone(here: Project, movies: list[Path]):
    frames = tiny.counts(9)
    frames[2] = 0
    write_movie_tiff(movies[0].with_name("dark.tif"), frames, pixel_size=tiny.PIXEL)
    record = align(here, [movies[0].parent / "*.tif"], model="global")
    assert [m.path.stem for m in read_micrographs(record["micrographs"])] == ["dark", "m0", "m1", "m2"]
    told = [(each["item"], each["reason"]) for each in record.quarantine]
    assert told == [("dark, frame 3", "it is 0 everywhere: dark, or the beam was off; the other frames were used.")]


def test_short_movies_are_taken_on_request(here: Project, movies: list[Path]):
    write_movie_tiff(movies[0].with_name("short.tif"), tiny.counts(9)[:4], pixel_size=tiny.PIXEL)
    record = align(here, [movies[0].parent / "*.tif"], model="global", fewest_frames=3)
    assert len(read_micrographs(record["micrographs"])) == 4
    assert record.quarantine == []


def test_a_movie_that_was_cut_off_is_called_so_and_not_short(here: Project, movies: list[Path], capfd: pytest.CaptureFixture[str]):
    cut = movies[0].with_name("cut.tif")
    cut.write_bytes(movies[0].read_bytes()[: movies[0].stat().st_size // 3])
    record = align(here, [cut, *movies], model="global")
    assert [each["item"] for each in record.quarantine] == ["cut"]
    assert "The file was cut off" in record.quarantine[0]["reason"]
    with pytest.raises(InputError, match=r"none of 1 could be used; the first, cut: .*The file was cut off"):
        align(here, [cut])
    assert "TiffPages" not in capfd.readouterr().err


def test_the_dose_of_a_movie_given_for_a_frame_is_wondered_at(here: Project, movies: list[Path]):
    usual, whole = (align(here, movies[:1], model="global", dose=dose).warnings for dose in (5.0, 50.0))  # six frames and more
    assert not any("e/Å² of a movie" in each for each in usual)
    assert any("a dose of 50 e/Å² a frame makes" in each and "Try: --dose of one frame" in each for each in whole)


def test_nothing_but_unusable_movies_is_an_error(here: Project, movies: list[Path]):
    bad_movies(movies[0].parent)
    with pytest.raises(InputError, match=r"align movies: none of 1 could be used; the first, constant: .*Frame 1: it is 3 everywhere"):
        align(here, [movies[0].with_name("constant.tif")])


def test_a_gain_is_applied_and_turned(here: Project, tmp_path: Path):
    # a strong pattern that stays with the detector: uncorrected it holds the alignment at no motion
    pattern = np.random.default_rng(5).uniform(0.5, 2.0, (256, 192)).astype(np.float32)
    frames = np.random.default_rng(6).poisson(tiny.counts(1, size=(256, 192)) / pattern).astype(np.uint8)
    write_movie_tiff(tmp_path / "a.tif", frames, pixel_size=tiny.PIXEL)
    write_image(tmp_path / "gain.mrc", np.rot90(pattern), None)
    record = align(here, [tmp_path / "a.tif"], gain=tmp_path / "gain.mrc", gain_turns=3, model="global")
    told = read_motion(record["motion"])
    assert told.gain == tmp_path / "gain.mrc"
    assert told.motion.global_shifts[-1] == pytest.approx([-12.0, 8.0], abs=1.0)
    with pytest.raises(InputError, match=r"gain must have the frames' size, 192 x 256 .* got 256 x 192 in .*Try: --gain-turns 1"):
        align(here, [tmp_path / "a.tif"], gain=tmp_path / "gain.mrc", gain_turns=0)


def test_a_gain_of_another_shape_is_an_error_of_the_job(here: Project, movies: list[Path], tmp_path: Path):
    write_image(tmp_path / "gain.mrc", np.ones((250, 256), np.float32), None)
    with pytest.raises(InputError, match=r"gain must have the frames' size, 256 x 256 .*; got 256 x 250 in .*gain\.mrc"):
        align(here, movies, gain=tmp_path / "gain.mrc")


def test_a_header_is_contradicted_by_name_unless_it_says_nothing(here: Project, movies: list[Path], tmp_path: Path):
    with pytest.raises(InputError, match=r"the first, m0: pixel_size must agree with the header of .*m0\.tif to 10 %"):
        align(here, movies, pixel_size=1.11 * tiny.PIXEL)
    write_stack(tmp_path / "silent.mrcs", tiny.counts(0), 1.0)
    with pytest.raises(InputError, match=r"pixel_size must be given, positive, in Å: .*silent\.mrcs says nothing of it"):
        align(here, [tmp_path / "silent.mrcs"])
    record = align(here, [tmp_path / "silent.mrcs"], pixel_size=4.5, model="global")
    assert read_micrographs(record["micrographs"])[0].optics.pixel_size == 4.5


def test_a_calibrated_pixel_size_counts_and_is_told_once(here: Project, movies: list[Path]):
    calibrated = 1.04 * tiny.PIXEL
    record = align(here, movies[:2], pixel_size=calibrated, model="global")
    (told,) = [warning for warning in record.warnings if "pixel size" in warning]
    assert f"{calibrated:g} Å was given and counts; the movies' headers say {tiny.PIXEL:g} Å. Try: --pixel-size" in told
    assert [m.optics.pixel_size for m in read_micrographs(record["micrographs"])] == [pytest.approx(calibrated)] * 2
    assert align_movies.warnings(AlignMovies(pixel_size=1.005 * tiny.PIXEL, **ASKED), movies[0], [{"header_pixel_size": tiny.PIXEL}]) == ()


def test_the_memory_foreseen_holds_the_process_itself(here: Project, movies: list[Path]):
    inputs = Inputs({"movies": tuple(movies)})
    # An interpreter with its libraries holds some 450 MB (measured); tiny frames add little to it.
    assert 4e8 < align_movies.estimate(inputs, AlignMovies(**ASKED)).memory < 6e8
    assert align_movies.estimate(Inputs({"movies": (movies[0].with_name("none.tif"),)}), AlignMovies(**ASKED)).memory > 4e8


def test_what_was_assumed_is_said(here: Project, movies: list[Path]):
    record = here.do("align-movies", movies=movies[:1], model="global")
    assert [warning.split()[0] for warning in record.warnings] == ["voltage", "cs", "dose", "gain"]
    assert align(here, movies[:1], model="global").warnings == [record.warnings[3]]


def test_binning_and_half_precision(here: Project, movies: list[Path]):
    full = align(here, movies[:1], model="global")
    record = align(here, movies[:1], model="global", binning=2.0, half_precision=True)
    stack = open_stack(record["images"])
    assert (stack.shape, stack.header.mode) == ((128, 128), 12)
    assert read_micrographs(record["micrographs"])[0].optics.pixel_size == pytest.approx(2 * tiny.PIXEL)
    # Fourier cropping keeps the mean of a block: 4 counted pixels become one of the same level
    assert stack.read().mean() == pytest.approx(open_stack(full["images"]).read().mean(), rel=1e-3)


def test_the_dose_weights_the_sum(here: Project, movies: list[Path]):
    records = (align(here, movies[:1], model="global", dose=dose) for dose in (None, 30.0))
    plain, weighted = (open_stack(record["images"]).read()[0] for record in records)
    # a weighted sum has the noise of one frame: 6 frames give √6 times that
    assert plain.std() / weighted.std() > 1.5


def test_movies_of_one_name_get_their_folders_name(here: Project, movies: list[Path], tmp_path: Path):
    other = tmp_path / "more" / "m0.tif"
    other.parent.mkdir()
    shutil.copy(movies[1], other)
    record = align(here, [movies[0], other], model="global")
    assert [m.path.stem for m in read_micrographs(record["micrographs"])] == ["raw_m0", "more_m0"]


def test_patches_come_in_pairs(here: Project, movies: list[Path]):
    with pytest.raises(InputError, match=r"patches must be two numbers, along x and y; got \(5,\)"):
        align(here, movies, patches=(5,))


def test_halves_frames_defects_and_magnification(here: Project, movies: list[Path], tmp_path: Path):
    (tmp_path / "bad.txt").write_text("30 40 2 1\n")
    record = align(here, movies[:1], model="global", halves=True, frame_quality=True, defects=tmp_path / "bad.txt",
                   magnification_matrix=(1.01, 0.0, 0.0, 0.99), dose=None)  # fmt: skip
    odd, even, whole = (read_image(record.files(port)[0])[0] for port in ("odd", "even", "images"))
    assert np.abs((odd + even) / 2 - whole).max() < 0.05 * whole.std()
    assert {(30, 40), (31, 40)} <= {tuple(place) for place in read_motion(record["motion"]).motion.defects}
    frames = read_json(record.files("tracks")[0])["frames"]
    assert {len(column) for column in frames.values()} == {6}
    assert "<svg" in record.files("frames")[0].read_text()
    assert not [warning for warning in record.warnings if "blurred" in warning]


@pytest.mark.parametrize("matrix", [(1.0, 0.0, 0.0), (1.0, 0.2, 0.0, 1.0)])
def test_a_magnification_that_is_none_is_refused(here: Project, movies: list[Path], matrix: tuple[float, ...]):
    with pytest.raises(InputError, match=r"magnification_matrix must be four numbers within 0\.1 of 1 0 0 1"):
        align(here, movies, magnification_matrix=matrix)


def test_defects_outside_the_frames_are_an_error_of_the_job(here: Project, movies: list[Path], tmp_path: Path):
    (tmp_path / "bad.txt").write_text("300 40 2 1\n")
    with pytest.raises(VitreousError, match=r"a defect must lie within the frame of 256 x 256"):
        align(here, movies, defects=tmp_path / "bad.txt")
