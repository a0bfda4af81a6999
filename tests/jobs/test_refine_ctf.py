"""The verb: a table and half-maps in, a better table out; what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import InputError, VitreousError
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.io.mrc import write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.jobs.refine_ctf import RefineCtf
from vitreous.pipeline.project import Project
from vitreous.reconstruct.fourier import solve
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.snr import PixelSnr


@pytest.fixture
def tilted(tmp_path: Path) -> Particles:
    """300 particles of 48 px taken with a tilt that their table does not know, with poses and half-sets."""
    blob = symmetric_phantom(np.eye(3)[None], np.random.default_rng(0), count=200, radius=25.0, sigma=1.0)
    optics = Optics(pixel_size=1.5, beam_tilt=(1.5, -1.0))
    settings = DatasetSettings(particles=300, size=48, optics=optics, snr=PixelSnr(1.0), b_factor=20.0, micrographs=6, shift=2.0)
    write_dataset(tmp_path / "set", draw_dataset(blob, settings))
    table = read_particles(tmp_path / "set" / "truth.star")
    return table.with_(optics=(Optics(pixel_size=1.5),), half=(1 + np.arange(300) % 2).astype(np.int8))


@pytest.fixture
def files(tmp_path: Path, tilted: Particles) -> dict[str, Path]:
    """The table and the half-maps that it makes."""
    return files_of(tilted, tmp_path)


def files_of(table: Particles, tmp_path: Path) -> dict[str, Path]:
    paths = {"particles": tmp_path / "set" / "run.star"}
    write_particles(paths["particles"], table)
    for half in (1, 2):
        images = load_images(table, Band(size=48), rows=np.flatnonzero(table.half == half))
        rows = table.half == half
        sums = insert_images(images, initial_noise(images), torch.from_numpy(table.rotation[rows]),
                             torch.from_numpy(table.shift[rows]) / 1.5, radius=images.disc.radius)  # fmt: skip
        values = solve(*sums.total(), 48, ssnr=None, radius=images.disc.radius, voxel_size=1.5)
        paths[f"half{half}"] = tmp_path / f"half{half}.mrc"
        write_volume(paths[f"half{half}"], Volume(values, 1.5))
    return paths


def test_a_tilt_goes_into_the_table(here: Project, files: dict[str, Path]) -> None:
    record = here.do("refine-ctf", **files, magnification=True, astigmatism=True)
    table, before = read_particles(record["particles"]), read_particles(files["particles"])
    assert table.optics[0].beam_tilt == pytest.approx((1.5, -1.0), abs=0.15)
    assert record.figures["beam_tilt_mrad"][0] == pytest.approx(table.optics[0].beam_tilt, abs=1e-6)
    rows = [line.split(",") for line in record["estimates"].read_text().splitlines()]
    assert [row[1] for row in rows[1:3]] == ["anisotropic magnification", "beam tilt"]
    assert {row[-1] for row in rows[1:]} == {"yes", "no"}
    # The defocus was right. 48 pixels let it wander by some tens of Å, not by hundreds.
    assert np.abs(table.defocus[:, :2] - before.defocus[:, :2]).mean() < 100
    assert (table.extra["vitreousDefocusSigma"] > 0).all()
    np.testing.assert_allclose(table.rotation, before.rotation, atol=1e-6)
    for picture in ("aberrations", "defocus"):
        assert record[picture].read_text().startswith("<")


@pytest.mark.long
def test_what_is_not_sure_stays_and_is_said(here: Project, tilted: Particles, tmp_path: Path) -> None:
    """A table that knows its tilt, and whose half-maps were made with it."""
    files = files_of(tilted.with_(optics=(Optics(pixel_size=1.5, beam_tilt=(1.5, -1.0)),)), tmp_path)
    record = here.do("refine-ctf", **files, defocus="none", aberrations="odd", magnification=True)
    assert read_particles(record["particles"]).optics == read_particles(files["particles"]).optics
    for name in ("magnification", "beam tilt"):
        assert any(f"{name} stays as it was" in warning for warning in record.warnings)


def test_what_cannot_be_used_is_refused(here: Project, files: dict[str, Path], tilted: Particles, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one of the optics' properties"):
        RefineCtf(defocus="none", aberrations="none")
    for column, problem in (("rotation", "must have poses"), ("half", "must have their half-set"), ("defocus", "must have defocus")):
        write_particles(tmp_path / "set" / "less.star", tilted.with_(**{column: None}))
        with pytest.raises(VitreousError, match=problem):
            here.do("refine-ctf", **(files | {"particles": tmp_path / "set" / "less.star"}))
    noise = tmp_path / "noise.mrc"
    write_volume(noise, Volume(torch.randn(48, 48, 48, generator=torch.Generator().manual_seed(0)), 1.5))
    with pytest.raises(VitreousError, match="must agree to better than 20 Å"):
        here.do("refine-ctf", **(files | {"half2": noise}))
