"""Tiny micrographs through the job: verdicts, lists, pictures, your decisions, and what is set aside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitreous.errors import FormatError, InputError
from vitreous.io.micrographs import read_micrographs, write_micrographs
from vitreous.io.mrc import write_image
from vitreous.jobs.assess import mostly_doubtful, motion_of
from vitreous.jobs.micrograph_list import read_list
from vitreous.jobs.options import Microscope
from vitreous.jobs.overrides import Override, read_overrides
from vitreous.pipeline.project import Project
from vitreous.runtime.files import read_json

ASKED = {"voltage": 300.0, "cs": 2.7}


def with_particles(seed: int) -> np.ndarray:
    """Counts at 2 Å, with 25 discs of 100 Å that are two fifths darker, near the points of a grid."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[:384, :384]
    places = (np.stack(np.meshgrid(*[np.arange(5)] * 2), -1).reshape(-1, 2) + 0.5) * 76 + chance.uniform(-10, 10, (25, 2))
    covered = np.any([np.hypot(x - px, y - py) < 25 for px, py in places], axis=0)
    return chance.poisson(30 - 12 * covered).astype(np.float32)


@pytest.fixture
def session(tmp_path: Path) -> list[Path]:
    """Two micrographs with particles and one that was taken with the beam off."""
    images = {"a": with_particles(0), "b": with_particles(1), "off": np.zeros((384, 384), np.float32)}
    for name, image in images.items():
        write_image(tmp_path / "sums" / f"{name}.mrc", image, 2.0)
    return [tmp_path / "sums" / f"{name}.mrc" for name in images]


def told(record) -> dict[str, dict]:
    return {each["micrograph"]: each for each in read_json(record["verdicts"])}


def test_lists_verdicts_and_pictures(here: Project, session: list[Path]):
    from matplotlib.image import imread

    record = here.do("assess", micrographs=session, **ASKED)
    verdicts = told(record)
    assert [each["verdict"] for each in verdicts.values()] == ["good", "good", "bad"]
    assert verdicts["off"]["reasons"][0]["name"] == "no signal"
    assert verdicts["off"]["score"] == 0 < verdicts["a"]["score"]
    listed = read_micrographs(record["micrographs"])
    assert [m.extra["vitreousVerdict"] for m in listed] == ["good", "good", "bad"]
    assert [m.extra["vitreousReasons"] for m in listed] == ["none", "none", "no signal"]
    assert [m.flags for m in listed] == [(), (), ("rejected",)]
    assert [m.path.name for m in read_micrographs(record["good"])] == ["a.mrc", "b.mrc"]
    assert imread(record.files("thumbnails")[0]).shape == (384, 384, 3)
    assert imread(record["session"]).shape[1] == imread(record["histograms"]).shape[1] > 1000
    assert (record.figures["good_count"], record.figures["bad_count"]) == (2, 1)
    assert list(record.warnings) == ["1 of 3 micrographs is left out: off: no signal"]


def test_your_decisions_win_and_keep_their_reason(here: Project, session: list[Path], tmp_path: Path):
    (tmp_path / "mine.csv").write_text("micrograph,verdict,reason\nb.mrc,reject,a fibre across it\na,reject,\n")
    record = here.do("assess", micrographs=session, accept=["a", "off"], overrides=tmp_path / "mine.csv", **ASKED)
    verdicts = told(record)
    assert {name: each["verdict"] for name, each in verdicts.items()} == {"a": "good", "b": "bad", "off": "good"}
    assert verdicts["b"]["reasons"][0] == {"name": "your decision", "sentence": "a fibre across it", "grade": "bad"}
    assert verdicts["off"]["measured"] == "bad"
    assert verdicts["off"]["reasons"][1]["name"] == "no signal"
    assert [m.path.name for m in read_micrographs(record["good"])] == ["a.mrc", "off.mrc"]
    assert record.figures["decided_by_you"] == 3


def test_pick_leaves_rejected_ones_out_and_takes_accepted_ones(here: Project, session: list[Path], tmp_path: Path):
    flagged = [replace(m, flags=("drift",)) for m in read_list(session[:2], Microscope(**ASKED))]
    write_micrographs(tmp_path / "in.star", flagged)
    record = here.do("assess", micrographs=tmp_path / "in.star", accept=["a"])
    assert told(record)["b"]["reasons"][0]["name"] == "drift"
    assert [m.flags for m in read_micrographs(record["micrographs"])] == [(), ("drift", "rejected")]
    picked = here.do("pick", diameter=100.0)
    assert picked.figures["micrograph_count"] == 1
    assert picked.quarantine == []
    everything = here.do("pick", diameter=100.0, micrographs=record["micrographs"])
    assert [each["item"] for each in everything.quarantine] == ["b"]


def test_fit_and_motion_beside_the_list_are_read(here: Project, session: list[Path]):
    fitted = here.do("estimate-ctf", micrographs=session[:2], **ASKED)
    verdicts = told(here.do("assess"))
    assert verdicts["a"]["descriptors"]["defocus"] == pytest.approx(read_micrographs(fitted["micrographs"])[0].defocus.mean, rel=1e-4)
    assert "significance" in verdicts["b"]["descriptors"]


