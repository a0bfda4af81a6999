"""A map with a planted group, from file to ranking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.volume import Volume
from vitreous.errors import InputError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.numerics.map_align import turn
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.specimens import density_map


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """D2 about axes that lie anywhere."""
    phantom = symmetric_phantom(symmetry("D2").matrices.numpy(), np.random.default_rng(2), count=10, radius=70.0, sigma=8.0)
    values = turn(density_map(phantom, 40, 5.0).values, random_rotations(1, torch.Generator().manual_seed(7))[0])
    write_volume(tmp_path / "d2.mrc", Volume(values, 5.0))
    return tmp_path / "d2.mrc"


def test_the_group_is_named_and_its_axes_are_put_upright(here: Project, planted: Path) -> None:
    record = here.do("symmetry", map=planted, diameter=160.0, resolution=22.0)
    assert record.figures["symmetry"] == "D2"
    assert record.stop.startswith("D2: every turn leaves")
    ranking = read_json(record["ranking"])
    assert [row["group"] for row in ranking if row["holds"]] == ["D2", "C2"]
    upright, even = read_volume(record["map"]).values[1:, 1:, 1:], read_volume(record["symmetrised"]).values[1:, 1:, 1:]
    for axes in ((1, 2), (0, 1)):
        assert (even.rot90(2, axes) - even).abs().max() < 1e-5 * even.abs().max()
        alike = torch.nn.functional.cosine_similarity(upright.rot90(2, axes).flatten(), upright.flatten(), 0)
        assert alike > 0.98


def test_bad_input_is_refused(here: Project, planted: Path) -> None:
    with pytest.raises(InputError, match="diameter must be smaller than the box, 200 Å"):
        here.do("symmetry", map=planted, diameter=300.0)
    with pytest.raises(InputError, match="resolution must be at most a quarter of the box, 50 Å"):
        here.do("symmetry", map=planted, diameter=150.0, resolution=80.0)
