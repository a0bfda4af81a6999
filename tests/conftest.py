"""What all tests share: where recorded images are, and one thread a process so that parallel tests do not fight."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads leave the cores to the other tests; read when torch is loaded

import numba
import pytest
import torch

numba.set_num_threads(1)
torch.set_num_threads(1)
MAIN = sys.modules["__main__"]
REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """Lessons that are served within a test leave themselves as ``__main__``, of which no process can be started."""
    sys.modules["__main__"] = MAIN
    yield
    sys.modules["__main__"] = MAIN


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of recorded images; the test is skipped, saying why, where it is absent."""
    folder = Path(os.environ.get("VITREOUS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "micrographs").is_dir():
        pytest.skip(f"recorded images are not here: {folder} (set VITREOUS_REAL_DATA)")
    return folder


@pytest.fixture(params=[0, 1])
def generator(request: pytest.FixtureRequest) -> torch.Generator:
    """Two seeded generators: a test that holds for one seed only is luck."""
    return torch.Generator().manual_seed(request.param)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The second seed of costly tests is for the long run; the longest tests come first, so that no worker ends alone with one."""
    for item in items:
        seeded = getattr(item, "callspec", None)
        if seeded and seeded.params.get("generator") == 1 and item.get_closest_marker("costly"):
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: "resume" not in item.path.parts)
