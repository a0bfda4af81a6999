"""Planted discs through picking and extraction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny

from vitreous.data.micrograph import Micrograph
from vitreous.errors import InputError
from vitreous.io.coordinates import read_picks, write_coordinates
from vitreous.io.micrographs import write_micrographs
from vitreous.io.mrc import open_stack, write_image, write_stack
from vitreous.io.particles import read_particles
from vitreous.jobs.extract import sampled
from vitreous.pipeline.project import Project
from vitreous.pipeline.record import Record

SIZE = (640, 640)
PLACES = np.array([(x + 7 * (y % 3), y + 0.25) for x in range(90, 580, 115) for y in range(90, 580, 115)], float)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("images")
    for name, seed in (("p0", 1), ("p1", 2)):
        write_image(folder / f"{name}.mrc", tiny.micrograph(seed, size=SIZE, places=PLACES), 2.0)
    return [folder / "p0.mrc", folder / "p1.mrc"]


@pytest.fixture
def listed(images: list[Path], tmp_path: Path) -> Path:
    known = [Micrograph(path=path, optics=tiny.OPTICS, defocus=tiny.DEFOCUS) for path in images]
    write_micrographs(tmp_path / "ctf.star", [known[0], replace(known[1], flags=("ice ring",))])
    return tmp_path / "ctf.star"


def with_flag(listed: Path, images: list[Path], flag: str) -> Path:
    known = [Micrograph(path=path, optics=tiny.OPTICS, defocus=tiny.DEFOCUS) for path in images]
    write_micrographs(listed, [known[0], replace(known[1], flags=(flag,))])
    return listed


def by_hand(folder: Path, images: list[Path], places: np.ndarray = PLACES) -> Path:
    columns = {"rlnMicrographName": np.repeat(np.array([str(path) for path in images], object), len(places)),
               "rlnAutopickFigureOfMerit": np.tile(np.linspace(0.9, 0.1, len(places)), len(images))}  # fmt: skip
    write_coordinates(folder / "hand.star", np.tile(places, (len(images), 1)), columns)
    return folder / "hand.star"


def found_at(record: Record, image: Path) -> np.ndarray:
    place, columns = read_picks(record["coordinates"])
    return place[columns["rlnMicrographName"] == str(image)]


def hits(found: np.ndarray) -> int:
    distance = np.hypot(*(found[:, None] - PLACES[None]).transpose(2, 0, 1))
    return int((distance.min(0) < 10).sum())


def test_planted_discs_are_found(here: Project, listed: Path, images: list[Path]):
    record = here.do("pick", micrographs=listed, diameter=104.0)
    for image in images:
        found = found_at(record, image)
        assert hits(found) >= 24
        assert len(found) <= 28
    place, columns = read_picks(record["coordinates"])
    assert list(columns) == ["rlnMicrographName", "rlnAutopickFigureOfMerit"]
    assert record.figures["particle_count"] == len(place)
    assert (np.diff(columns["rlnAutopickFigureOfMerit"][columns["rlnMicrographName"] == str(images[0])]) <= 0).all()


def test_a_reference_is_searched_for(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    y, x = np.mgrid[:48, :48] - 24
    write_stack(tmp_path / "classes.mrcs", np.clip(13.0 - np.hypot(x, y), 0, 1)[None].astype(np.float32), 4.0)
    record = here.do("pick", micrographs=listed, diameter=104.0, reference=tmp_path / "classes.mrcs")
    assert min(hits(found_at(record, image)) for image in images) >= 24
    write_stack(tmp_path / "silent.mrcs", np.clip(13.0 - np.hypot(x, y), 0, 1)[None].astype(np.float32), None)
    with pytest.raises(InputError, match=r"reference_pixel_size must be given, in Å"):
        here.do("pick", micrographs=listed, diameter=104.0, reference=tmp_path / "silent.mrcs")


@pytest.mark.parametrize("flag", ["drift", "empty", "poor fit"])
def test_flagged_micrographs_are_left_out_unless_wanted(here: Project, listed: Path, images: list[Path], flag: str):
    with_flag(listed, images, flag)
    record = here.do("pick", micrographs=listed, diameter=104.0)
    assert len(found_at(record, images[1])) == 0
    assert record.quarantine == [{"item": "p1", "reason": f"flagged: {flag}; --keep-flagged picks it all the same"}]
    if flag == "drift":
        kept = here.do("pick", micrographs=listed, diameter=104.0, keep_flagged=True)
        assert len(found_at(kept, images[1])) > 0
        assert kept.quarantine == []


def test_plain_images_need_no_voltage_to_be_picked(here: Project, images: list[Path]):
    assert here.do("pick", micrographs=images[:1], diameter=104.0).figures["micrograph_count"] == 1


def test_pure_noise_gives_no_particles(here: Project, tmp_path: Path):
    write_image(tmp_path / "n.mrc", np.random.default_rng(0).standard_normal(SIZE).astype(np.float32), 2.0)
    with pytest.raises(InputError, match=r"particles must stand out from noise in one micrograph at least; got none in 1"):
        here.do("pick", micrographs=tmp_path / "n.mrc", diameter=104.0)


def test_particles_become_bright_and_normalised(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    record = here.do("extract", micrographs=listed, coordinates=by_hand(tmp_path, images), diameter=110.0, box=80)
    particles = read_particles(record["particles"])
    assert (len(particles), particles.pixel_size, particles.contrast) == (50, 2.0, "bright")
    assert set(particles.micrograph) == {str(path) for path in images}
    assert particles.stack == (record["stack"],)
    stack = open_stack(record["stack"]).read()
    assert stack.shape == (50, 80, 80)
    y, x = np.mgrid[:80, :80] - 40
    away = np.hypot(x, y)
    outside = stack[:, away > 27.5]
    assert np.abs(outside.mean(1)).max() < 1e-5
    assert np.abs(outside.std(1) - 1).max() < 1e-5
    mean = stack.mean(0)
    assert mean[away < 20].mean() > mean[away > 27.5].mean() + 5 * mean[away > 27.5].std() / np.sqrt((away < 20).sum())
    # where a particle was said to be, in pixels of its micrograph: box centre plus the shift
    place = particles.coordinate + particles.shift / 2.0
    assert place[:25] == pytest.approx(PLACES, abs=1e-5)
    assert np.array_equal(particles.coordinate, np.round(particles.coordinate))
    assert particles.extra["rlnAutopickFigureOfMerit"][:25] == pytest.approx(np.linspace(0.9, 0.1, 25), abs=1e-5)
    assert particles.defocus[0, :3] == pytest.approx([tiny.DEFOCUS.u, tiny.DEFOCUS.v, tiny.DEFOCUS.angle_deg])
    assert "running" not in record["particles"].read_text()


def test_fourier_cropping_halves_the_pixels(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    hand = by_hand(tmp_path, images)
    fine = here.do("extract", micrographs=listed, coordinates=hand, diameter=110.0, box=80, normalise="none", outliers=0.0)
    coarse = here.do("extract", micrographs=listed, coordinates=hand, diameter=110.0, box=40, output_pixel_size=4.0,
                     normalise="none", outliers=0.0)  # fmt: skip
    assert read_particles(coarse["particles"]).pixel_size == pytest.approx(4.0)
    assert open_stack(coarse["stack"]).pixel_size == pytest.approx(4.0)
    big, small = open_stack(fine["stack"]).read(0)[0], open_stack(coarse["stack"]).read(0)[0]
    # strictly below the new Nyquist frequency the transforms about the box's centre are the same
    low, whole = (np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image))) / image.size for image in (small, big))
    assert np.abs(low[1:, 1:] - whole[21:60, 21:60]).max() < 1e-5 * np.abs(whole).max()
    with pytest.raises(InputError, match=r"output_pixel_size must be at least the micrographs' 2 Å; got 1"):
        here.do("extract", micrographs=listed, coordinates=hand, diameter=110.0, box=40, output_pixel_size=1.0)


def test_an_odd_ratio_gives_the_pixel_size_that_is_really_there(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    record = here.do("extract", micrographs=listed, coordinates=by_hand(tmp_path, images), diameter=110.0, box=32,
                     output_pixel_size=5.1)  # fmt: skip
    assert record.figures["pixel_size_angstrom"] == pytest.approx(2.0 * 82 / 32)


def test_the_default_box_has_room_for_background_and_defocus(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    record = here.do("extract", micrographs=listed, coordinates=by_hand(tmp_path, images, PLACES[12:13]), diameter=110.0)
    assert record.figures["box"] * 2.0 >= 1.5 * 110
    assert record.figures["box"] % 2 == 0


def test_scores_choose(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    hand = by_hand(tmp_path, images)
    record = here.do("extract", micrographs=listed, coordinates=hand, diameter=110.0, box=80, least_score=0.5)
    assert record.figures["particle_count"] == 2 * 13
    with pytest.raises(InputError, match=r"least_score must leave particles; got 0\.95"):
        here.do("extract", micrographs=listed, coordinates=hand, diameter=110.0, box=80, least_score=0.95)


def test_boxes_over_the_edge_are_counted_and_bad_micrographs_set_aside(here: Project, images: list[Path], tmp_path: Path):
    write_image(tmp_path / "p2.mrc", np.full(SIZE, 4.0, np.float32), 2.0)
    hand = by_hand(tmp_path, [*images, tmp_path / "p2.mrc"], np.concatenate([PLACES, [[12.0, 300.0]]]))
    record = here.do("extract", micrographs=[*images, tmp_path / "p2.mrc"], coordinates=hand, diameter=110.0, box=80,
                     voltage=300.0, cs=2.7)  # fmt: skip
    assert record.figures["cut_off_count"] == 2
    assert record.figures["particle_count"] == 50
    assert [each["item"] for each in record.quarantine] == ["p2"]
    assert "the micrographs have no defocus" in record.warnings[0]
    assert read_particles(record["particles"]).defocus is None


def test_particles_said_to_be_bright_are_not_inverted(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    record = here.do("extract", micrographs=listed, coordinates=by_hand(tmp_path, images), diameter=110.0, box=80,
                     contrast="bright")  # fmt: skip
    assert open_stack(record["stack"]).read().mean(0)[30:50, 30:50].mean() < 0


def test_the_sample_is_spread_over_all_stacks(tmp_path: Path):
    for name, first, after in (("a", 0, 3), ("b", 3, 8)):
        images = np.ones((after - first, 4, 4), np.float32) * np.arange(first, after)[:, None, None]
        write_stack(tmp_path / f"{name}.mrcs", images.astype(np.float32), 2.0)
    stacks = [tmp_path / "a.mrcs", tmp_path / "b.mrcs"]
    assert sampled(stacks, 4)[:, 0, 0].tolist() == [0, 2, 5, 7]  # of 0 to 7: every 7/3
    assert sampled(stacks)[:, 1, 2].tolist() == list(range(8))
    assert sampled(stacks, 1).shape == (1, 4, 4)


def test_the_sample_is_a_sheet_of_eight_by_eight(here: Project, listed: Path, images: list[Path], tmp_path: Path):
    from matplotlib.image import imread

    record = here.do("extract", micrographs=listed, coordinates=by_hand(tmp_path, images), diameter=110.0, box=80)
    assert imread(record["sample"]).shape == (7 * 82 - 2, 8 * 82 - 2)
