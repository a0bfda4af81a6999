"""Every result can say how to repeat it and whom to cite."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_jobs

import vitreous as vt
from vitreous.errors import InputError
from vitreous.pipeline.project import Project
from vitreous.pipeline.provenance import citations
from vitreous.pipeline.script import as_script


def test_the_script_repeats_the_result(
    project: Project, texts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.do("count-letters", texts=texts, letter="n")
    project.do("count-letters", texts=texts)
    walked = project.do("walk", seed=3, start=None, turns=[90.0])
    script = as_script(project.store, "3")
    assert "count_letters_1" not in script
    assert 'counts=count_letters_2["counts"]' in script
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vitreous.jobs.projects.registry", toy_jobs.registry)
    repeated: dict = {}
    exec(compile(script, "repeat.py", "exec"), repeated)
    again = repeated["walk_3"]
    assert again.folder == tmp_path / "repeated" / "jobs" / "0002-walk"
    assert again["walk"].read_bytes() == walked["walk"].read_bytes()
    assert compile(as_script(project.store), "all.py", "exec")


def test_there_must_be_something_to_repeat(project: Project, texts: list[Path]) -> None:
    with pytest.raises(InputError, match="must hold a finished job to repeat"):
        as_script(project.store)
    project.do("count-letters", texts=texts)
    with pytest.raises(InputError, match="job must be a finished one: 0001-count-letters; got '2'"):
        as_script(project.store, "2")


def test_papers_are_named_once_with_the_jobs_that_used_them(project: Project, texts: list[Path]) -> None:
    project.do("count-letters", texts=texts)
    project.do("walk")
    used = citations(project.store.records(), project.registry)
    assert vt.__version__ in next(iter(used))
    assert used["Shannon, Bell Syst. Tech. J. 27, 379 (1948)."] == ["0001-count-letters", "0002-walk"]
    assert used["Pearson, Nature 72, 294 (1905)."] == ["0002-walk"]
