"""Particles of known classes, made once."""

from __future__ import annotations

import pytest
from lobed_particles import Known, make_known, particle


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """800 particles, half of them without the lobe."""
    return make_known(tmp_path_factory.mktemp("two"), [particle(0), particle(None)], [0.5, 0.5], 800, 0.3)


@pytest.fixture(scope="session")
def four(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """1 600 particles of four kinds."""
    kinds = [particle(None), *(particle(k) for k in range(3))]
    return make_known(tmp_path_factory.mktemp("four"), kinds, [0.43, 0.24, 0.23, 0.10], 1600, 0.4)
