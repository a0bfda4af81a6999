"""Projects: work is done once, what is broken is set aside, and what fails says why."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import toy_jobs

from vitreous.errors import Cancelled, InputError, JobError
from vitreous.pipeline import digests
from vitreous.pipeline.project import Project
from vitreous.pipeline.record import Record
from vitreous.pipeline.request import Settings
from vitreous.pipeline.store import Store
from vitreous.pipeline.watcher import Unwatched
from vitreous.runtime.files import read_json
from vitreous.runtime.progress import Progress


class Heard(Unwatched):
    """A watcher that remembers which jobs were started, and may do something at an event."""

    def __init__(self, at: Callable[[Progress], None] = lambda event: None) -> None:
        self.names: list[str] = []
        self.at = at

    def started(self, record: Record) -> None:
        self.names.append(record.job)

    def progress(self, record: Record, event: Progress) -> None:
        self.at(event)


def test_a_job_leaves_a_folder_to_read(project: Project, texts: list[Path]) -> None:
    record = project.do("count-letters", texts=texts)
    assert record.folder == project.store.folder / "jobs" / "0001-count-letters"
    assert sorted(path.name for path in record.folder.iterdir()) == ["job.json", "log.jsonl", "outputs", "state"]
    assert read_json(record["counts"]) == {"a.txt": 1, "b.txt": 2, "c.txt": 5}
    assert [path.name for path in record.files("each")] == ["a.count", "b.count", "c.count"]
    told = json.loads((record.folder / "job.json").read_text())
    assert told["status"] == "done"
    assert told["figures"] == {"letters": 8}
    assert told["stop"] == "Every text was read."
    assert {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "versions", "host", "device"} <= set(told["used"])
    assert told["used"]["peak_memory_bytes"] > 10**6


def test_names_inside_files_are_those_after_the_rename(project: Project, texts: list[Path]) -> None:
    record = project.do("count-letters", texts=texts)
    names = read_json(record.folder / "outputs" / "names.json")
    assert names[0] == "jobs/0001-count-letters/outputs/a.count"
    assert all((project.store.folder / name).is_file() for name in names)


def test_the_same_work_is_not_done_twice(project: Project, texts: list[Path]) -> None:
    project.watcher = heard = Heard()
    first = project.do("count-letters", texts=texts)
    assert project.do("count-letters", texts=[str(texts[0].parent / "*.txt")]).job == first.job
    assert heard.names == ["0001-count-letters"]


@pytest.mark.parametrize("changed", ["params", "seed", "file", "code"])
def test_other_work_is_done(project: Project, texts: list[Path], changed: str) -> None:
    first = project.do("count-letters", texts=texts)
    values = {"params": {"letter": "n"}, "seed": {"seed": 1}}.get(changed, {})
    if changed == "file":
        texts[0].write_text("Two, ")
    if changed == "code":
        project.registry.jobs["count-letters"] = replace(toy_jobs.COUNT, code="2")
    second = project.do("count-letters", texts=texts, **values)
    assert second.job == "0002-count-letters"
    assert second.key != first.key


def test_a_result_whose_file_was_taken_away_is_made_again(project: Project, texts: list[Path]) -> None:
    project.do("count-letters", texts=texts)["counts"].unlink()
    assert project.do("count-letters", texts=texts).job == "0002-count-letters"


def test_a_missing_input_is_the_latest_of_its_kind(project: Project, texts: list[Path]) -> None:
    with pytest.raises(InputError, match=r"counts must be given: .* holds no counts yet. Try: --counts FILE, or vitreous count"):
        project.do("walk")
    project.do("count-letters", texts=texts[:1])
    project.do("count-letters", texts=texts)
    record = project.do("walk")
    assert record.inputs["counts"]["job"] == "0002-count-letters"
    assert "map" not in record.inputs
    named = project.do("walk", counts=project.store.job("0001-count-letters")["counts"])
    assert named.inputs["counts"]["job"] == "0001-count-letters"


def test_one_broken_item_does_not_stop_the_rest(project: Project, texts: list[Path]) -> None:
    texts[1].write_text("spoilt")
    record = project.do("count-letters", texts=texts)
    assert read_json(record["counts"]) == {"a.txt": 1, "c.txt": 5}
    assert [item["item"] for item in record.quarantine] == ["b.txt"]
    assert "holds a spoilt word" in record.quarantine[0]["reason"]


def test_nothing_but_broken_items_is_bad_input(project: Project, texts: list[Path]) -> None:
    texts[0].write_text("spoilt")
    with pytest.raises(InputError, match=r"count: none of 1 could be used; the first, a.txt: .*spoilt word"):
        project.do("count-letters", texts=texts[:1])
    (waiting,) = project.store.records()
    assert waiting.status == "failed"
    assert "spoilt word" in waiting.cause


def test_what_a_failed_job_set_aside_is_tried_again(project: Project, texts: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError("a fault that will be mended.")

    with monkeypatch.context() as faulty:
        faulty.setattr(toy_jobs, "count_one", refuse)
        with pytest.raises(InputError, match="a fault that will be mended"):
            project.do("count-letters", texts=texts)
    assert read_json(project.do("count-letters", texts=texts)["counts"]) == {"a.txt": 1, "b.txt": 2, "c.txt": 5}
    assert [record.job for record in project.store.records()] == ["0001-count-letters"]


def test_two_files_of_one_name_are_refused(project: Project, texts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("other")
    with pytest.raises(InputError, match=r"items of count must have different names; got 'a.txt' more than once"):
        project.do("count-letters", texts=[texts[0], tmp_path / "a.txt"])


def test_processes_give_the_same_as_one(project: Project, texts: list[Path], tmp_path: Path) -> None:
    texts[1].write_text("spoilt")
    one = project.do("count-letters", texts=texts)
    several = Project(tmp_path / "Q", toy_jobs.registry(), settings=Settings(executor="local:2")).do("count-letters", texts=texts)
    assert one.key == several.key
    assert one.quarantine == several.quarantine
    assert one["counts"].read_bytes() == several["counts"].read_bytes()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("bug", "job 0001-fail failed: ZeroDivisionError: division by zero"),
        ("nothing", r"it ended without its output result \(result.json\)"),
        ("running name", r"result.json names the running folder; such names come from context.name"),
        ("disk", r"the disk of .* is full. Try: make room, then vitreous resume"),
    ],
)
def test_a_failure_says_why_and_leaves_nothing_that_looks_finished(project: Project, way: str, said: str) -> None:
    with pytest.raises(JobError, match=said):
        project.do("fail", way=way)
    assert [folder.name for folder in project.store.jobs.iterdir()] == [".0001-fail.running"]
    (record,) = project.store.records()
    assert record.status == "failed"
    assert project.store.latest("fail") is None
    assert (record.folder / "traceback.txt").exists()


def test_a_full_disk_takes_half_written_results_with_it_and_keeps_the_state(
    project: Project, texts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = toy_jobs.write_json

    def no_room(path: Path, value: object) -> None:
        whole(path, value)
        if path.name == "counts.json":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(toy_jobs, "write_json", no_room)
    with pytest.raises(JobError, match="is full"):
        project.do("count-letters", texts=texts)
    (waiting,) = project.store.records()
    assert sorted(path.name for path in (waiting.folder / "outputs").iterdir()) == ["a.count", "b.count", "c.count"]
    monkeypatch.setattr(toy_jobs, "write_json", whole)
    for text in waiting.folder.glob("outputs/*.count"):
        text.write_text("left alone, since its item is finished")
    record = project.resume().records["count-letters"]
    assert record.job == "0001-count-letters"
    assert record.figures == {"letters": 8}
    assert {path.read_text() for path in record.files("each")} == {"left alone, since its item is finished"}


def test_cancelling_keeps_what_is_finished(project: Project, texts: list[Path]) -> None:
    project.do("count-letters", texts=texts)
    project.cancel = stop = threading.Event()
    project.watcher = Heard(lambda event: stop.set() if event.step == "walk" and event.done == 3 else None)
    with pytest.raises(Cancelled, match=r"0002-walk was stopped; what it finished is kept. Try: vitreous resume"):
        project.do("walk")
    waiting = project.store.records()[-1]
    assert waiting.status == "cancelled"
    assert read_json(waiting.folder / "state" / "walk.json")["step"] == 3
    project.cancel, project.watcher = threading.Event(), Heard()
    assert project.resume().records["walk"].job == "0002-walk"


def test_ctrl_c_is_a_cancelled_job(project: Project) -> None:
    with pytest.raises(Cancelled, match="0001-fail was stopped"):
        project.do("fail", way="stop")
    assert project.store.records()[0].status == "cancelled"


def test_a_recipe_ends_in_the_final_folder(project: Project, texts: list[Path]) -> None:
    finished = project.run("toy-run", texts=texts, steps=4)
    assert finished.final == project.store.folder / "final"
    assert read_json(finished.final / "walk.json")["step"] == 4
    assert read_json(finished.final / "summary.json") == finished.figures
    again = project.run("toy-run", texts=texts, steps=6)
    assert read_json(again.final / "walk.json")["step"] == 6
    assert [record.job for record in project.store.records()] == ["0001-count-letters", "0002-walk", "0003-walk"]
    assert not list(project.store.folder.glob(".final*"))


def test_a_recipe_can_be_cut(project: Project, texts: list[Path]) -> None:
    part = project.run("toy-run", texts=texts, until="count")
    assert list(part.records) == ["count"]
    assert part.final is None
    texts[0].write_text("changed, but taken as it was")
    whole = project.run("toy-run", texts=texts, start="walk")
    assert [record.job for record in whole.records.values()] == ["0001-count-letters", "0002-walk"]
    assert whole.final


def test_the_plan_knows_what_is_done(project: Project, texts: list[Path]) -> None:
    request = project.request("toy-run", {"texts": texts})
    plan = project.plan(request)
    assert [each.done for each in plan] == ["", ""]
    assert [each.estimate.seconds for each in plan if each.estimate] == [pytest.approx(0.3), 1]
    project.run("toy-run", texts=texts, until="count")
    assert [each.done for each in project.plan(request)] == ["0001-count-letters", ""]


def test_resume_uses_the_means_of_the_first_time(tmp_path: Path, texts: list[Path]) -> None:
    first = Project(tmp_path / "P", toy_jobs.registry(), settings=Settings(seed=7, memory=12345, executor="local:2"))
    first.do("count-letters", texts=texts)
    told = read_json(first.store.folder / "recipe.json")
    assert told["settings"] == {"seed": 7, "device": "auto", "memory": 12345, "executor": "local:2"}
    later = Project(first.store.folder, toy_jobs.registry())
    assert later.resume().records["count-letters"].job == "0001-count-letters"


def test_projects_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a Vitreous project"):
        Store(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"must hold a recipe.json to go on with"):
        Project(tmp_path / "P", toy_jobs.registry()).resume()


def test_inputs_that_are_not_there_or_too_many(project: Project, texts: list[Path]) -> None:
    with pytest.raises(InputError, match="texts must name files that exist"):
        project.do("count-letters", texts="nothing*.txt")
    with pytest.raises(InputError, match=r"'text' is no input or parameter of count-letters. Did you mean 'texts'"):
        project.do("count-letters", text=texts)
    with pytest.raises(InputError, match="counts must be one file; got 3"):
        project.do("walk", counts=texts)
    with pytest.raises(InputError, match="executor must be local, local:N"):
        Project(project.store.folder, toy_jobs.registry(), settings=Settings(executor="cloud")).do("walk", counts=texts[:1])


def test_digests_see_all_of_a_small_file_and_the_ends_of_a_large_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    monkeypatch.setattr(digests, "END", 10)

    def digest_of(data: bytes, time: int) -> str:
        path.write_bytes(data)
        os.utime(path, ns=(time, time))
        return digests.file_digest(str(path))

    plain, middle = b"a" * 100, b"a" * 50 + b"b" + b"a" * 49
    assert digest_of(plain, 1) == digest_of(plain, 2) != digest_of(middle, 1)
    monkeypatch.setattr(digests, "WHOLE", 99)
    assert digest_of(plain, 1) != digest_of(plain, 2)
    assert len({digest_of(data, 1) for data in (plain, b"b" + plain[1:], plain[1:] + b"b", plain + b"a")}) == 4
