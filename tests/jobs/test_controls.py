"""Controls as jobs: on particles with true poses, on noise, and on input that cannot be used."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import JobError, VitreousError
from vitreous.io.mrc import read_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import open_stack
from vitreous.pipeline.project import Project
from vitreous.simulate.dataset import DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import PixelSnr
from vitreous.simulate.specimens import specimen

SIZE, PIXEL, COUNT = 32, 6.0, 480


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """480 particles of 32 px; the table with true poses."""
    folder = tmp_path_factory.mktemp("known")
    settings = DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=PixelSnr(0.15), b_factor=700.0,
                               micrographs=4)  # fmt: skip
    write_dataset(folder, draw_dataset(specimen("ribosome head"), settings))
    return folder / "truth.star"


def test_good_particles_pass_their_controls(here: Project, known: Path) -> None:
    record = here.do("controls", particles=known, diameter=150.0)
    checks = {each["name"]: each for each in json.loads(record["checks"].read_text())["checks"]}
    assert checks["better-than-noise"]["verdict"] == checks["homogeneity"]["verdict"] == "pass"
    # In boxes of 32 px free poses may have nothing left to say beyond where they begin; tests/stages/controls has larger ones.
    assert checks["overfitting"]["verdict"] in ("pass", "not done")
    assert not record.warnings
    assert "<svg" in record["picture"].read_text()


def test_resolution_by_number(here: Project, known: Path) -> None:
    record = here.do("reslog", particles=known, diameter=150.0, noise=True)
    with record["points"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [int(row["subsets"]) for row in rows] == [4, 2, 1]
    assert [int(row["particles"]) for row in rows] == [120, 240, 480]
    assert float(rows[2]["resolution_angstrom"]) < float(rows[0]["resolution_angstrom"])
    assert record.figures["b_factor_angstrom2"] > 0
    assert record.figures["particles_needed"] > COUNT
    noise = json.loads(record["summary"].read_text())["noise"]
    assert noise["particles"] == [120, 240, 480]
    # Images of nothing, aligned to the same maps: 0.0030, 0.0018, 0.0022 Å⁻² where particles go from 0.0025 to 0.0048.
    u, nothing = (float(row["inverse_squared_resolution_per_angstrom2"]) for row in rows), noise["inverse_squared_resolution_per_angstrom2"]
    assert nothing[-1] < 0.6 * max(u)
    assert nothing[-1] < nothing[0], "more of nothing shows no more"
    assert "noise images" in record["picture"].read_text()


def test_substituted_particles_are_the_same_up_to_where_asked(here: Project, known: Path) -> None:
    record = here.do("substitute-noise", particles=known, beyond=24.0)
    table, before = read_particles(record["particles"]), read_particles(known)
    np.testing.assert_allclose(table.rotation, before.rotation, atol=1e-5)
    new, old = (torch.fft.rfft2(torch.from_numpy(open_stack(each.stack[0]).read(np.arange(5)))) for each in (table, before))
    torch.testing.assert_close(new.abs(), old.abs(), rtol=1e-3, atol=1e-2)
    # Box of 192 Å: 24 Å is shell 8.
    torch.testing.assert_close(new[:, 0, :8], old[:, 0, :8], rtol=1e-3, atol=1e-2)
    assert float((new[:, 0, 9:15] - old[:, 0, 9:15]).abs().min()) > 0


def copied(path: Path, name: str) -> Path:
    """The same under another name: a job counts one file once."""
    return Path(shutil.copy(path, path.with_name(name)))


def test_runs_are_compared(here: Project, known: Path, tmp_path: Path) -> None:
    first = here.do("reconstruct", particles=known, diameter=150.0)
    again = Path(shutil.copy(first["map"], tmp_path / "again.mrc"))
    same = here.do("compare-runs", maps=[first["map"], again], diameter=150.0, resolution=30.0)
    assert same.figures["verdict"] == "not done"
    halves = here.do("compare-runs", maps=[first["half1"], first["half2"]], particles=[known, copied(known, "b.star")],
                    diameter=150.0, resolution=40.0)  # fmt: skip
    assert halves.figures["verdict"] == "pass"
    assert halves.figures["median_angle_degrees"] == pytest.approx(0, abs=1e-2)
    assert read_volume(first["half1"]).shape == (SIZE,) * 3


def test_input_that_cannot_be_used(here: Project, known: Path, tmp_path: Path) -> None:
    particles = read_particles(known)
    write_particles(tmp_path / "no_poses.star", particles.with_(rotation=None, shift=None))
    write_particles(tmp_path / "few.star", particles.take(np.arange(100)))
    for verb in ("controls", "reslog"):
        with pytest.raises((JobError, VitreousError), match="particles must have poses"):
            here.do(verb, particles=tmp_path / "no_poses.star", diameter=150.0)
    with pytest.raises((JobError, VitreousError), match="number of particles must be at least 240"):
        here.do("reslog", particles=tmp_path / "few.star", diameter=150.0)
    with pytest.raises((JobError, VitreousError), match="diameter must be smaller than the box"):
        here.do("controls", particles=known, diameter=500.0)
    with pytest.raises((JobError, VitreousError), match="target must be coarser than Nyquist, 12"):
        here.do("reslog", particles=known, target=9.0)
    with pytest.raises((JobError, VitreousError), match="beyond must be from Nyquist"):
        here.do("substitute-noise", particles=known, beyond=4.0)
    with pytest.raises((JobError, VitreousError), match="maps must be two or more"):
        here.do("compare-runs", maps=[known.with_name("map.mrc")], diameter=150.0, resolution=30.0)
    with pytest.raises((JobError, VitreousError), match="tables of particles must be as many as maps"):
        here.do("compare-runs", maps=[known.with_name("map.mrc"), copied(known.with_name("map.mrc"), "b.mrc")], particles=[known],
                diameter=150.0, resolution=30.0)  # fmt: skip
