"""Half-maps of a molecule."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from known_maps import noisy, ribosome

from vitreous.data.volume import Volume

Halves = Callable[..., tuple[Volume, Volume]]


@pytest.fixture
def halves(generator: torch.Generator) -> Halves:
    """Halves of the head of the ribosome's small subunit, 64 voxels of 3 Å, noise ``ratio`` times the signal."""
    return lambda ratio=2.0, b_factor=200.0: noisy(ribosome(64, 3.0, b_factor), ratio, generator)
