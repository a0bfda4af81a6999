"""The end of a run, on tiny jobs made by hand: which files it leaves, which numbers, and a page that asks nothing of anybody."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vitreous.cli import answer
from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import write_stack
from vitreous.jobs.recipes.finish import finish
from vitreous.jobs.report.page import command
from vitreous.jobs.report.run import Run, table_columns
from vitreous.jobs.report.words import clock, minutes, number, some, thousands
from vitreous.numerics.filters import low_pass, soft_disc
from vitreous.numerics.rotations import random_rotations
from vitreous.pipeline.project import Finished, Project
from vitreous.pipeline.record import Record
from vitreous.runtime.files import write_json, write_text

SIZE, PIXEL, COUNT = 32, 4.0, 24
USED = {"wall_seconds": 2.5, "cpu_seconds": 4.0, "peak_memory_bytes": 3 * 10**8, "started": 1.7e9, "versions": {"vitreous": "0.1"}}
EVIL = "<script>alert(1)</script> movie"
NUMBERS = {
    "resolution_angstrom", "resolution_interval_angstrom", "b_factor_angstrom2", "particle_count", "symmetry", "pixel_size_angstrom",
    "wall_seconds", "cpu_seconds", "peak_memory_bytes", "warnings", "quarantined",
}  # fmt: skip


def record(project: Path, number: int, kind: str, outputs: dict[str, list[str]], *, stage: str = "", **told: Any) -> Record:
    name = f"{number:04d}-{kind}"
    files = {port: [f"outputs/{file}" for file in names] for port, names in outputs.items()}
    made = Record(job=name, type=kind, stage=stage or kind, code="1", key=name, seed=3, inputs={}, status="done", outputs=files,
                  used=USED, folder=project / "jobs" / name, **({"params": {}} | told))  # fmt: skip
    made.save()
    return made


def half_maps() -> tuple[Volume, Volume]:
    generator = torch.Generator().manual_seed(5)
    lumps = low_pass(torch.randn(SIZE, SIZE, SIZE, generator=generator), 14.0, PIXEL, axes=3) + 0.4
    body = lumps * soft_disc((SIZE,) * 3, 9, 3)
    noise = [0.5 * body.std() * torch.randn(SIZE, SIZE, SIZE, generator=generator) for _ in range(2)]
    return Volume(body + noise[0], PIXEL), Volume(body + noise[1], PIXEL)


def refined(project: Path) -> Record:
    """A refinement: maps and particles as that job leaves them."""
    made = record(project, 3, "refine", {"map": ["map.mrc"], "half1": ["half1.mrc"], "half2": ["half2.mrc"],
                  "particles": ["particles.star"], "fsc": ["fsc.csv"]}, params={"diameter": 70.0}, stop="Nothing changed any more.",
                  figures={"particle_count": COUNT, "symmetry": "C1", "pose_sigma_deg": 1.5, "resolution_angstrom": 12.0})  # fmt: skip
    folder = made.folder / "outputs"
    for name, half in zip(("half1", "half2"), half_maps()):
        write_volume(folder / f"{name}.mrc", half)
    write_volume(folder / "map.mrc", half_maps()[0])
    write_text(folder / "fsc.csv", "frequency [1/Å],FSC [1]\n0,1\n0.1,0.5\n")
    stack = project / "jobs" / "0001-extract" / "outputs" / "particles.mrcs"
    write_stack(stack, np.zeros((COUNT, 8, 8), np.float32), PIXEL)
    particles = Particles(
        optics=(Optics(pixel_size=PIXEL),), group=np.zeros(COUNT, np.int64), stack=(stack,), stack_index=np.zeros(COUNT, np.int64),
        slice_index=np.arange(COUNT), rotation=random_rotations(COUNT, torch.Generator().manual_seed(1)).numpy(),
        shift=np.zeros((COUNT, 2)), coordinate=np.arange(2.0 * COUNT).reshape(-1, 2), micrograph=("raw/m1.mrc",),
        micrograph_index=np.zeros(COUNT, np.int64),
    )  # fmt: skip
    write_particles(folder / "particles.star", particles, root=project)
    events = [{"time": 1.0, "step": "refine", "done": k, "total": 3, "figures": {"resolution_angstrom": 30.0 / k, "confidence": 0.5}}
              for k in (1, 2, 3)]  # fmt: skip
    write_text(made.folder / "log.jsonl", "".join(json.dumps(event) + "\n" for event in events))
    return made


def classified(project: Path, number: int, stage: str, count: int) -> Record:
    made = record(project, number, "classify2d", {"classes": ["classes.mrcs"], "verdicts": ["classes.json"]}, stage=stage,
                  figures={"particle_count": count}, warnings=[f"of {stage}: {EVIL}"])  # fmt: skip
    write_stack(made.folder / "outputs" / "classes.mrcs", np.random.default_rng(0).normal(size=(2, 12, 12)).astype(np.float32), PIXEL)
    rows = [{"class": k, "count": count // 2, "share": 0.5, "kept": k == 1, "reasons": [] if k == 1 else [f"empty {EVIL}"],
             "resolution_angstrom": 20.0 if k == 1 else None, "evidence": 1.0} for k in (1, 2)]  # fmt: skip
    write_json(made.folder / "outputs" / "classes.json", rows)
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "my <project>"


@pytest.fixture(scope="module")
def records(project: Path) -> dict[str, Record]:
    from vitreous.jobs.projects import project as opened

    work: Project = opened(project)
    done = refined(project)
    judged = work.do("postprocess", half1=done["half1"], half2=done["half2"])
    picked = record(project, 1, "pick", {}, figures={"particle_count": 30}, quarantine=[{"item": EVIL, "reason": "truncated"}])
    every = [picked, classified(project, 4, "classify", 40), classified(project, 5, "reclassify", 26), done, judged]
    return {each.stage: each for each in every}


@pytest.fixture(scope="module")
def final(project: Path, records: dict[str, Record]) -> tuple[Path, dict[str, Any]]:
    folder = project / ".final.part"
    folder.mkdir()
    return folder, finish(records, None, folder)


def test_the_folder_holds_the_products(final, records):
    folder, _ = final
    assert {path.name for path in folder.iterdir()} == {
        "map.mrc", "map_sharpened.mrc", "half1.mrc", "half2.mrc", "mask.mrc", "fsc.csv", "particles.star", "summary.json", "report.html",
    }  # fmt: skip
    assert torch.equal(read_volume(folder / "half2.mrc").values, half_maps()[1].values)
    assert (folder / "map.mrc").read_bytes() == records["postprocess"]["map"].read_bytes()


def test_particles_keep_their_names_and_images_are_found_from_the_project(final, project):
    folder, _ = final
    particles = read_particles(folder / "particles.star")
    assert particles.stack[0].samefile(project / "jobs" / "0001-extract" / "outputs" / "particles.mrcs")
    assert "@jobs/0001-extract/outputs/particles.mrcs" in (folder / "particles.star").read_text()
    assert particles.micrograph == ("raw/m1.mrc",)
    assert particles.coordinate[:, 0].tolist() == list(range(0, 2 * COUNT, 2))


def test_summary_is_strict_json_with_all_numbers(final, records):
    folder, returned = final
    told: Any = json.loads((folder / "summary.json").read_text(), parse_constant=pytest.fail)
    assert told == returned
    assert set(told) >= NUMBERS
    assert "truth" not in told
    finer, coarser = told["resolution_interval_angstrom"]
    assert 2 * PIXEL <= finer <= told["resolution_angstrom"] <= coarser
    assert told["b_factor_angstrom2"] > 500  # blobs fall off far faster than a molecule
    assert (told["particle_count"], told["symmetry"], told["pixel_size_angstrom"]) == (COUNT, "C1", PIXEL)
    judged = records["postprocess"].used
    # The jobs, and the writing of the report, which takes a few seconds.
    assert 0.5 < told["wall_seconds"] - (4 * 2.5 + judged["wall_seconds"]) < 600
    assert 0.5 < told["cpu_seconds"] - (4 * 4.0 + judged["cpu_seconds"]) < 120
    assert told["peak_memory_bytes"] >= max(3 * 10**8, judged["peak_memory_bytes"])
    assert told["quarantined"] == [{"item": EVIL, "reason": "truncated", "stage": "pick"}]
    assert any(EVIL in warning for warning in told["warnings"])


class Page(HTMLParser):
    """Collects what a browser would fetch or run, and the headings."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.headings: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside = tag
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_data(self, data: str) -> None:
        if self.inside == "h2" and data.strip():
            self.headings.append(data.strip())


