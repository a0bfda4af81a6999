"""REF-07: defocus of particles on a tilted specimen, of micrographs, and none planted."""

from __future__ import annotations

import numpy as np
import pytest

from vitreous.physics.defocus import components, from_components
from vitreous.stages.optics.defocus import micrograph_defocus, particle_defocus


def moved(table, change):
    return table.with_(defocus=from_components(components(table.defocus) + change, table.defocus[:, 3]))


def test_planes_of_a_tilted_specimen(simulated, posed):
    """Tilted by 30°, every particle given its micrograph's mean: the planes come back to 100 Å, the particles to their sigma."""
    table = simulated(tilt_deg=30.0, height=50.0, defocus=(12000.0, 20000.0))
    true = components(table.defocus)[:, 0]
    mean = np.array([true[table.micrograph_index == m].mean() for m in range(10)])[table.micrograph_index]
    found = particle_defocus(posed(moved(table, np.outer(mean - true, [1, 0, 0]))))
    error = mean + found.change[:, 0] - true
    assert (mean - true).std() > 600, "there is something to find"
    assert error.std() < 100
    assert (error / found.sigma).std() == pytest.approx(1.0, abs=0.3)
    for m in range(10):
        rows = table.micrograph_index == m
        plane = np.concatenate([np.ones((rows.sum(), 1)), table.coordinate[rows]], 1)
        fitted = plane @ np.linalg.lstsq(plane, error[rows], rcond=None)[0]
        assert np.sqrt((fitted**2).mean()) < 100


def test_particles_that_are_right_stay(simulated, posed):
    """Alone a particle of these would wander by 27 Å; the common prior knows that they do not scatter."""
    found = particle_defocus(posed(simulated(seed=3)))
    assert found.change[:, 0].std() < 15
    assert found.spread < 30


def test_micrographs_and_their_astigmatism(simulated, posed):
    """250 Å of defocus and 60 Å of astigmatism r.m.s. are found to 20 Å, four times the stated uncertainty."""
    table = simulated(height=0.0)
    change = np.random.default_rng(0).normal(size=(10, 3)) * [250, 60, 60]
    found = micrograph_defocus(posed(moved(table, -change[table.micrograph_index])), astigmatism=True)
    assert np.abs(found.change - change[table.micrograph_index]).max() < 20
    assert found.sigma.max() < 10
    assert micrograph_defocus(posed(moved(table, -change[table.micrograph_index])), astigmatism=False).change[:, 1:].any() == 0


@pytest.mark.long
def test_micrographs_that_are_right_stay(simulated, posed):
    found = micrograph_defocus(posed(simulated(seed=4)), astigmatism=True)
    assert np.abs(found.change).max() < 15
