"""What the microscope wrote down fills what the user did not say, contradictions stop a movie, shifts make optics groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import tiny_images as tiny
from eer_files import write_eer

from vitreous.errors import InputError
from vitreous.io.micrographs import read_micrographs
from vitreous.io.motion import read_motion
from vitreous.io.mrc import read_image
from vitreous.io.star import read_star
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs.align_movies import AlignMovies
from vitreous.jobs.movie_metadata import known_movie, optics_groups
from vitreous.pipeline.project import Project

MDOC = "Voltage = 200\n[FrameSet = 0]\nPixelSpacing = {pixel}\nExposureDose = {dose}\nNumSubFrames = 6\nImageShift = {x} {y}\n"


def movie(folder: Path, name: str, *, pixel: float = tiny.PIXEL, dose: float = 7.2, shift: tuple[float, float] = (0, 0)) -> Path:
    """Six frames whose TIFF tags are silent, with SerialEM's file beside them."""
    path = folder / f"{name}.tif"
    with tifffile.TiffWriter(path) as writer:
        for frame in tiny.counts(0, size=(128, 128)):
            writer.write(frame[::-1], contiguous=False, metadata=None)
    path.with_name(f"{name}.tif.mdoc").write_text(MDOC.format(pixel=pixel, dose=dose, x=shift[0], y=shift[1]))
    return path


def events(folder: Path, frames: int = 50, xml: bytes = b"") -> Path:
    """An EER movie of 128 x 128: the electrons of the tiny movie, one frame of the detector after the other."""
    return write_eer(folder / "a.eer", hits(tiny.counts(0, frames=1, size=(128, 128))[0] / 60.0, frames), (128, 128), xml=xml)


def hits(light: np.ndarray, frames: int) -> list[np.ndarray]:
    """Places of electrons, at most one a pixel, with the chance that ``light`` gives, on the grid of quarter pixels."""
    chance = np.random.default_rng(0)
    return [4 * np.argwhere(chance.random(light.shape) < light)[:, ::-1] for _ in range(frames)]


def test_metadata_fill_what_was_not_said(here: Project, tmp_path: Path):
    record = here.do("align-movies", movies=[movie(tmp_path, "a")], model="global")
    (listed,) = read_micrographs(record["micrographs"])
    assert (listed.optics.pixel_size, listed.optics.voltage, listed.optics.spherical_aberration) == (tiny.PIXEL, 200.0, 2.7)
    assert read_motion(listed.motion).motion.dose_per_frame == pytest.approx(1.2)
    assert not [each for each in record.warnings if "voltage" in each or "dose" in each]
    assert [each for each in record.warnings if "cs was not given" in each]


def test_what_was_said_counts_where_it_is_near(tmp_path: Path):
    path = movie(tmp_path, "a")
    known = known_movie(path, AlignMovies(pixel_size=3.9, voltage=200.0, dose=1.0))
    assert (known.pixel_size, known.voltage, known.dose) == (3.9, 200.0, 1.0)


@pytest.mark.parametrize(("said", "match"), [
    ({"pixel_size": 2.0}, r"pixel_size must agree with .*a\.tif\.mdoc.*got 2 Å, and the file says 4\. Try: --pixel-size 4"),
    ({"voltage": 300.0}, "voltage must agree with .*got 300 kV, and the file says 200"),
    ({"dose": 7.2}, r"dose must agree with .*got 7\.2 e/Å² a frame, and the file says 1\.2"),
])  # fmt: skip
def test_a_contradiction_names_both(tmp_path: Path, said: dict, match: str):
    with pytest.raises(InputError, match=match):
        known_movie(movie(tmp_path, "a"), AlignMovies(**said))


def test_a_movie_that_contradicts_is_set_aside(here: Project, tmp_path: Path):
    movies = [movie(tmp_path, "a"), movie(tmp_path, "b", pixel=1.0)]
    record = here.do("align-movies", movies=movies, model="global", pixel_size=tiny.PIXEL)
    (told,) = record.quarantine
    assert told["item"] == "b"
    assert "the file says 1" in told["reason"]


def test_without_metadata_nothing_is_known(tmp_path: Path):
    write_movie_tiff(tmp_path / "a.tif", tiny.counts(0), pixel_size=tiny.PIXEL)
    known = known_movie(tmp_path / "a.tif", AlignMovies())
    assert (known.acquisition, known.pixel_size, known.silent) == (None, None, ["voltage", "dose"])


