"""Tiny movies, micrographs and projects for the tests of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_images import OPTICS, PIXEL, counts, micrograph

from vitreous.io.mrc import write_image
from vitreous.io.tiff_write import write_movie_tiff
from vitreous.jobs.projects import project
from vitreous.pipeline.project import Project


@pytest.fixture
def here(tmp_path: Path) -> Project:
    return project(tmp_path / "project")


@pytest.fixture
def movies(tmp_path: Path) -> list[Path]:
    """Three good movies of 256 x 256 x 6."""
    paths = [tmp_path / "raw" / f"m{k}.tif" for k in range(3)]
    for seed, path in enumerate(paths):
        write_movie_tiff(path, counts(seed), pixel_size=PIXEL)
    return paths


@pytest.fixture
def micrographs(tmp_path: Path) -> list[Path]:
    """Two micrographs without particles, their pixel size in the header."""
    paths = [tmp_path / "sums" / f"s{k}.mrc" for k in range(2)]
    for seed, path in enumerate(paths):
        write_image(path, micrograph(seed), OPTICS.pixel_size)
    return paths
