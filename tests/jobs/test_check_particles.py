"""Particle checks, consensus and tilt pairs, from files to findings; and every way to give them the wrong thing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from coarse_search import coarsen
from lobed_particles import particle

from vitreous.data.optics import Optics
from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.numerics.resample import centre_resize
from vitreous.numerics.rotations import random_rotations
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import PixelSnr


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    coarsen(monkeypatch, 30)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    settings = DatasetSettings(particles=60, size=32, optics=Optics(pixel_size=5.0), snr=PixelSnr(2.0), micrographs=3, seed=2)
    write_dataset(folder, draw_dataset(particle(0), settings))
    return folder


def changed(made: Path, to: Path, **columns: object) -> Path:
    """The true table with other columns."""
    table = read_particles(made / "truth.star")
    path = to / "changed.star"
    write_particles(path, table.with_(**columns))
    return path


def test_scores_findings_and_pictures_are_written(here: Project, made: Path) -> None:
    record = here.do("check-particles", particles=made / "truth.star", map=made / "map.mrc")
    assert record.figures["particle_count"] == 60
    assert record.figures["residuals_verdict"] == record.figures["correlation_verdict"] == "pass"
    assert any("flattered" in each for each in record.warnings)
    assert [each["name"] for each in read_json(record["checks"])] == ["residuals", "correlation", "alignability"]
    scored = read_particles(record["particles"])
    z = scored.extra["vitreousFitZ"].astype(float)
    assert (np.diff(z) >= 0).all()
    assert abs(z.mean()) < 0.5
    assert len(record["scores"].read_text().splitlines()) == 61
    assert len(record["micrographs"].read_text().splitlines()) == 4
    assert record["worst_picture"].stat().st_size > 1000


def test_each_image_meets_the_other_half(here: Project, made: Path, tmp_path: Path) -> None:
    """Half-map 1 is empty where half-map 2 is the map: only images of half-set 1 then fit."""
    volume = read_volume(made / "map.mrc")
    chance = np.random.default_rng(0)
    noise = torch.from_numpy(chance.standard_normal(volume.shape)).float() * float(volume.values.std()) * 0.1
    write_volume(tmp_path / "h2.mrc", replace(volume, values=volume.values + noise))
    write_volume(tmp_path / "h1.mrc", replace(volume, values=0.2 * volume.values))
    table = changed(made, tmp_path, half=np.repeat([1, 2], 30).astype(np.int8))
    record = here.do("check-particles", particles=table, half1=tmp_path / "h1.mrc", half2=tmp_path / "h2.mrc")
    scored = read_particles(record["particles"])
    scale = scored.extra["vitreousGreyScale"].astype(float)
    # images of half-set 2 are held against half-map 1, which is five times weaker: they are five times as bright as it says
    ratio = np.median(scale[scored.half == 2]) / np.median(scale[scored.half == 1])
    assert ratio == pytest.approx(5.0, rel=0.15)
    assert not any("flattered" in each for each in record.warnings)


@pytest.mark.parametrize(("columns", "said"), [
    ({"rotation": None}, "must have poses"),
    ({"defocus": None}, "must have defocus"),
])  # fmt: skip
def test_tables_that_lack_what_is_needed_are_refused(here: Project, made: Path, tmp_path: Path, columns: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        here.do("check-particles", particles=changed(made, tmp_path, **columns), map=made / "map.mrc")


def test_maps_that_are_not_of_these_images_are_refused(here: Project, made: Path, tmp_path: Path) -> None:
    volume = read_volume(made / "map.mrc")
    write_volume(tmp_path / "small.mrc", Volume(centre_resize(volume.values, 28, axes=3), volume.voxel_size))
    write_volume(tmp_path / "scale.mrc", replace(volume, voxel_size=4.7))
    write_volume(tmp_path / "empty.mrc", replace(volume, values=volume.values * 0))
    for name, said in (("small", "box of map 1 must be that of the images"), ("scale", "voxel size of map 1 must be the images'"),
                       ("empty", "map 1 must be a map with something in it")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            here.do("check-particles", particles=made / "truth.star", map=tmp_path / f"{name}.mrc")
    with pytest.raises(InputError, match="half-maps must be two, or none"):
        here.do("check-particles", particles=made / "truth.star", half1=made / "map.mrc")
    with pytest.raises(InputError, match="maps must be given"):
        here.do("check-particles", particles=made / "truth.star")
    with pytest.raises(InputError, match="must name their half-set"):
        here.do("check-particles", particles=made / "truth.star", half1=made / "map.mrc", half2=made / "map.mrc")


def test_missing_images_and_few_particles_are_refused(here: Project, made: Path, tmp_path: Path) -> None:
    table = read_particles(made / "truth.star")
    few = tmp_path / "few.star"
    write_particles(few, table.take(np.arange(20)))
    with pytest.raises(InputError, match="number of particles must be at least 50; got 20"):
        here.do("check-particles", particles=few, map=made / "map.mrc")
    gone = tmp_path / "gone.star"
    write_particles(gone, table.with_(stack=(tmp_path / "gone.mrcs",)))
    with pytest.raises(InputError, match=r"gone\.mrcs"):
        here.do("check-particles", particles=gone, map=made / "map.mrc")


def test_images_that_are_not_numbers_are_set_aside_and_one_defocus_is_said(here: Project, made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "particles.mrcs", tmp_path / "bad.mrcs")
    np.memmap(tmp_path / "bad.mrcs", np.float32, "r+", offset=1024)[7 * 32 * 32 + 99] = np.nan
    defocus = np.tile([12000.0, 12000.0, 0.0, 0.0], (60, 1))
    table = changed(made, tmp_path, stack=(tmp_path / "bad.mrcs",), defocus=defocus)
    record = here.do("check-particles", particles=table, map=made / "map.mrc")
    assert record.figures["particle_count"] == 59
    assert any("one defocus (12000 Å)" in each for each in record.warnings)


def test_assignments_that_agree_are_kept(here: Project, made: Path, tmp_path: Path) -> None:
    table = read_particles(made / "truth.star")
    other = table.rotation.copy()
    other[:6] = other[:6][:, [1, 2, 0]]
    record = here.do("consensus", particles=[made / "truth.star", changed(made, tmp_path, rotation=other)])
    assert record.figures["kept"] == 54
    assert read_particles(record["rejected"]).slice_index.tolist() == list(range(6))
    with pytest.raises(InputError, match="assignments must be at least two"):
        here.do("consensus", particles=[made / "truth.star"])


def test_assignments_that_do_not_agree_are_said_not_to(here: Project, made: Path, tmp_path: Path) -> None:
    random = random_rotations(60, torch.Generator().manual_seed(1)).numpy()
    record = here.do("consensus", particles=[made / "truth.star", changed(made, tmp_path, rotation=random)])
    assert record.figures["kept_share"] < 0.1


def test_tilt_pairs_tell_tilt_and_hand(here: Project, made: Path, tmp_path: Path) -> None:
    table = read_particles(made / "truth.star")
    cosine, sine = np.cos(np.deg2rad(20)), np.sin(np.deg2rad(20))
    about_x = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    untilted = changed(made, tmp_path, rotation=np.linalg.inv(about_x) @ table.rotation)
    tilted = made / "truth.star"
    record = here.do("tilt-pairs", untilted=untilted, tilted=tilted, tilt=20.0, axis=0.0)
    assert record.figures["tilt_degrees"] == pytest.approx(20.0, abs=0.01)
    assert record.figures["hand"] == "right"
    wrong = here.do("tilt-pairs", untilted=untilted, tilted=tilted, tilt=-20.0, axis=0.0)
    assert wrong.figures["hand"] == "wrong"
    assert any("wrong hand" in each for each in wrong.warnings)
    with pytest.raises(InputError, match="tilt and axis must be both given"):
        here.do("tilt-pairs", untilted=untilted, tilted=tilted, tilt=20.0)
    short = tmp_path / "short.star"
    write_particles(short, table.take(np.arange(30)))
    with pytest.raises(InputError, match="as many as untilted ones"):
        here.do("tilt-pairs", untilted=untilted, tilted=short)
