"""One small project, one server and one browser for all tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_project import make_project
from system_browser import browsing, chromium, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need a browser; one worker has it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium; the test is skipped where there is none."""
    executable = chromium()
    if executable is None:
        pytest.skip("no Chromium on this system, or the extra test-ui is not installed")
    with browsing(executable) as opened:
        yield opened


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up project."""
    return make_project(tmp_path_factory.mktemp("web") / "toy")


@pytest.fixture(scope="session")
def address(project: Path) -> Iterator[str]:
    """Where the project is served."""
    with serving(project) as found:
        yield found
