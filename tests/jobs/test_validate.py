"""`validate` as a job: what it writes, good and broken projects, and every way to give it the wrong thing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from spoilt_projects import FAULTS, Setting, good, write

from vitreous.data.volume import Volume
from vitreous.errors import VitreousError
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.jobs.validation.explained import FOLLOWS
from vitreous.jobs.validation.findings import QUESTIONS
from vitreous.numerics.filters import soft_disc
from vitreous.pipeline.project import Project

NAMES = [name for name, _, _ in QUESTIONS]
SETTING = Setting(what="cluster 1", count=300, size=40, pixel=6.0, snr=0.2, fall=1000.0, seed=2)
SAMPLE = 200


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures: they take most of the time, and are looked at in one test."""
    monkeypatch.setattr("vitreous.views.render.save_figure", lambda figure, path: Path(path).write_text(""))
    monkeypatch.setattr("vitreous.views.report_html.write_report", lambda path, page: Path(path).write_text(""))
    monkeypatch.setattr("vitreous.jobs.validation.page.page", lambda *given, **named: None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good project: half-maps and particles."""
    return write(good(SETTING), tmp_path_factory.mktemp("good"))


def verdicts(here: Project, **given: object) -> dict[str, str]:
    """Of each check."""
    return {each["name"]: each["verdict"] for each in checks(here, **given)}


def checks(here: Project, **given: object) -> list[dict]:
    """As the file tells them."""
    return json.loads(here.do("validate", sample=SAMPLE, **given)["findings"].read_text())["checks"]


def bad(found: dict[str, str]) -> list[str]:
    """Names that did not pass."""
    return [name for name, verdict in found.items() if verdict in ("warn", "fail")]


def test_the_page_asks_nothing_of_anybody(here: Project, files: dict[str, Path]) -> None:
    record = here.do("validate", half1=files["half1"], half2=files["half2"])
    told = json.loads(record["findings"].read_text())
    assert [each["name"] for each in told["checks"]] == NAMES
    assert {"resolution_angstrom", "resolution_interval_angstrom", "b_factor_angstrom2"} <= told.keys()
    finer, coarser = told["resolution_interval_angstrom"]
    assert finer <= told["resolution_angstrom"] <= coarser
    shown = [each["figure"] for each in told["checks"] if each["figure"]]
    assert {"pictures/fsc.svg", "pictures/directions.svg", "pictures/mask_sweep.svg", "pictures/local_resolution.svg"} <= set(shown)
    assert all((record["findings"].parent / path).exists() for path in shown)
    page = record["page"].read_text()
    # Names of XML dialects are no addresses that a browser would load.
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert all(name in page for name in NAMES)


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_a_good_project_passes(here: Project, tmp_path: Path) -> None:
    made = good(Setting(count=600, snr=0.06, fall=500.0))
    record = here.do("validate", sample=300, diameter=made.diameter, **write(made, tmp_path))
    told = json.loads(record["findings"].read_text())
    assert bad({each["name"]: each["verdict"] for each in told["checks"]}) == []
    assert told["verdict"] == record.figures["verdict"] == "pass"
    assert not record.warnings


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_broken_project_trips_exactly_its_own_finding(here: Project, tmp_path: Path, fault: str) -> None:
    own, spoil = FAULTS[fault]
    made = spoil(Setting(what="cluster 1", count=700, seed=2), tmp_path)
    assert bad(verdicts(here, diameter=made.diameter, **write(made, tmp_path))) == [own]


def test_what_follows_comes_after_its_cause() -> None:
    causes = [cause for cause, _ in FOLLOWS]
    assert set(causes) <= set(NAMES)
    for at, (_, effects) in enumerate(FOLLOWS):
        assert set(effects) <= set(NAMES)
        # What was explained explains nothing: it is "not done" by then.
        assert not set(effects) & set(causes[: at + 1])


Change = Callable[[Volume], Volume]


def changed(path: Path, to: Path, change: Change) -> Path:
    """Another map made of one."""
    write_volume(to, change(read_volume(path)))
    return to


def of_values(change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    """Of the same scale and place."""
    return lambda volume: replace(volume, values=change(volume.values))


REFUSED: dict[str, tuple[Change, str]] = {
    "shape": (of_values(lambda v: v[4:-4, 4:-4, 4:-4].contiguous()), "shape of half1"),
    "voxel size": (lambda v: Volume(v.values, 1.1 * v.voxel_size), "voxel size of half1"),
    "origin": (lambda v: Volume(v.values, v.voxel_size, (30.0, 0.0, 0.0)), "lie where half1 does"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_halves_that_cannot_be_compared_are_refused(here: Project, files: dict[str, Path], tmp_path: Path, what: str) -> None:
    change, words = REFUSED[what]
    with pytest.raises(VitreousError, match=words):
        here.do("validate", half1=files["half1"], half2=changed(files["half2"], tmp_path / "other.mrc", change))


def test_one_map_twice_is_refused(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    same = changed(files["half1"], tmp_path / "same.mrc", of_values(lambda v: 2 * v))
    with pytest.raises(VitreousError, match="same map twice"):
        here.do("validate", half1=files["half1"], half2=same)


def test_numbers_that_are_none_are_refused(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "nan.mrc"
    path.write_bytes(files["half2"].read_bytes()[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(VitreousError, match="finite"):
        here.do("validate", half1=files["half1"], half2=path)


def test_voxels_that_are_no_cubes_are_refused(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    path, held = tmp_path / "flat.mrc", bytearray(files["half2"].read_bytes())
    held[40:44] = np.float32(300.0).tobytes()  # the cell's first side, 240 Å before
    path.write_bytes(held)
    with pytest.raises(VitreousError, match="cub"):
        here.do("validate", half1=files["half1"], half2=path)


MASKS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str]] = {
    "hard": (lambda m: (m > 0.5).float(), "warn"),
    "at the border": (lambda m: soft_disc(tuple(m.shape), 19.0, 4.0), "warn"),
    "beside the particle": (lambda m: soft_disc(tuple(m.shape), 2.0, 3.0).roll((-15, -15), (0, 1)), "fail"),
}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("what", MASKS)
def test_bad_masks_are_told_of(here: Project, files: dict[str, Path], tmp_path: Path, what: str) -> None:
    change, verdict = MASKS[what]
    shape = read_volume(files["half1"]).shape
    mask = changed(files["half1"], tmp_path / "mask.mrc", of_values(lambda v: change(soft_disc(shape, 12.0, 4.0))))
    assert verdicts(here, half1=files["half1"], half2=files["half2"], mask=mask)["mask"] == verdict


def test_an_empty_mask_is_refused(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    empty = changed(files["half1"], tmp_path / "empty.mrc", of_values(torch.zeros_like))
    with pytest.raises(VitreousError, match=r"nothing above 0\.5"):
        here.do("validate", half1=files["half1"], half2=files["half2"], mask=empty)


@pytest.mark.usefixtures("undrawn")
def test_a_full_map_taken_for_a_half_is_told_of(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    other = read_volume(files["half2"]).values
    full = changed(files["half1"], tmp_path / "full.mrc", of_values(lambda v: 0.5 * (v + other)))
    found = {each["name"]: each for each in checks(here, half1=full, half2=files["half2"])}
    assert found["halves"]["verdict"] == "fail"
    assert "one of them seems to hold all particles" in found["halves"]["reason"]
    assert all(found[name]["verdict"] == "not done" for name in NAMES if name in ("orientations", "residuals", "model"))


ATOM = "ATOM  {0:5d}  CA  ALA A{0:4d}    {1:8.3f}{2:8.3f}{3:8.3f}  1.00 20.00           C\n"


@pytest.mark.usefixtures("undrawn")
def test_what_cannot_be_judged_does_not_stop_the_rest(here: Project, files: dict[str, Path], tmp_path: Path) -> None:
    """Particles without poses, and a model that lies outside the map."""
    nowhere, far = tmp_path / "no_poses.star", tmp_path / "far.pdb"
    table = read_particles(files["particles"])
    write_particles(nowhere, table.with_(rotation=None, shift=None))
    far.write_text("".join(ATOM.format(n, 900.0 + 2 * n, 900.0, 900.0) for n in range(1, 40)) + "END\n")
    found = {each["name"]: each for each in checks(here, **{**files, "particles": nowhere}, model=far)}
    for name, group, _ in QUESTIONS:
        expected = {"Maps": "pass", "Particles": "not done", "Model": "not done"}[group] if name != "hand" else "not done"
        assert found[name]["verdict"] == expected, found[name]["reason"]
    assert "poses" in found["residuals"]["reason"]
    assert "outside" in found["model"]["reason"]
