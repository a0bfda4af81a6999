"""Particles with poses through the job: maps, half-sets, the prior, the Ewald sphere, and input that cannot be used."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from thick_cloud import OPTICS, clean, cloud, known, with_noise

from vitreous.data.particles import Particles
from vitreous.errors import JobError, VitreousError
from vitreous.io.mrc import read_volume
from vitreous.io.particles import write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project
from vitreous.reconstruct.fourier import map_correlation
from vitreous.simulate.specimens import density_map

SIZE, COUNT = 48, 160
DIAMETER = 0.75 * SIZE * OPTICS.pixel_size


def written(folder: Path, *, noise: float = 0.5, change: dict[str, object] | None = None) -> Path:
    """Particles of a thick cloud as bright images, electrons towards -z; returns their table."""
    particles = known(COUNT)
    seen = with_noise(clean(DIAMETER, 80, COUNT, SIZE, -1), noise)
    write_stack(folder / "seen.mrcs", (-seen).numpy(), OPTICS.pixel_size)
    table = replace(particles, stack=(folder / "seen.mrcs",), stack_index=np.zeros(COUNT, np.int64), slice_index=np.arange(COUNT),
                    contrast="bright", **(change or {}))  # fmt: skip
    write_particles(folder / "particles.star", table)
    return folder / "particles.star"


@pytest.fixture(scope="module")
def thick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("thick"))


def truth_fsc(path: Path) -> torch.Tensor:
    truth = density_map(cloud(DIAMETER, 80), SIZE, OPTICS.pixel_size).values
    found = read_volume(path)
    assert found.voxel_size == pytest.approx(OPTICS.pixel_size)
    return map_correlation(found.values, truth, soft_disc((SIZE,) * 3, 0.45 * SIZE, 2.4))


def test_map_and_half_maps(here: Project, thick: Path) -> None:
    record = here.do("reconstruct", particles=thick, diameter=DIAMETER)
    # Flat slices hold to λ t k² = 0.7: two thirds of the band.
    fsc = truth_fsc(record["map"])
    assert float(fsc[1:14].min()) > 0.95
    assert record.figures["particle_count"] == COUNT
    assert record.figures["curvature"] == "none"
    halves = [read_volume(record[name]).values for name in ("half1", "half2")]
    curve = map_correlation(*halves, soft_disc((SIZE,) * 3, 0.55 * DIAMETER / OPTICS.pixel_size, 3.0))
    with record["fsc"].open(newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == ["frequency [1/Å]", "FSC [1]"]
    assert [float(row[1]) for row in rows[1:]] == pytest.approx(curve.tolist(), abs=1e-3)
    assert float(rows[2][0]) == pytest.approx(1 / (SIZE * OPTICS.pixel_size), rel=1e-4)


def test_the_curvature_is_found_and_corrected(here: Project, thick: Path) -> None:
    """These images were made with electrons towards -z. At Nyquist flat slices keep less than the bent ones do."""
    flat, found = (here.do("reconstruct", particles=thick, diameter=DIAMETER, ewald=ewald) for ewald in (False, True))
    assert found.figures["curvature"] == "positive"
    assert found.figures["curvature_z_score"] > 5
    assert found.figures["curvature_confidence"] == pytest.approx(1.0, abs=1e-3)
    assert not found.warnings
    last = slice(SIZE // 2 - 4, SIZE // 2)
    bent, lost = truth_fsc(found["map"])[last].mean(), truth_fsc(flat["map"])[last].mean()
    assert float(bent) > float(lost) + 0.05
    given, wrong = (here.do("reconstruct", particles=thick, diameter=DIAMETER, ewald=True, curvature=c) for c in ("positive", "negative"))
    assert torch.equal(read_volume(given["map"]).values, read_volume(found["map"]).values)
    assert float(truth_fsc(wrong["map"])[last].mean()) < float(lost) - 0.1


def test_noise_does_not_say_which_way_the_sphere_is_bent(here: Project, tmp_path: Path) -> None:
    """Negative control: with a hundred times as much noise as signal the sign is declined, in words."""
    record = here.do("reconstruct", particles=written(tmp_path, noise=100.0), diameter=DIAMETER, ewald=True)
    assert record.figures["curvature_z_score"] < 3
    assert any("which way the Ewald sphere is bent" in each for each in record.warnings)


def test_the_prior_weighs_the_map_and_not_the_halves(here: Project, tmp_path: Path) -> None:
    noisy = written(tmp_path, noise=8.0)
    plain, prior = (here.do("reconstruct", particles=noisy, diameter=DIAMETER, regularise=way) for way in ("none", "map"))
    assert plain["half1"].read_bytes()[1024:] == prior["half1"].read_bytes()[1024:]
    truth = density_map(cloud(DIAMETER, 80), SIZE, OPTICS.pixel_size).values
    kept, shrunk = (read_volume(each["map"]).values for each in (plain, prior))
    assert float(shrunk.norm()) < float(kept.norm())
    error = [float((each - each.mean() - truth + truth.mean()).norm()) for each in (kept, shrunk)]
    assert error[1] < error[0]


def test_half_sets_of_the_table_are_kept(here: Project, tmp_path: Path) -> None:
    """Particles of half 2 with their poses spoilt leave half-map 1 as it is."""
    half = (np.arange(COUNT) % 2 + 1).astype(np.int8)
    rotation = known(COUNT).rotation.copy()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    good = here.do("reconstruct", particles=written(tmp_path / "a", change={"half": half}))
    rotation[half == 2] = rotation[half == 2][::-1]
    spoilt = here.do("reconstruct", particles=written(tmp_path / "b", change={"half": half, "rotation": rotation}))
    first, second = (torch.equal(read_volume(good[h]).values, read_volume(spoilt[h]).values) for h in ("half1", "half2"))
    assert (first, second) == (True, False)


@pytest.mark.parametrize(("change", "given", "words"), [
    ({"rotation": None}, {}, "must have poses"),
    ({"defocus": None}, {}, "must have defocus"),
    ({}, {"diameter": 17.0}, "smaller than the box, 17 Å"),
    ({}, {"symmetry": "Q7"}, "symmetry"),
])  # fmt: skip
def test_what_cannot_be_used_is_explained(here: Project, tmp_path: Path, change: dict, given: dict, words: str) -> None:
    particles = known(12)
    write_stack(tmp_path / "s.mrcs", np.ones((12, SIZE, SIZE), np.float32), OPTICS.pixel_size)
    table = replace(particles, stack=(tmp_path / "s.mrcs",), stack_index=np.zeros(12, np.int64), slice_index=np.arange(12), **change)
    write_particles(tmp_path / "p.star", table)
    with pytest.raises((JobError, VitreousError), match=words):
        here.do("reconstruct", particles=tmp_path / "p.star", **given)


def test_an_image_that_is_not_numbers_is_named(here: Project, tmp_path: Path) -> None:
    star = written(tmp_path)
    with (tmp_path / "seen.mrcs").open("r+b") as handle:
        handle.seek(1024 + 4 * (SIZE * SIZE * 100 + 7))
        handle.write(np.float32(np.nan).tobytes())
    with pytest.raises((JobError, VitreousError), match="image 101 has NaN"):
        here.do("reconstruct", particles=star)


def test_too_few_particles(here: Project, tmp_path: Path) -> None:
    particles: Particles = known(9)
    write_stack(tmp_path / "s.mrcs", np.ones((9, SIZE, SIZE), np.float32), OPTICS.pixel_size)
    table = replace(particles, stack=(tmp_path / "s.mrcs",), stack_index=np.zeros(9, np.int64), slice_index=np.arange(9))
    write_particles(tmp_path / "p.star", table)
    with pytest.raises((JobError, VitreousError), match="at least 10"):
        here.do("reconstruct", particles=tmp_path / "p.star")
