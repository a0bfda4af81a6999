"""A project with toy jobs, and its page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy_jobs
from web_site import Site, served

from vitreous.pipeline.project import Project
from vitreous.web import work
from vitreous.web.app import create_app

TOKEN = "a-secret_0123456789"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which toys counted and walked, and one failed; beside it lies a file that is none of its business."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "secret.txt").write_text("none of your business")
    for name, text in {"a": "One", "b": "eleven, seven", "c": "spoilt"}.items():
        (folder / f"{name}.txt").write_text(text)
    made = Project(folder / "P", toy_jobs.registry())
    made.run("toy-run", texts=[str(folder / f"{name}.txt") for name in "abc"], steps=4)
    with pytest.raises(Exception, match="division"):
        made.do("fail", way="bug")
    return made


@pytest.fixture(scope="module")
def site(project: Project) -> Iterator[Site]:
    """Its page, entered; jobs started there are toys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "PROGRAM", (sys.executable, toy_jobs.__file__))
        with served(create_app(project.store.folder, toy_jobs.registry(), token=TOKEN, learn=False), TOKEN) as made:
            made.enter()
            yield made


@pytest.fixture
def outside(project: Project) -> Path:
    """A file beside the project."""
    return project.store.folder.parent / "secret.txt"
