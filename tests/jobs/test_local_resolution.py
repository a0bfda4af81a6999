"""Half-maps and a single map through the job: files, figures, and input that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from two_resolutions import TwoResolutions, phantom

from vitreous.data.volume import Volume
from vitreous.errors import VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json


@pytest.fixture(scope="module")
def known() -> TwoResolutions:
    return phantom(48, 2.5, fine=8.0, coarse=14.0, kind="gradual")


@pytest.fixture
def files(tmp_path: Path, known: TwoResolutions) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.mrc" for name in ("half1", "half2", "mask")}
    for path, volume in zip(paths.values(), (known.first, known.second, Volume(known.mask.float(), 2.5))):
        write_volume(path, volume)
    return paths


def test_two_half_maps_become_a_map_a_table_and_a_picture(here: Project, files: dict[str, Path], known: TwoResolutions) -> None:
    record = here.do("local-resolution", **files)
    told, found = read_json(record["summary"]), read_volume(record["local_resolution"])
    assert told["method"] == "windowed"
    assert told["tenth_angstrom"] < 8.5 < told["ninetieth_angstrom"]
    assert torch.equal(found.values > 0, known.mask)
    assert round(found.voxel_size, 4) == 2.5
    counts = [int(row.split(",")[2]) for row in record["spread"].read_text().splitlines()[1:]]
    assert sum(counts) == int(known.mask.sum())
    assert record["picture"].read_text().startswith("<")


def test_a_single_map_is_judged_by_its_solvent(here: Project, files: dict[str, Path]) -> None:
    record = here.do("local-resolution", half1=files["half1"], mask=files["mask"])
    assert record.figures["method"] == "monogenic"
    assert record.figures["verdict"] == "not done"
    assert "--resolution" in read_json(record["summary"])["reason"]


def test_input_that_cannot_be_used_is_named(here: Project, files: dict[str, Path], known: TwoResolutions) -> None:
    with pytest.raises(VitreousError, match=r"half2 must be given for the method windowed.*--method monogenic"):
        here.do("local-resolution", half1=files["half1"], mask=files["mask"], method="windowed")
    with pytest.raises(VitreousError, match="independent"):
        here.do("local-resolution", half1=files["half1"], half2=files["half1"])
    write_volume(files["mask"], Volume(torch.zeros_like(known.truth), 2.5))
    with pytest.raises(VitreousError, match="mask must"):
        here.do("local-resolution", **files)
