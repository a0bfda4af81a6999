"""Coarser grids for the checks of particles: enough for images of 40 pixels, and a tenth of the work."""

from __future__ import annotations

from importlib import import_module

import pytest

STAGE = "vitreous.stages.particle_checks"


def coarsen(monkeypatch: pytest.MonkeyPatch, aligned: int) -> None:
    """Directions 15° apart, and alignability of ``aligned`` images only."""
    found, again = import_module(f"{STAGE}.alignability"), import_module(f"{STAGE}.search_again")
    monkeypatch.setattr(found, "NSIDE", 4)
    monkeypatch.setattr(found, "TURNS", 24)
    monkeypatch.setattr(again, "STEP_DEG", 15.0)
    monkeypatch.setattr(again, "REACH", 4.0)
    monkeypatch.setattr(import_module(f"{STAGE}.checks"), "MOST_ALIGNED", aligned)
