"""What the page may read: the project's jobs, and no file outside the project by any way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import toy_jobs

from vitreous.errors import InputError
from vitreous.pipeline.project import Project
from vitreous.web.project_view import Outside, ProjectView


@pytest.fixture
def view(project: Project) -> ProjectView:
    return ProjectView(project.store.folder, toy_jobs.registry())


def test_files_of_the_project_are_found_by_relative_and_whole_paths(view: ProjectView) -> None:
    assert view.inside("final/summary.json").name == "summary.json"
    assert view.inside(view.folder / "final" / "summary.json") == view.inside("final/summary.json")
    assert view.inside(".") == view.root


def test_no_way_leads_out(view: ProjectView, outside: Path) -> None:
    link = view.folder / "way-out"
    deeper = view.folder / "folder-out"
    if not link.is_symlink():
        os.symlink(outside, link)
        os.symlink(outside.parent, deeper)
    for path in ("../secret.txt", str(outside), "jobs/../../secret.txt", link, "way-out", "folder-out/secret.txt", "/etc/passwd", "no such",
                 "a\0b", "x" * 300):  # fmt: skip
        with pytest.raises(Outside):
            view.inside(path)


def test_a_neighbour_with_a_longer_name_is_outside(view: ProjectView) -> None:
    neighbour = view.folder.with_name(view.folder.name + "2")
    neighbour.mkdir(exist_ok=True)
    with pytest.raises(Outside):
        view.inside(f"../{neighbour.name}")


def test_a_project_reached_by_a_link_is_read(project: Project, tmp_path: Path) -> None:
    os.symlink(project.store.folder, tmp_path / "P")
    linked = ProjectView(tmp_path / "P", toy_jobs.registry())
    assert linked.inside("project.toml").is_file()


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"project\.toml"):
        ProjectView(tmp_path, toy_jobs.registry())
    assert not list(tmp_path.iterdir())


def test_records_are_read_again_only_when_they_changed(view: ProjectView, monkeypatch: pytest.MonkeyPatch) -> None:
    first = view.records()
    read = []
    from vitreous.web import project_view

    monkeypatch.setattr(project_view, "read_record", lambda folder: read.append(folder.name) or first[0])
    assert view.records() == first
    assert not read
    path = first[0].folder / "job.json"
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    view.records()
    assert read == [first[0].job]


def test_the_latest_file_of_a_port_and_what_is_absent(view: ProjectView) -> None:
    assert view.latest("walk", "walk") == view.folder / "jobs" / "0002-walk" / "outputs" / "walk.json"
    assert view.latest("walk", "extra") is None
    assert view.latest("fail", "result") is None
    assert view.latest("no such", "walk") is None
    assert view.record("0003-fail").status == "failed"  # type: ignore[union-attr]
    assert view.record("0099-fail") is None
