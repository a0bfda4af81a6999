"""What is begun when the page's server starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_project import make_project

from vitreous.jobs.registry import registry
from vitreous.web import ahead, columns
from vitreous.web.columns import ColumnCache, Columns, cache_of
from vitreous.web.picks import pick_lists
from vitreous.web.project_view import ProjectView
from vitreous.web.view_directions import kept_texture, lists_of_views


def test_long_lists_are_read_and_directions_counted_before_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns, "LONG", 100)
    monkeypatch.setattr(ahead, "LONG", 100)
    project = ProjectView(make_project(tmp_path / "toy"), registry())
    ahead.begin(project).join(60)
    monkeypatch.setattr(ColumnCache, "ask", lambda self, path: pytest.fail("not read") if not list(self._place(path).glob("columns.json"))
                        else Columns.open(self._place(path)))  # fmt: skip
    for kind in ("coordinates", "particles"):
        first = next(each for each in pick_lists(project) if each.kind == kind)
        assert cache_of(project.cache).ask(project.inside(first.file)).count > 0
    assert list((project.cache / "directions").glob("*.f4")) == [kept_texture(project, lists_of_views(project)[0])]


def test_a_list_that_cannot_be_read_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    project = ProjectView(make_project(tmp_path / "toy"), registry())
    for each in pick_lists(project):
        project.inside(each.file).write_text("no list")
    ahead.ahead(project)
