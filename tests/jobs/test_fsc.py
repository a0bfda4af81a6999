"""Any two maps through the verbs fsc and postprocess: what is written, and maps that cannot be compared."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.volume import Volume
from vitreous.errors import VitreousError
from vitreous.io.mrc import write_volume
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

SIZE, VOXEL = 40, 5.0


@pytest.fixture
def signal() -> Volume:
    return ribosome(SIZE, VOXEL, 600.0)


@pytest.fixture
def halves(signal: Volume) -> tuple[Volume, Volume]:
    return noisy(signal, 1.5, torch.Generator().manual_seed(2))


def written(folder: Path, **volumes: Volume) -> dict[str, Path]:
    paths = {name: folder / f"{name}.mrc" for name in volumes}
    for name, volume in volumes.items():
        write_volume(paths[name], volume)
    return paths


def test_two_halves_and_a_mask(here: Project, tmp_path: Path, halves: tuple[Volume, Volume]) -> None:
    paths = written(tmp_path, first=halves[0], second=halves[1], mask=Volume(soft_disc((SIZE,) * 3, 12, 5), VOXEL))
    record = here.do("fsc", **paths)
    told = read_json(record["summary"])
    assert told["threshold"] == "0.143"
    assert told["resolution_angstrom"] == record.figures["resolution_angstrom"]
    rows = {row["name"]: row for row in told["thresholds"]}
    assert len(rows) == 8
    for row in rows.values():
        finer, coarser = row["resolution_interval_angstrom"]
        assert finer <= row["resolution_angstrom"] <= coarser
    assert rows["0.143"]["resolution_angstrom"] < rows["1/3"]["resolution_angstrom"] < rows["0.5"]["resolution_angstrom"]
    with record["fsc"].open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert len(table) == SIZE // 2
    residual = np.array([float(row["phase_residual_degrees"]) for row in table])
    # From phases that agree towards those of noise, 103.9°, where a little signal is left.
    assert residual[1] < 20
    assert 85 < residual[-5:].mean() < 106
    assert all(record[port].read_text().startswith("<") for port in ("fsc_picture", "residual_picture"))


def test_a_map_against_its_truth(here: Project, tmp_path: Path, signal: Volume, halves: tuple[Volume, Volume]) -> None:
    """By Rosenthal & Henderson the whole map correlates with the truth by 1/2 where halves do by 1/7: here both are there."""
    whole = Volume(0.5 * (halves[0].values + halves[1].values), VOXEL)
    paths = written(tmp_path, whole=whole, truth=signal, first=halves[0], second=halves[1])
    full = here.do("fsc", first=paths["whole"], second=paths["truth"], kind="full").figures
    half = here.do("fsc", first=paths["first"], second=paths["second"]).figures
    assert full["threshold"] == "0.5"
    assert full["resolution_angstrom"] == pytest.approx(half["resolution_angstrom"], rel=0.1)


def test_noise_is_said_to_agree_nowhere(here: Project, tmp_path: Path) -> None:
    chance = torch.Generator().manual_seed(1)
    record = here.do("fsc", **written(tmp_path, **{k: Volume(torch.randn(32, 32, 32, generator=chance), 2.0) for k in ("first", "second")}))
    assert record.figures["resolution_angstrom"] is None
    assert "no better than noise" in record.warnings[0]


def test_maps_that_cannot_be_compared(here: Project, tmp_path: Path, halves: tuple[Volume, Volume]) -> None:
    a, b = halves
    tiny = 1e-4 * float(a.values.std()) * torch.randn(a.shape, generator=torch.Generator().manual_seed(3))
    bad = {
        "same map twice": (a, Volume(a.values.half().float(), VOXEL)),
        "same map": (a, Volume(-3 * a.values + tiny, VOXEL)),
        r"must lie where half1 does.*2 voxels off": (a, Volume(b.values, VOXEL, (10.0, 0.0, 0.0))),
        "voxel size of half1, 5 Å; got 5.2 Å": (a, Volume(b.values, 5.2)),
        "of the shape of half1": (a, Volume(b.values[:32, :32, :32], VOXEL)),
        "cubes of 16 voxels": tuple(Volume(each.values[:32], VOXEL) for each in halves),
    }
    for number, (words, pair) in enumerate(bad.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths = written(folder, one=pair[0], two=pair[1])
        with pytest.raises(VitreousError, match=words):
            here.do("fsc", first=paths["one"], second=paths["two"])
        with pytest.raises(VitreousError, match=words):
            here.do("postprocess", half1=paths["one"], half2=paths["two"])


# The cell's length along z, Å, is word 13 of the header, which ends at 1024.
@pytest.mark.parametrize(
    ("at", "value", "words"), [(48, 6.0 * SIZE, r"voxels must be cubes; got \(5\.0, 5\.0, 6\.0\)"), (1024, np.nan, "finite")]
)
def test_files_that_no_program_should_write(
    at: int, value: float, words: str, here: Project, tmp_path: Path, halves: tuple[Volume, Volume]
) -> None:
    paths = written(tmp_path, one=halves[0], two=halves[1])
    raw = bytearray(paths["two"].read_bytes())
    raw[at : at + 4] = np.float32(value).tobytes()
    paths["two"].write_bytes(raw)
    for verb, (first, second) in {"fsc": ("first", "second"), "postprocess": ("half1", "half2")}.items():
        with pytest.raises(VitreousError, match=words):
            here.do(verb, **{first: paths["one"], second: paths["two"]})


def test_masks_that_cannot_be_used(here: Project, tmp_path: Path, halves: tuple[Volume, Volume]) -> None:
    ball = soft_disc((SIZE,) * 3, 12, 5)
    bad = {
        "mask must be of the half-maps' shape": Volume(ball[:32, :32, :32], VOXEL),
        "mask must be sampled as the half-maps are, 5 Å": Volume(ball, 4.0),
        r"mask must be where the half-maps are, \(0, 0, 0\) Å": Volume(ball, VOXEL, (0.0, 0.0, 15.0)),
        r"nothing above 0\.5": Volume(0 * ball, VOXEL),
        "between 0": Volume(5 * ball, VOXEL),
    }
    paths = written(tmp_path, one=halves[0], two=halves[1])
    for number, (words, mask) in enumerate(bad.items()):
        path = tmp_path / f"mask{number}.mrc"
        write_volume(path, mask)
        with pytest.raises(VitreousError, match=words):
            here.do("fsc", first=paths["one"], second=paths["two"], mask=path)
        with pytest.raises(VitreousError, match=words):
            here.do("postprocess", half1=paths["one"], half2=paths["two"], mask=path)
