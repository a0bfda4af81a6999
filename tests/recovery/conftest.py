"""Sets of particles with known truth, small enough to be refined in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vitreous.data.optics import Optics
from vitreous.jobs.projects import project
from vitreous.pipeline.project import Project
from vitreous.simulate.dataset import Dataset, DatasetSettings, draw_dataset, write_dataset
from vitreous.simulate.snr import ShellSnr
from vitreous.simulate.specimens import Specimen, specimen

#: Signal and noise are equal at 30 Å.
SNR = ShellSnr(points=((60.0, 3.0), (30.0, 1.0), (10.0, 0.1)))


@pytest.fixture(scope="session")
def head() -> Specimen:
    """A specimen without symmetry, 177 Å long."""
    return specimen("ribosome head")


@pytest.fixture
def here(tmp_path: Path) -> Project:
    return project(tmp_path / "project", seed=1)


@pytest.fixture
def make(tmp_path: Path, head: Specimen) -> Callable[..., tuple[Path, Dataset]]:
    """Write particles of 32 px at 7.5 Å and give their list and their truth."""

    def made(count: int, *, what: Specimen = head, rotation: np.ndarray | None = None, **changes: object) -> tuple[Path, Dataset]:
        settings = DatasetSettings(particles=count, size=32, optics=Optics(pixel_size=7.5), snr=SNR, micrographs=4, seed=3)
        dataset = draw_dataset(what, replace(settings, **changes))
        if rotation is not None:
            dataset = replace(dataset, particles=dataset.particles.with_(rotation=rotation))
        return write_dataset(tmp_path / "data", dataset), dataset

    return made
