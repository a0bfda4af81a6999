"""A project with toy jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_jobs

from vitreous.pipeline.project import Project


@pytest.fixture
def texts(tmp_path: Path) -> list[Path]:
    """Three texts; the letter e is in them 1, 2 and 5 times."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in {"a": "One, ", "b": "two, thrEE ", "c": "eleven, seven"}.items():
        (folder / f"{name}.txt").write_text(text)
    return sorted(folder.iterdir())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project that knows the toys."""
    return Project(tmp_path / "P", toy_jobs.registry())
