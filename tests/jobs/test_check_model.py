"""A map against a model through the job: files, figures, ensembles, and input that cannot be used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from atoms_at_random import bundle

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.errors import JobError, VitreousError
from vitreous.io.mrc import write_volume
from vitreous.io.pdb import read_model
from vitreous.physics.model_map import model_map
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

SIZE, VOXEL = 44, 1.3
MIDDLE = 0.5 * SIZE * VOXEL


def pdb_text(model: AtomicModel, shift: float = 0.0) -> str:
    return "".join(
        f"ATOM  {i + 1:5d}  {model.names[i]:<3s} {model.residues[i]:>3s} {model.chains[i]}{int(model.numbers[i]) + 1:4d}    "
        f"{x + MIDDLE + shift:8.3f}{y + MIDDLE:8.3f}{z + MIDDLE:8.3f}  1.00 {model.b_factors[i]:5.2f}          {model.elements[i]:>2s}\n"
        for i, (x, y, z) in enumerate(model.positions)
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A map of 3 Å and its noisy halves, its model, and an ensemble of two."""
    model = bundle()
    lying = AtomicModel(**{**model.__dict__, "positions": model.positions + MIDDLE})
    volume = model_map(lying, SIZE, VOXEL, resolution=3.0, b_factor=30.0)
    chance = torch.Generator().manual_seed(1)
    for name in ("half1", "half2"):
        noise = 0.5 * float(volume.values.std()) * torch.randn(volume.shape, generator=chance)
        write_volume(tmp_path / f"{name}.mrc", Volume(volume.values + noise, VOXEL))
    write_volume(tmp_path / "map.mrc", volume)
    (tmp_path / "model.pdb").write_text(pdb_text(model) + "END\n")
    (tmp_path / "two.pdb").write_text(f"MODEL 1\n{pdb_text(model)}ENDMDL\nMODEL 2\n{pdb_text(model, 0.3)}ENDMDL\nEND\n")
    (tmp_path / "far.pdb").write_text(pdb_text(model, 400.0) + "END\n")
    return {path.stem: path for path in tmp_path.iterdir() if path.is_file()}


def test_a_map_and_its_model(here: Project, files: dict[str, Path]) -> None:
    record = here.do("check-model", map=files["map"], model=files["two"], half1=files["half1"], half2=files["half2"])
    told = read_json(record["summary"])
    assert told["verdict"] == "pass", told["reason"]
    assert told["d_fsc_angstrom"] < 4.0
    assert told["cc_mask"] > 0.9
    assert told["hand"] == "right"
    assert told["model_count"] == 2
    assert [row["estimate"] for row in told["decisions"]].count("d_model") == 2
    assert record["decisions"].read_text().count("\n") == 1 + len(told["decisions"])
    assert any("holds 2 models" in warning for warning in told["warnings"])
    with record["residues"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 45
    assert (rows[0]["chain"], rows[0]["residue"], rows[0]["number"]) == ("A", "GLN", "1")
    assert np.mean([float(row["q_score"]) for row in rows]) == pytest.approx(told["q_mean"], abs=0.02)
    assert float(rows[5]["variability_angstrom"]) == pytest.approx(0.3 / np.sqrt(2), abs=0.01)  # two models 0.3 Å apart
    for port in ("fsc_picture", "q_residues_picture", "q_atoms_picture", "slices_picture", "resolutions_picture"):
        assert record[port].read_text().startswith("<")


def test_a_model_that_fits_better_elsewhere_is_written_there(here: Project, files: dict[str, Path]) -> None:
    (files["model"].parent / "beside.pdb").write_text(pdb_text(bundle(), 2.0) + "END\n")
    record = here.do("check-model", map=files["map"], model=files["model"].parent / "beside.pdb")
    moved, truth = (read_model(path).positions for path in (record["fitted"], files["model"]))
    assert np.abs(moved - truth).max() < 0.2


@pytest.mark.parametrize(("model", "more", "words"), [
    ("far", {}, "outside"),
    ("model", {"half1": "half1"}, "both or not at all"),
    ("model", {"resolution": 1.0}, "at least two voxels"),
    ("map", {}, "must be PDB or mmCIF|must hold atoms"),
])  # fmt: skip
def test_input_that_cannot_be_used_is_explained(here: Project, files: dict[str, Path], model: str, more: dict, words: str) -> None:
    given = {name: files.get(value, value) if isinstance(value, str) else value for name, value in more.items()}
    with pytest.raises((JobError, VitreousError), match=words):
        here.do("check-model", map=files["map"], model=files[model], **given)
