"""The same movies and micrographs on every executor: the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from vitreous.jobs.projects import project

ASKED = {"voltage": 300.0, "cs": 2.7}


def results(folder: Path, executor: str, movies: list[Path], micrographs: list[Path]) -> dict[str, bytes]:
    """Every byte of the outputs of two jobs, by name; one of the movies cannot be read."""
    made = project(folder, executor=executor)
    aligned = made.do("align-movies", movies=movies, dose=1.3, **ASKED)
    fitted = made.do("estimate-ctf", micrographs=micrographs, **ASKED)
    assert [each["item"] for each in aligned.quarantine] == ["torn"]
    outputs = [path for record in (aligned, fitted) for path in (record.folder / "outputs").rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in outputs}


@pytest.mark.long
@pytest.mark.parametrize("executor", ["local:2", "dask:2"])
def test_outputs_do_not_depend_on_the_executor(executor: str, movies: list[Path], micrographs: list[Path], tmp_path: Path) -> None:
    torn = movies[0].with_name("torn.tif")
    torn.write_bytes(movies[0].read_bytes()[:500])
    here = results(tmp_path / "here", "local", [*movies, torn], micrographs)
    there = results(tmp_path / "there", executor, [*movies, torn], micrographs)
    assert len(here) > 10
    assert there.keys() == here.keys()
    assert [name for name in here if there[name] != here[name]] == []
