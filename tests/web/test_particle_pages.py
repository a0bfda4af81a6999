"""Particles, classes, directions, curves and sessions as the pages show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_project import fsc, make_project
from web_site import Site, served

from vitreous.errors import FormatError, InputError
from vitreous.jobs.registry import registry
from vitreous.numerics.rotations import from_euler
from vitreous.web.app import create_app
from vitreous.web.columns import ColumnCache, Columns
from vitreous.web.curves import curves_of, read_curves, resolution_at
from vitreous.web.particle_lists import columns_of, first_pair, members
from vitreous.web.project_view import ProjectView
from vitreous.web.session import of_live
from vitreous.web.view_directions import counts, density, directions

LIST = "jobs/0007-refine/outputs/particles.star"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("particles") / "P", micrographs=4, particles=80)


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with served(create_app(folder, registry(), token="a-token", learn=False), "a-token") as made:
        made.enter()
        yield made


@pytest.fixture(scope="module")
def columns(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Columns:
    return ColumnCache(tmp_path_factory.mktemp("columns")).ask(folder / LIST)


@pytest.mark.parametrize("path", ["session", "classes", "particles", "directions", "resolution", "micrographs"])
def test_pages_of_a_project_and_of_one_that_is_empty(site: Site, path: str, tmp_path: Path) -> None:
    assert site.get(f"/{path}").status == 200
    (tmp_path / "jobs").mkdir()
    (tmp_path / "project.toml").write_text('name = "empty"\n')
    with served(create_app(tmp_path, registry(), token="a-token", learn=False), "a-token") as empty:
        empty.enter()
        assert "There " in empty.get(f"/{path}").text
        assert empty.get("/api/session").status == empty.get("/api/micrographs").status == 200


@pytest.mark.parametrize("path", ["classes?job=0001", "particles?file=project.toml", "directions?file=../x", "resolution?job=x",
                                  "api/classes?job=..", "api/particles?file=/etc/passwd", "api/directions/texture?file=x",
                                  "api/resolution?job=x"])  # fmt: skip
def test_what_is_not_there(site: Site, path: str) -> None:
    assert site.get(f"/{path}").status == 404


def test_a_lasso_holds_what_select_keeps(site: Site, folder: Path, columns: Columns) -> None:
    corners = [[-90, 30], [120, 60], [0, 150]]
    asked = {"x": "rlnAngleRot", "y": "rlnAngleTilt", "corners": corners}
    headers = {"cookie": site.cookie, "origin": site.origin, "content-type": "application/json"}
    answer = site.ask("POST", f"/api/particles/lasso?file={LIST}", headers, json.dumps(asked).encode())
    inside = np.unpackbits(np.frombuffer(answer.body, np.uint8))[: columns.count].astype(bool)

    from vitreous.jobs.select import Select, inside_lasso

    chosen = Select(lasso_columns=("rlnAngleRot", "rlnAngleTilt"), lasso=tuple(map(float, np.ravel(corners))))
    assert inside.tolist() == inside_lasso(folder / LIST, chosen).tolist()
    assert int(answer.headers["x-count"]) == inside.sum() > 5


@pytest.mark.parametrize("corners", [[[0, 0], [1, 1]], [[0, 0, 0]] * 3, [["a", 0]] * 3, [[0, float("inf")]] * 3, 7])
def test_what_is_no_outline(columns: Columns, corners: object) -> None:
    with pytest.raises(InputError, match="corners"):
        members(columns, "rlnAngleRot", "rlnAngleTilt", corners)


def test_a_column_that_the_list_lacks(columns: Columns) -> None:
    with pytest.raises(InputError, match="Did you mean 'rlnAngleRot'"):
        members(columns, "rlnAngleRut", "rlnAngleTilt", [[0, 0], [1, 0], [1, 1]])


def test_columns_that_differ_and_a_latent_space_comes_first(columns: Columns) -> None:
    labels = [each.label for each in columns_of(columns)]
    assert "rlnAngleRot" in labels
    assert not {"rlnOpticsGroup", "rlnImageName"} & set(labels), "one value everywhere, or text"
    assert first_pair(columns_of(columns)) == ("rlnAngleRot", "rlnAngleTilt")


def test_a_column_is_sent_as_it_is(site: Site, columns: Columns) -> None:
    sent = np.frombuffer(site.get(f"/api/particles/column?file={LIST}&label=rlnAngleRot").body, "<f4")
    assert np.allclose(sent, columns.number("rlnAngleRot"), rtol=1e-6)


def test_directions_are_the_third_rows_of_the_rotations() -> None:
    import torch

    rot, tilt = np.array([20.0, -100.0, 170.0]), np.array([10.0, 90.0, 140.0])
    matrices = from_euler(torch.tensor(np.stack([rot, tilt, [5.0, 50.0, -70.0]], -1))).numpy()
    assert np.allclose(directions(rot, tilt), matrices[:, 2], atol=1e-6)


def test_density_of_one_direction_and_its_copies() -> None:
    """One view under C4: four peaks a quarter turn apart; the mean over the sphere is 1."""
    centres, found = counts([10.0], [60.0], "C4")
    assert found.sum() == 4
    rot = np.array([10.0, 100.0, -170.0, -80.0, 55.0])
    peaks = density(centres, found, directions(rot, np.full(5, 60.0)))
    assert peaks[:4].min() > 10 * max(peaks[4], 1e-9)
    assert density(centres, found, centres).mean() == pytest.approx(1, abs=0.01)


def test_angles_beyond_their_range_are_the_same_directions_and_no_numbers_none() -> None:
    """Tilt −60° is tilt 60° from the other side; −1e-9° is 360° to single precision and still in the last cell."""
    wanted = counts([30.0, 210.0, 30.0, 359.9999], [60.0, 60.0, 100.0, 45.0], "C1")[1]
    assert np.array_equal(counts([390.0, 30.0, 210.0, -1e-9], [60.0, -60.0, 260.0, 45.0], "C1")[1], wanted)
    assert counts([np.nan, 10.0], [5.0, np.nan], "C1")[1].sum() == 0


def test_even_views_are_even() -> None:
    rng = np.random.default_rng(0)
    count = 20_000
    centres, found = counts(rng.uniform(-180, 180, count), np.degrees(np.arccos(rng.uniform(-1, 1, count))), "C1")
    # Variance of the density is κ / n = 131 / 20 000, a standard deviation of 0.08: 0.5 is six of them.
    assert np.abs(density(centres, found, centres) - 1).max() < 0.5


def test_curves_and_where_they_fall(site: Site, folder: Path) -> None:
    found = {each.record.type: each for each in curves_of(ProjectView(folder, registry()))}
    assert found.keys() == {"postprocess", "refine"}
    one = found["postprocess"]
    # The made-up curve is 1 / (1 + 6 exp(80 (k − 1/9))), which is 1/7 at 9 Å.
    assert fsc(1 / 9) == pytest.approx(1 / 7)
    assert resolution_at(one.k, one.curves["corrected"], 1 / 7) == pytest.approx(9, abs=0.05)
    assert resolution_at(one.k, np.ones_like(one.k), 1 / 7) is None
    assert set(json.loads(site.get("/api/resolution?job=0008-postprocess").body)["curves"]) == {
        "corrected", "masked", "unmasked", "randomised", "low", "high"}  # fmt: skip
    assert site.get("/api/resolution/fsc.svg?job=0007-refine").body.startswith(b"<svg")
    assert site.get("/api/resolution/compared.svg").body.startswith(b"<svg")


def test_a_table_of_curves_that_is_none(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "fsc.csv").write_text("k,fsc\n0.1,much\n")
    record = ProjectView(folder, registry()).records()[0]
    with pytest.raises(FormatError, match="numbers"):
        read_curves(record, tmp_path / "fsc.csv")


def test_classes_and_their_sheet(site: Site) -> None:
    told = json.loads(site.get("/api/classes?job=0006-classify2d").body)
    assert [each["class"] for each in told["classes"]] == [1, 2, 3, 4, 5, 6]
    assert told["selects"] is True
    assert site.get("/api/classes/sheet.png?job=0006-classify2d").body.startswith(b"\x89PNG")


def test_forms_are_filled_in_by_their_address(site: Site) -> None:
    text = site.get("/new/select?classes=1-3,7&from:particles=0006-classify2d/particles&lasso=1%0A2").text
    assert 'value="1-3,7"' in text
    assert '<option value="0006-classify2d/particles" selected>' in text
    assert ">1\n2</textarea>" in text


def test_a_session_afterwards_and_a_live_one(site: Site, folder: Path) -> None:
    told = json.loads(site.get("/api/session").body)
    assert told["source"] == "0003-assess"
    assert told["grades"] == [0, 0, 1, 0]
    assert {each["title"]: each["unit"] for each in told["series"]}["Defocus"] == "µm"
    live = of_live(json.loads((folder / "jobs/0010-watch/outputs/live.json").read_text())).told()
    assert len(live["names"]) == 4
    assert "movies" not in live["live"]
    assert next(each for each in live["series"] if each["title"] == "Defocus")["values"][0] == pytest.approx(1.0)
