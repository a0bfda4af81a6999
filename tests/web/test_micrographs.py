"""What is known of micrographs, decisions on them and edits of their picks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from made_project import DEFOCUS, PIXEL, SIDE, STEP, make_project
from web_site import Site, served

from vitreous.errors import InputError
from vitreous.io.mrc import write_image
from vitreous.jobs.coordinate_list import read_coordinate_list
from vitreous.jobs.micrograph_list import read_list
from vitreous.jobs.options import Microscope
from vitreous.jobs.overrides import read_overrides
from vitreous.jobs.registry import registry
from vitreous.web.app import create_app
from vitreous.web.decisions import FILE, decide, read_decisions
from vitreous.web.micrograph_picture import binned, blurred
from vitreous.web.micrographs import Micrographs, micrographs_of, order_of
from vitreous.web.picks import edit, read_edits
from vitreous.web.project_view import ProjectView

PICKS = "jobs/0004-pick/outputs/coordinates.star"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("micrographs") / "P", micrographs=5, particles=60)


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with served(create_app(folder, registry(), token="a-token", learn=False), "a-token") as made:
        made.enter()
        yield made


def post(site: Site, path: str, sent: object) -> tuple[int, dict]:
    headers = {"cookie": site.cookie, "origin": site.origin, "content-type": "application/json"}
    answer = site.ask("POST", path, headers, json.dumps(sent).encode())
    return answer.status, json.loads(answer.body) if answer.headers["content-type"] == "application/json" else {"text": answer.text}


def listed(folder: Path) -> Micrographs:
    found = micrographs_of(ProjectView(folder, registry()))
    assert isinstance(found, Micrographs)
    return found


def test_order_by_number_and_by_grade(folder: Path) -> None:
    found = listed(folder)
    assert found.number("rlnDefocusU").tolist() == [DEFOCUS + STEP * k for k in range(5)], "the mean of u and v"
    assert order_of(found, "defocus", "", (), down=True).tolist() == [4, 3, 2, 1, 0]
    assert order_of(found, "", "doubtful", ()).tolist() == [2]
    assert order_of(found, "", "decided", {"movie_00004"}).tolist() == [3]


def test_all_that_is_known_of_one(site: Site) -> None:
    told = json.loads(site.get("/api/micrographs/4").body)
    assert told["name"] == "movie_00005"
    assert told["verdict"] == "bad"
    assert told["reasons"][0]["sentence"].startswith("crystalline ice")
    assert told["fit"]["defocus"]["u"] == DEFOCUS + 4 * STEP + 100
    assert (told["size"], told["pixel_size"]) == ([SIDE, SIDE], PIXEL)
    assert len(told["tracks"]["places_pixels"]) == 9


@pytest.mark.parametrize("path", ["image.png", "image.png?resolution=0", "spectrum.png", "motion.svg", "rings.svg"])
def test_pictures_of_one(site: Site, path: str) -> None:
    answer = site.get(f"/api/micrographs/0/{path}")
    assert answer.status == 200
    assert answer.body[:4] in (b"\x89PNG", b"<svg")


@pytest.mark.parametrize("path", ["micrographs/5", "micrographs/-1", "micrographs/9/image.png", "micrographs/0/picks?file=../x.star",
                                  "micrographs/0/picks?file=project.toml"])  # fmt: skip
def test_what_is_not_there(site: Site, path: str) -> None:
    assert site.get(f"/api/{path}").status == 404


def test_a_resolution_that_is_none_of_the_filters(site: Site) -> None:
    assert 400 <= site.get("/api/micrographs/0/image.png?resolution=7").status < 500


def test_decisions_are_what_assess_takes(site: Site, folder: Path) -> None:
    assert post(site, "/api/micrographs/1/decision", {"verdict": "reject", "reason": "an edge,\nof carbon"})[1]["decided"] == "bad"
    assert post(site, "/api/micrographs/2/decision", {"verdict": "accept"})[1]["count"] == 2
    found = read_overrides(folder / FILE, (), (), listed(folder).names)
    assert {name: each.verdict for name, each in found.items()} == {"movie_00002": "bad", "movie_00003": "good"}
    assert found["movie_00002"].reason == "an edge, of carbon"
    assert post(site, "/api/micrographs/1/decision", {"verdict": ""})[1]["decided"] == ""
    assert list(read_decisions(folder)) == ["movie_00003"]
    assert post(site, "/api/micrographs/1/decision", {"verdict": "perhaps"})[0] == 409


def test_a_decision_is_one_of_two_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="accept, reject or empty"):
        decide(tmp_path, "a", "good")


def test_edited_picks_are_what_extract_takes(site: Site, folder: Path) -> None:
    asked = f"/api/micrographs/1/picks?file={PICKS}"
    before = json.loads(site.get(asked).body)
    gone = [before["x"][3], before["y"][3]]
    assert post(site, asked, {"added": [[50.25, 100.0]], "removed": [gone]}) == (200, {"edited": 1})
    told = json.loads(site.get(asked).body)
    assert (told["added"], told["removed"]) == ([[50.25, 100.0]], [gone])
    status, written = post(site, f"/api/picks?file={PICKS}", {})
    assert (status, written["count"]) == (200, 16 * 5)
    micrographs = read_list([folder / "jobs/0003-assess/outputs/micrographs.star"], Microscope())
    found = read_coordinate_list([Path(written["file"])], micrographs)
    was = read_coordinate_list([folder / PICKS], micrographs)
    assert found[0].place.tolist() == was[0].place.tolist()
    places = found[1].place.tolist()
    assert [50.25, 100.0] in places
    assert gone not in places
    assert np.isnan(found[1].score[places.index([50.25, 100.0])])
    assert post(site, asked, {"added": [], "removed": []}) == (200, {"edited": 0})


@pytest.mark.parametrize(
    ("added", "match"), [([[1]], "pairs of numbers"), ([["a", "b"]], "pairs of numbers"), ([[1, 500]], "inside"), ([[np.nan, 1]], "finite")]
)
def test_edits_that_are_none(tmp_path: Path, added: list, match: str) -> None:
    with pytest.raises(InputError, match=match):
        edit(tmp_path, "0001-pick", "m", {"added": added}, (192, 192))
    assert read_edits(tmp_path, "0001-pick") == {}


def test_a_job_that_leads_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        edit(tmp_path, "../x", "m", {}, None)


def test_a_large_image_is_averaged_in_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means over 3 × 3 pixels by a reshape of the whole, odd edges cut off."""
    from vitreous.web import micrograph_picture

    monkeypatch.setattr(micrograph_picture, "STRIP", 4000)
    image = np.random.default_rng(0).normal(size=(200, 154)).astype(np.float32)
    write_image(tmp_path / "a.mrc", image, 1.5)
    small, pixel = binned(tmp_path / "a.mrc", 70)
    assert pixel == pytest.approx(4.5)
    assert np.allclose(small, image[:198, :153].reshape(66, 3, 51, 3).mean((1, 3)), atol=1e-6)


def test_the_filter_halves_what_has_its_period() -> None:
    """Waves of a period of 12 pixels, and of 48, which passes all but untouched: exp(−ln 2 / 16) = 0.958."""
    x = np.arange(480)
    for period, left in ((12, 0.5), (48, 0.958), (6, 0.0625)):
        wave = np.tile(np.cos(2 * np.pi * x / period).astype(np.float32), (40, 1))
        middle = blurred(wave, 12)[20, 120:360]
        assert middle.std() / wave[0, 120:360].std() == pytest.approx(left, abs=0.005)
    assert blurred(wave, 1.5) is wave


def test_no_image_outside_the_project_is_read(folder: Path) -> None:
    from vitreous.web.micrographs import image_of

    found = listed(folder)
    project = ProjectView(folder, registry())
    assert image_of(project, found, 0) is not None
    link = folder / "jobs/0001-align-movies/outputs/micrographs/movie_00005.mrc"
    link.unlink()
    write_image(folder.parent / "secret.mrc", np.zeros((4, 4)), 1.0)
    link.symlink_to(folder.parent / "secret.mrc")
    assert image_of(project, found, 4) is None