def test_motion_of_a_track_and_of_columns(session: list[Path]):
    way = [[0, 0], [9, 0], [12, 0], [13, 0], [13, 2], [13, 2.5]]
    found = motion_of({"global_angstrom": way, "figures": {"motion_total_angstrom": 15.5}})
    assert found == {"motion_total_angstrom": 15.5, "motion_step_angstrom": 3.0}  # the first of six frames is the start
    micrograph = read_list(session[:1], Microscope(**ASKED))[0]
    assert motion_of(None, micrograph) is None
    columns = {"rlnAccumMotionTotal": "12.5", "rlnAccumMotionLate": "nan?"}
    assert motion_of(None, replace(micrograph, extra=columns)) == {"motion_total_angstrom": 12.5}


def test_a_session_that_is_mostly_doubtful_is_told_why():
    def one(verdict: str, *names: str) -> dict:
        return {"micrograph": "m", "verdict": verdict, "reasons": [{"name": name} for name in names]}

    three = [one("doubtful", "carbon"), one("doubtful", "unusual", "carbon"), one("doubtful", "carbon")]
    (told,) = mostly_doubtful([*three, one("good"), one("bad", "drift")])
    assert told.startswith("3 of 5 micrographs are doubtful, 2 first for carbon; kept all the same. Try: look at")
    assert mostly_doubtful([*three, one("good"), one("bad", "drift"), one("good")]) == ()  # half is not more than half
    assert mostly_doubtful([]) == ()
    assert mostly_doubtful(three[:1])[0].startswith("1 of 1 micrographs is doubtful")


def test_when_none_passes_there_is_no_list_and_a_way_out(here: Project, session: list[Path]):
    record = here.do("assess", micrographs=session[2:], **ASKED)
    assert "good" not in record.outputs
    assert "no micrograph passes. Try:" in record.warnings[-1]
    with pytest.raises(InputError, match="all 1 are flagged"):
        here.do("pick", diameter=100.0)


def test_a_run_in_which_none_passes_stops_with_a_way_out_that_works(here: Project, tmp_path: Path):
    for name in ("a", "b"):
        write_image(tmp_path / "sums" / f"{name}.mrc", np.zeros((384, 384), np.float32), 2.0)
    told = {"micrographs": [str(tmp_path / "sums" / "*.mrc")], "diameter": 100.0, **ASKED}
    write_image(tmp_path / "sums" / "a.mrc", np.minimum(with_particles(0), 25), 2.0)  # saturated: half of the pixels have one value
    with pytest.raises(InputError, match=r"has no output 'good'.*no micrograph passes\. Try: .* --accept NAME.* --start pick"):
        here.run("run", until="pick", **told)
    here.do("assess", accept=["a"])
    assert here.run("run", start="pick", until="pick", **told).records["pick"].figures["micrograph_count"] == 1


def test_unreadable_ones_are_set_aside(here: Project, session: list[Path], tmp_path: Path):
    session[0].write_bytes(session[0].read_bytes()[:9000])
    write_image(tmp_path / "sums" / "small.mrc", np.ones((64, 64), np.float32), 2.0)
    record = here.do("assess", micrographs=[*session, tmp_path / "sums" / "small.mrc"], pixel_size=2.0, **ASKED)
    reasons = {each["item"]: each["reason"] for each in record.quarantine}
    assert set(reasons) == {"a", "small"}
    assert "The file was cut off" in reasons["a"]
    assert "at least 128 pixels" in reasons["small"]
    assert set(told(record)) == {"b", "off"}


def test_wrong_names_and_contradictions_are_refused(here: Project, session: list[Path]):
    with pytest.raises(InputError, match=r"must name a micrograph of the list; got 'ofg'. Did you mean 'off'"):
        here.do("assess", micrographs=session, reject=["ofg"], **ASKED)
    with pytest.raises(InputError, match="accepted or rejected, not both; got b"):
        here.do("assess", micrographs=session, reject=["b"], accept=["b"], **ASKED)
    with pytest.raises(InputError, match="voltage must be given"):
        here.do("assess", micrographs=session)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[{]", "must be CSV or JSON"),
        ('{"a": "good"}', "must be a list of objects; got dict"),
        ('[{"micrograph": "a", "verdict": "fine"}]', r"row 1.*one of accept, good, doubtful, reject, bad; got 'fine'"),
        ("micrograph;verdict\na;good\n", "row 1.*column micrograph"),
        ("verdict\ngood\n", "row 1.*column micrograph"),
        ("[3]", "row 1.*column micrograph"),
    ],
)
def test_files_of_decisions_that_are_none(tmp_path: Path, text: str, words: str):
    (tmp_path / "mine").write_text(text)
    with pytest.raises(FormatError, match=words):
        read_overrides(tmp_path / "mine", (), (), ["a"])


def test_files_of_decisions_that_are_read(tmp_path: Path):
    rows = [{"micrograph": "raw/a.mrc", "verdict": "Accept", "reason": "looked at it"}, {"micrograph": "b", "verdict": "doubtful"}]
    (tmp_path / "mine.json").write_text(json.dumps(rows))
    found = read_overrides(tmp_path / "mine.json", (), ("c",), ["a", "b", "c"])
    assert found == {"a": Override("good", "looked at it"), "b": Override("doubtful"), "c": Override("bad")}
    (tmp_path / "mine.csv").write_text("\ufeffMicrograph, Verdict\na, bad\n", encoding="utf-8")
    assert read_overrides(tmp_path / "mine.csv", (), (), ["a"]) == {"a": Override("bad")}


def test_files_that_are_no_fits_are_refused(here: Project, session: list[Path], tmp_path: Path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="must be the JSON files of estimate-ctf"):
        here.do("assess", micrographs=session, fits=tmp_path / "a.json", **ASKED)