def test_beam_shifts_make_optics_groups(here: Project, tmp_path: Path):
    shifts = [(0, 0), (2, 0), (0.01, 0), (2, 0.01), (0, 0.01), (2.01, 0)]
    movies = [movie(tmp_path, f"m{k}", shift=shift) for k, shift in enumerate(shifts)]
    record = here.do("align-movies", movies=movies, model="global")
    names = [each.optics.name for each in read_micrographs(record["micrographs"])]
    assert names == ["opticsGroup1", "opticsGroup2"] * 3


def test_shifts_of_one_kind_and_of_all_movies_count():
    beam = [{"beam_shift": [x, 0.0], "image_shift": [0.0, 0.0]} for x in (0, 1, 0, 1, 0, 1, 0, 1)]
    assert optics_groups(beam) == ["opticsGroup1", "opticsGroup2"] * 4
    assert set(optics_groups([*beam[:-1], {"image_shift": [0.0, 0.0]}])) == {"opticsGroup1"}
    assert optics_groups([*beam, {}]) == ["opticsGroup1"] * 9
    assert optics_groups([]) == []


def test_eer_is_divided_by_its_dose(here: Project, tmp_path: Path):
    """50 frames of the detector of 0.12 e/Å² each make 6 of 8, of 0.96; 2 are left."""
    record = here.do("align-movies", movies=[events(tmp_path)], model="global", pixel_size=tiny.PIXEL, voltage=300.0, dose=0.12)
    (listed,) = read_micrographs(record["micrographs"])
    motion = read_motion(listed.motion).motion
    assert (motion.frames, motion.shape) == (6, (128, 128))
    assert motion.dose_per_frame == pytest.approx(0.96)
    general = read_star(listed.motion)["general"]
    assert (general["rlnEERGrouping"][0], general["rlnEERUpsampling"][0]) == (8, 1)
    assert any("up to 2 frames of the detector" in each for each in record.warnings)


def test_eer_says_its_own_dose_and_pixel_size(tmp_path: Path):
    xml = b"""<metadata><item name="sensorPixelSize.width">4e-10</item><item name="totalDose">160</item></metadata>"""
    path = events(tmp_path, xml=xml)
    known = known_movie(path, AlignMovies())
    assert (len(known.movie), known.pixel_size, known.dose, known.left_over) == (10, pytest.approx(4), pytest.approx(1), 0)
    fine = known_movie(path, AlignMovies(eer_upsampling=2, eer_grouping=25))
    assert (len(fine.movie), fine.movie.shape, fine.dose) == (2, (256, 256), pytest.approx(5))
    assert fine.pixel_size == pytest.approx(2)


@pytest.mark.parametrize("use", ["mrc", "gain"])
def test_the_gain_of_eer(here: Project, tmp_path: Path, use: str):
    """Pixels of half the sensitivity: divided by where the name says nothing, multiplied with its inverse in a .gain file."""
    sensitivity = np.where(np.random.default_rng(1).random((128, 128)) < 0.3, 0.5, 1.0)
    path = write_eer(tmp_path / "a.eer", hits(tiny.counts(0, frames=1, size=(128, 128))[0] / 60.0 * sensitivity, 30), (128, 128))
    stored = sensitivity if use == "mrc" else 1 / sensitivity
    file = tmp_path / f"a.{use}"
    tifffile.imwrite(file, stored.astype(np.float32))
    asked = {"movies": [path], "model": "global", "pixel_size": tiny.PIXEL, "voltage": 300.0, "eer_grouping": 10, "mend": False}
    ratios = []
    for gain in ({}, {"gain": file, "gain_turns": 0}, {"gain": file}):
        image, _ = read_image(here.do("align-movies", **asked, **gain).files("images")[0])
        ratios.append(image[sensitivity < 1].mean() / image[sensitivity == 1].mean())
    # shifts of a pixel fraction soften the pattern a little where it is left in
    assert ratios[0] < 0.75
    assert ratios[1:] == pytest.approx([1, 1], abs=0.05)


@pytest.mark.parametrize(("said", "match"), [
    ({"eer_upsampling": 3}, "eer_upsampling must be 1, 2 or 4"), ({"eer_grouping": 0}, "eer_grouping"),
])  # fmt: skip
def test_bad_options(said: dict, match: str):
    with pytest.raises(InputError, match=match):
        AlignMovies(**said)


def test_more_in_a_fraction_than_there_is(tmp_path: Path):
    with pytest.raises(InputError, match="eer_grouping must be from 1 to 50, the frames of"):
        known_movie(events(tmp_path), AlignMovies(eer_grouping=51))