def test_the_report_is_one_file_that_asks_nothing_of_anybody(final):
    text = (final[0] / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.addresses
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert not {"script", "link", "iframe", "object"} & page.tags
    assert "url(" not in text[text.index("<style>") : text.index("</style>")]
    assert len(text) < 6_000_000


def test_the_report_shows_the_stages_there_are_and_warns_first(final):
    text = (final[0] / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    shown = [heading for heading in page.headings if heading != "⚠"]
    wanted = ["Classes in two dimensions", "Refinement", "The map", "Resolution", "Time and memory", "Set aside", "How to do it again",
              "Whom to cite"]  # fmt: skip
    assert [heading for heading in shown if heading in wanted] == wanted
    assert not {"Motion", "Defocus", "First map", "Against the truth"} & set(shown)
    assert text.index("warnings") < text.index("Classes in two dimensions")
    assert "26 images were sorted into 2 classes" in text  # of the last round
    assert "40 images" not in text


def test_the_report_says_that_nothing_tells_the_hand_and_how_to_turn_the_map_over(final):
    text = (final[0] / "report.html").read_text(encoding="utf-8")
    assert "Projections cannot tell a particle from its mirror image" in text
    assert "vitreous convert final/map_sharpened.mrc --mirror" in text


def test_the_mirror_command_of_the_report_is_understood():
    from vitreous.cli.verbs import job_parser
    from vitreous.jobs.registry import registry

    given = vars(job_parser(registry().job("convert")).parse_args(["final/map_sharpened.mrc", "--mirror", "--out", "mirrored"]))
    assert given["mirror"] is True


def test_two_closing_lines(final, project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    folder, told = final
    monkeypatch.chdir(project)
    answer.finished(project, Finished({}, folder, told), as_json=False)
    first, second = capsys.readouterr().out.splitlines()
    assert re.match(r"map +\.final\.part/map_sharpened\.mrc +[\d.]+ Å \([\d.]+ to [\d.]+\), 24 particles$", first)
    assert re.match(r"report +\.final\.part/report\.html +\d+ warnings?, 1 input set aside$", second)


def test_a_run_that_ends_with_the_refinement(project, records, tmp_path):
    folder = project / ".other.part"
    folder.mkdir()
    told = finish({"refine": records["refine"]}, None, folder)
    assert told["resolution_angstrom"] is None
    assert "no resolution" in told["verdict"]
    assert not (folder / "map_sharpened.mrc").exists()
    assert (folder / "map.mrc").read_bytes() == records["refine"]["map"].read_bytes()
    assert (folder / "report.html").exists()


def test_where_the_refinement_claims_no_resolution_nothing_else_does(project, records):
    from dataclasses import replace

    from vitreous.jobs.report.sections_map import resolution_section
    from vitreous.jobs.report.summary import summarise

    lost = replace(records["refine"], figures={**records["refine"].figures, "resolution_angstrom": None})
    run = Run({"refine": lost, "postprocess": records["postprocess"]}, project)
    told = summarise(run, None, None)
    assert told["resolution_angstrom"] is None
    assert told["resolution_interval_angstrom"] is None
    section = resolution_section(run, None)
    assert "No resolution is claimed" in section.text
    assert dict(section.items[-1].rows)["Masked and corrected, FSC 0.143"] == "not determined"


def test_few_kept_particles_are_a_warning(project, records):
    from dataclasses import replace

    from vitreous.jobs.report.summary import final_warnings

    many = replace(records["pick"], figures={"particle_count": 1000})
    assert "Only 24 of 1000 picks" in final_warnings(Run({"pick": many, "refine": records["refine"]}, project), None)[0]
    assert final_warnings(Run(records, project), None) == []


def test_the_other_hand_than_that_of_a_first_map_made_here_is_no_warning(project, records):
    from dataclasses import replace

    from vitreous.jobs.report.summary import warnings
    from vitreous.stages.refine.judge import MIRRORED

    turned = replace(records["refine"], warnings=[MIRRORED.format(same=0.6, other=0.9), "another"])
    begun = {"initial-model": replace(records["refine"], type="initial-model", warnings=[])}
    assert len(warnings(Run({"refine": turned}, project))) == 2
    assert [each.endswith("another") for each in warnings(Run({**begun, "refine": turned}, project))] == [True]


def test_the_command_repeats_what_was_asked():
    asked = {"recipe": "run", "params": {"movies": ["raw/a b.tif", "raw/c.tif"], "gain": None, "diameter": 150.0, "repick": False},
             "settings": {"seed": 7}}  # fmt: skip
    wanted = "vitreous run --movies 'raw/a b.tif' raw/c.tif --diameter 150.0 --no-repick --seed 7 --project P"
    assert command(asked, Path("/x/P")) == wanted
    assert command({}, Path("P")) == ""


def test_a_table_is_read_by_its_headings(tmp_path: Path):
    write_text(tmp_path / "t.csv", "a,b\n1,2\n3,\n")
    table = table_columns(tmp_path / "t.csv")
    assert table["a"].tolist() == [1, 3]
    assert np.isnan(table["b"][1])


def test_words():
    assert [number(value) for value in (12.345, 0.04321, None, float("nan"), -3.0, 12345.6, 0.0)] == [
        "12.3", "0.0432", "–", "–", "−3.00", "12346", "0"]  # fmt: skip
    assert (thousands(4321), thousands(54321)) == ("4321", "54\u2009321")
    assert (some(1, "movie"), some(0, "class")) == ("1 movie", "0 classes")
    assert (clock(42), clock(135), clock(7260)) == ("42 s", "2 min 15 s", "2 h 1 min")
    assert (minutes(42), minutes(135), minutes(7260)) == (("42", "s"), ("2:15", "min"), ("2:01", "h"))
