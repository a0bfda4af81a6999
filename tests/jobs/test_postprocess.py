"""Half-maps through the job: files, figures, warnings, and input that cannot be used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from known_maps import noisy, scattered_atoms

from vitreous.data.volume import Volume
from vitreous.errors import JobError, VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json


@pytest.fixture
def half_maps(tmp_path: Path) -> list[Path]:
    """Atoms at random with B = 100 Å² and a little noise, 64 voxels of 1.6 Å, in a place of their own."""
    made = noisy(scattered_atoms(64, 1.6, 100.0), 1.0, torch.Generator().manual_seed(5))
    paths = [tmp_path / f"half{k}.mrc" for k in (1, 2)]
    for path, half in zip(paths, made):
        write_volume(path, Volume(half.values, half.voxel_size, (3.0, 4.0, 5.0)))
    return paths


def test_half_maps_become_a_resolution_and_a_map(here: Project, half_maps: list[Path]) -> None:
    record = here.do("postprocess", half1=half_maps[0], half2=half_maps[1])
    told = read_json(record["summary"])
    figures = record.figures
    assert told["resolution_angstrom"] == figures["resolution_angstrom"]
    finer, coarser = told["resolution_interval_angstrom"]
    assert finer <= told["resolution_angstrom"] <= coarser
    assert told["resolution_angstrom"] < told["resolution_unmasked_angstrom"]
    assert told["b_factor_angstrom2"] == pytest.approx(100, abs=15)
    assert told["warnings"] == []
    mean, sharpened, mask = (read_volume(record[port]) for port in ("map", "sharpened", "mask_used"))
    halves = [read_volume(path).values for path in half_maps]
    assert torch.allclose(mean.values, 0.5 * (halves[0] + halves[1]), atol=1e-6)
    assert {each.corner for each in (mean, sharpened, mask)} == {(3.0, 4.0, 5.0)}
    assert {round(each.voxel_size, 4) for each in (mean, sharpened, mask)} == {1.6}
    assert float(mask.values.mean()) == pytest.approx(told["mask_fraction"], abs=1e-3)
    assert record["fsc_picture"].read_text().startswith("<")


def test_the_table_holds_the_crossing(here: Project, half_maps: list[Path]) -> None:
    record = here.do("postprocess", half1=half_maps[0], half2=half_maps[1])
    with record["fsc"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    k, corrected, low, high = (
        np.array([float(row[name]) for row in rows])
        for name in ("spatial_frequency_per_angstrom", "fsc_corrected", "fsc_low", "fsc_high")
    )
    assert len(rows) == 32
    assert np.allclose(1 / k, [float(row["resolution_angstrom"]) for row in rows], rtol=1e-4)
    assert ((low <= corrected) & (corrected <= high)).all()
    below = int(np.argmax(corrected < 1 / 7))
    assert 1 / k[below] <= record.figures["resolution_angstrom"] <= 1 / k[below - 1]
    with record["guinier"].open(newline="") as handle:
        assert next(csv.reader(handle))[1] == "log_amplitude"


def test_the_same_seed_gives_the_same_curves(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    from vitreous.jobs.projects import project

    other = project(tmp_path / "other")
    tables = [p.do("postprocess", half1=half_maps[0], half2=half_maps[1])["fsc"].read_bytes() for p in (here, other)]
    assert tables[0] == tables[1]


def test_a_mask_of_ones_own_and_its_symmetry(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    write_volume(tmp_path / "mask.mrc", Volume(soft_disc((64,) * 3, 22, 8), 1.6))
    plain, imposed = (
        here.do("postprocess", half1=half_maps[0], half2=half_maps[1], mask=tmp_path / "mask.mrc", symmetry=group)
        for group in ("C1", "D2")
    )
    assert plain.figures["mask_origin"] == "given"
    assert plain.figures["resolution_angstrom"] == imposed.figures["resolution_angstrom"]
    width = [np.subtract(*each.figures["resolution_interval_angstrom"]) for each in (imposed, plain)]
    assert width[0] < width[1] < 0


def test_noise_has_no_resolution(here: Project, tmp_path: Path) -> None:
    chance = torch.Generator().manual_seed(7)
    for name in "ab":
        write_volume(tmp_path / f"{name}.mrc", Volume(torch.randn(40, 40, 40, generator=chance), 3.0))
    record = here.do("postprocess", half1=tmp_path / "a.mrc", half2=tmp_path / "b.mrc")
    told = read_json(record["summary"])
    numbers = ("resolution_angstrom", "resolution_interval_angstrom", "resolution_half_angstrom", "resolution_unmasked_angstrom",
               "b_factor_angstrom2")  # fmt: skip
    assert [told[name] for name in numbers] == [None] * 5
    assert any("there is no resolution to state" in warning for warning in told["warnings"])
    assert torch.equal(read_volume(record["map"]).values, read_volume(record["sharpened"]).values)


def test_input_that_cannot_be_used_is_explained(here: Project, half_maps: list[Path], tmp_path: Path) -> None:
    small = tmp_path / "small.mrc"
    write_volume(small, Volume(read_volume(half_maps[1]).values[:32, :32, :32], 1.6))
    for second, words in ((half_maps[0], "same map twice"), (small, "of the shape of half1")):
        with pytest.raises((JobError, VitreousError), match=words):
            here.do("postprocess", half1=half_maps[0], half2=second)
    with pytest.raises((JobError, VitreousError), match="symmetry"):
        here.do("postprocess", half1=half_maps[0], half2=half_maps[1], symmetry="Q7")
