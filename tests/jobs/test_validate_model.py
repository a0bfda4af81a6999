"""`validate` with a model: a sound one passes, a mirrored map and a wrong pixel size trip their own finding alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from atoms_at_random import bundle

from vitreous.data.atomic_model import AtomicModel
from vitreous.data.volume import Volume
from vitreous.io.mrc import write_volume
from vitreous.physics.model_map import model_map
from vitreous.pipeline.project import Project

ATOM = "ATOM  {serial:5d} {name:<4s} {residue:>3s} {chain}{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00{b:6.2f}          {element:>2s}\n"
SIZE, VOXEL = 56, 1.2


def write_pdb(path: Path, model: AtomicModel) -> Path:
    """The model as text."""
    columns = (model.names, model.residues, model.chains, model.residue_index, model.positions, model.b_factors, model.elements)
    lines = (ATOM.format(serial=serial, name=f" {name}", residue=residue, chain=chain, number=number + 1, x=x, y=y, z=z, b=b,
                         element=element)
             for serial, (name, residue, chain, number, (x, y, z), b, element) in enumerate(zip(*columns), 1))  # fmt: skip
    path.write_text("".join(lines) + "END\n")
    return path


Change = Callable[[Volume], Volume]
#: What is done to both half-maps, and the findings that then do not pass.
KINDS: dict[str, tuple[Change, list[str]]] = {
    "as it is": (lambda volume: volume, []),
    "mirrored": (lambda volume: replace(volume, values=volume.values.flip(0).roll(1, 0)), ["hand"]),
    "a pixel 2 % too large": (
        lambda volume: Volume(volume.values, 1.02 * VOXEL, tuple(1.02 * each for each in volume.corner)), ["model"]
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_tells_a_sound_map_from_a_spoilt_one(here: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("vitreous.views.render.save_figure", lambda figure, path: Path(path).write_text("<svg/>"))
    change, expected = KINDS[kind]
    model = bundle(residues=20)
    truth = model_map(model, SIZE, VOXEL, (-VOXEL * (SIZE // 2),) * 3, b_factor=110.0)
    files = {"model": write_pdb(tmp_path / "model.pdb", model)}
    for seed, name in enumerate(("half1", "half2")):
        noise = 1.0 * float(truth.values.std()) * torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))
        files[name] = tmp_path / f"{name}.mrc"
        write_volume(files[name], change(replace(truth, values=truth.values + noise)))
    told = json.loads(here.do("validate", **files)["findings"].read_text())["checks"]
    verdicts = {each["name"]: each["verdict"] for each in told}
    assert [name for name, verdict in verdicts.items() if verdict in ("warn", "fail")] == expected, told
    if not expected:
        assert (verdicts["hand"], verdicts["model"]) == ("pass", "pass")
