"""Classification, subtraction and expansion through their jobs: files, figures, warnings, and input that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lobed_particles import DIAMETER, PIXEL, SIZE, Known, make_known, particle

from vitreous.data.volume import Volume
from vitreous.errors import VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import open_stack
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return make_known(tmp_path_factory.mktemp("two"), [particle(0), particle(None)], [0.6, 0.4], 400, 0.4)


def written(path: Path, values: torch.Tensor) -> Path:
    write_volume(path, Volume(values.float(), PIXEL))
    return path


def test_classes_with_their_figures(here: Project, two: Known) -> None:
    record = here.do("classify3d", particles=two.folder / "truth.star", align=False, diameter=DIAMETER)
    assert record.figures["classes_are_real"]
    table = read_particles(record["particles"])
    right = (table.class_number - 1) == two.label.numpy()
    assert right.mean() > 0.95, "the largest class comes first, and it has the lobe"
    told = read_json(record["verdicts"])
    assert [each["class"] for each in told["classes"]] == [1, 2]
    assert told["classes"][0]["share"] == pytest.approx(0.6, abs=0.04)
    assert told["classes"][0]["count"] == int((table.class_number == 1).sum())
    for matrix in (told["expected_confusion"], told["migration_between_halves"], told["migration_in_last_pass"]):
        np.testing.assert_allclose(np.sum(matrix, 1), 1, atol=1e-6)
    assert len(record.files("maps")) == 2
    assert read_volume(record["consensus"]).shape == (SIZE,) * 3
    assert set(np.unique(table.half)) == {1, 2}
    assert table.extra["vitreousClassStability"].max() <= 1 + 1e-9
    assert record["picture"].read_text().startswith("<svg")


@pytest.mark.long
def test_one_kind_is_not_called_two(here: Project, tmp_path: Path) -> None:
    alike = make_known(tmp_path, [particle(0)], [1.0], 300, 0.2)
    record = here.do("classify3d", particles=alike.folder / "truth.star", align=False, diameter=DIAMETER)
    assert not record.figures["classes_are_real"]
    assert "no class is supported" in record.warnings[0]


def test_what_cannot_be_classified_is_refused(here: Project, two: Known, tmp_path: Path) -> None:
    poseless = two.folder / "particles.star"
    with pytest.raises(VitreousError, match="must have poses"):
        here.do("classify3d", particles=poseless, align=False, diameter=DIAMETER)
    with pytest.raises(VitreousError, match="needs a reference"):
        here.do("classify3d", particles=poseless, diameter=DIAMETER)
    with pytest.raises(VitreousError, match="classes must be"):
        here.do("classify3d", particles=poseless, diameter=DIAMETER, classes=1)
    write_particles(two.folder / "few.star", read_particles(two.folder / "truth.star").take(np.arange(399)))
    with pytest.raises(VitreousError, match="at least 20 a class"):
        here.do("classify3d", particles=two.folder / "few.star", align=False, diameter=DIAMETER, classes=20)
    empty = written(tmp_path / "empty.mrc", torch.zeros((SIZE,) * 3))
    with pytest.raises(VitreousError, match="mask must lie between 0 and 1"):
        here.do("classify3d", particles=two.folder / "truth.star", align=False, diameter=DIAMETER, mask=empty)


def test_subtracted_images_name_the_old_ones(here: Project, two: Known, tmp_path: Path) -> None:
    volume = written(tmp_path / "map.mrc", two.maps[0])
    centre = torch.arange(SIZE) - SIZE // 2
    half_space = ((centre > 4).float() * torch.ones((SIZE,) * 3)).contiguous()
    mask = written(tmp_path / "mask.mrc", half_space)
    record = here.do("subtract", particles=two.folder / "truth.star", map=volume, mask=mask, recentre=True, box=24)
    table, old = read_particles(record["particles"]), read_particles(two.folder / "truth.star")
    assert open_stack(record["stack"]).shape == (24, 24)
    assert np.allclose(table.rotation, old.rotation, atol=1e-6)
    assert np.abs(table.shift).max() == 0
    assert all(name.endswith("particles.mrcs") for name in table.extra["rlnImageOriginalName"])
    with pytest.raises(VitreousError, match="box must be"):
        here.do("subtract", particles=two.folder / "truth.star", map=volume, mask=mask, box=40)
    with pytest.raises(VitreousError, match="must have poses"):
        here.do("subtract", particles=two.folder / "particles.star", map=volume, mask=mask)


def test_expansion_and_its_refusals(here: Project, two: Known, tmp_path: Path) -> None:
    given = read_particles(two.folder / "truth.star").take(np.arange(12)).with_(half=np.tile([1, 2], 6).astype(np.int8))
    write_particles(tmp_path / "few.star", given)
    record = here.do("expand", particles=tmp_path / "few.star", symmetry="D2")
    table = read_particles(record["particles"])
    assert record.figures["row_count"] == len(table) == 48
    assert np.array_equal(table.half, np.repeat(given.half, 4))
    assert np.array_equal(table.extra["vitreousExpandedFrom"].astype(int), np.repeat(np.arange(1, 13), 4))
    with pytest.raises(VitreousError, match="symmetry must be a group of more than one rotation"):
        here.do("expand", particles=tmp_path / "few.star", symmetry="C1")
    with pytest.raises(VitreousError, match="expanded already"):
        here.do("expand", particles=record["particles"], symmetry="D2")
    with pytest.raises(VitreousError, match="must have poses"):
        here.do("expand", particles=two.folder / "particles.star", symmetry="D2")
