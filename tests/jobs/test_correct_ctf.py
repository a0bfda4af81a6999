"""The verb that corrects: what it writes, what others make of that, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_images as tiny
import torch
from scipy.ndimage import gaussian_filter
from thick_cloud import OPTICS, clean, known, with_noise

from vitreous.data.micrograph import Micrograph
from vitreous.errors import InputError, VitreousError
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.mrc import read_image, read_volume, write_image
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import open_stack, write_stack
from vitreous.physics.ctf import ctf_grid
from vitreous.pipeline.project import Project

SIZE, COUNT = 32, 60
DIAMETER = 0.75 * SIZE * OPTICS.pixel_size


@pytest.fixture(scope="module")
def particles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("particles")
    seen = with_noise(clean(DIAMETER, 80, COUNT, SIZE, -1), 0.5)
    write_stack(folder / "seen.mrcs", (-seen).numpy(), OPTICS.pixel_size)
    write_particles(folder / "particles.star", replace(
        known(COUNT), stack=(folder / "seen.mrcs",), stack_index=np.zeros(COUNT, np.int64), slice_index=np.arange(COUNT),
        contrast="bright",
    ))  # fmt: skip
    return folder / "particles.star"


@pytest.fixture
def listed(micrographs: list[Path], tmp_path: Path) -> Path:
    write_micrographs(tmp_path / "ctf.star", [Micrograph(path=path, optics=tiny.OPTICS, defocus=tiny.DEFOCUS) for path in micrographs])
    return tmp_path / "ctf.star"


@pytest.mark.parametrize(("method", "correction"), [("flip", "flipped"), ("multiply", "multiplied")])
def test_corrected_particles_give_the_map_of_the_recorded_ones(here: Project, particles: Path, method: str, correction: str):
    """And taken for recorded ones they do not: the negative control."""
    record = here.do("correct-ctf", particles=particles, method=method)
    done = read_particles(record["particles"])
    assert {group.correction for group in done.optics} == {correction}
    maps = {}
    write_particles(here.store.folder / "lie.star", done.with_(optics=tuple(replace(g, correction="none") for g in done.optics)))
    for name, star in (("recorded", particles), ("corrected", record["particles"]), ("lie", here.store.folder / "lie.star")):
        maps[name] = read_volume(here.do("reconstruct", particles=star, diameter=DIAMETER)["map"]).values.flatten()
    alike = {name: float(torch.corrcoef(torch.stack([maps["recorded"], maps[name]]))[0, 1]) for name in maps}
    assert alike["corrected"] > 0.999
    assert alike["lie"] < 0.9


def test_a_flip_changes_signs_alone(here: Project, particles: Path):
    before, after = read_particles(particles), read_particles(here.do("correct-ctf", particles=particles)["particles"])
    one, two = (np.fft.rfft2(open_stack(p.stack[0]).read(np.array([3]))[0].astype(float)) for p in (before, after))
    sign = np.where(ctf_grid(torch.from_numpy(before.defocus[3]), OPTICS, (SIZE, SIZE)).numpy() > 0, -1.0, 1.0)
    np.testing.assert_allclose(two[:, :-1], (sign * one)[:, :-1], atol=1e-3 * np.abs(one).max())


def test_wiener_filtered_particles_are_not_refined(here: Project, particles: Path):
    record = here.do("correct-ctf", particles=particles, method="wiener")
    assert "for looking at" in record.warnings[0]
    with pytest.raises(VitreousError, match="Wiener-filtered"):
        here.do("reconstruct", particles=record["particles"], diameter=DIAMETER)


def test_products_are_not_put_on_the_ewald_sphere(here: Project, particles: Path):
    record = here.do("correct-ctf", particles=particles, method="multiply")
    with pytest.raises(VitreousError, match="the Ewald sphere must be asked for with images as recorded or phase-flipped"):
        here.do("reconstruct", particles=record["particles"], diameter=DIAMETER, ewald=True)


@pytest.mark.parametrize("method", ["flip", "multiply", "wiener"])
def test_micrographs_are_corrected_once(here: Project, listed: Path, method: str):
    record = here.do("correct-ctf", micrographs=listed, method=method)
    done = read_micrographs(record["micrographs"])
    assert record.figures == {"micrograph_count": 2, "tilted_count": 0}
    assert done[0].defocus == tiny.DEFOCUS
    before, after = (read_image(m.path)[0] for m in (read_micrographs(listed)[0], done[0]))
    assert after.shape == before.shape
    assert after.mean() == pytest.approx(before.mean(), abs=0.01)
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] < 0.99
    for verb in ("correct-ctf", "estimate-ctf"):
        with pytest.raises(InputError, match="must be as recorded; these were corrected for the CTF already"):
            here.do(verb, micrographs=record["micrographs"])


def test_a_slope_is_followed(here: Project, listed: Path, tmp_path: Path):
    tilted = [replace(m, defocus_slope=(1.5, 0.3)) for m in read_micrographs(listed)]
    write_micrographs(tmp_path / "tilted.star", tilted)
    level, sloped = (here.do("correct-ctf", micrographs=star, method="multiply") for star in (listed, tmp_path / "tilted.star"))
    assert sloped.figures["tilted_count"] == 2
    one, two = (read_image(read_micrographs(r["micrographs"])[0].path)[0] for r in (level, sloped))
    middle, side = (slice(188, 196), slice(188, 196)), (slice(188, 196), slice(370, 378))
    # The corners beyond Nyquist's circle are kept in the one and not in the other.
    soft = gaussian_filter(one - two, 1.0)
    differ = [float(np.abs(soft[place]).mean()) for place in (middle, side)]
    assert differ[0] < 0.2 * differ[1]


def test_what_cannot_be_done_is_said(here: Project, listed: Path, particles: Path, tmp_path: Path):
    with pytest.raises(InputError, match="input must be either micrographs or particles; got 'nothing'"):
        here.do("correct-ctf")
    with pytest.raises(InputError, match="got 'micrographs and particles'"):
        here.do("correct-ctf", micrographs=listed, particles=particles)
    with pytest.raises(InputError, match="snr must be left out unless the method is wiener"):
        here.do("correct-ctf", micrographs=listed, snr=2.0)
    write_image(tmp_path / "bare.mrc", np.zeros((64, 64), np.float32), 2.0)
    write_micrographs(tmp_path / "bare.star", [Micrograph(path=tmp_path / "bare.mrc", optics=tiny.OPTICS)])
    with pytest.raises(InputError, match="must have a defocus; it has none"):
        here.do("correct-ctf", micrographs=tmp_path / "bare.star")
    write_particles(tmp_path / "p.star", read_particles(particles).with_(defocus=None))
    with pytest.raises(InputError, match="particles must have defocus values"):
        here.do("correct-ctf", particles=tmp_path / "p.star")
