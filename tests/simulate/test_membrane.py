"""The membrane phantom: a ring where it should be, another in every particle, and a core that is the same in all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.simulate.dataset import DatasetSettings, draw_dataset
from vitreous.simulate.membrane import Micelle, draw_membrane, membrane_core
from vitreous.simulate.snr import ShellSnr

SETTINGS = DatasetSettings(particles=12, size=32, optics=Optics(pixel_size=6.0), snr=ShellSnr(), micrographs=2, seed=4)


def test_lumps_fill_their_ring() -> None:
    micelle = Micelle(inner=20.0, outer=50.0, height=30.0, lumps=4000)
    ring = micelle.draw(np.random.default_rng(1), scattering=7.0)
    radius, z = np.hypot(*ring.positions.T[:2]), ring.positions[:, 2]
    assert (((radius - 35) / 15) ** 2 + (z / 15) ** 2 <= 1 + 1e-9).all()
    assert ring.weights.sum() == pytest.approx(7.0)
    # an ellipse filled evenly: the variance along an axis is a quarter of the half axis squared, here to 4 standard errors
    assert z.var() == pytest.approx(15**2 / 4, rel=0.08)
    assert np.abs(ring.positions.mean(0)).max() < 4 * 35 / np.sqrt(2 * 4000)


def test_core_fits_into_the_ring() -> None:
    core = membrane_core()
    assert 80 < core.mass < 110
    assert np.hypot(*core.positions.T[:2]).max() < 30


def test_without_weight_there_is_only_the_core() -> None:
    core = membrane_core()
    bare, plain = draw_membrane(SETTINGS, core=core, micelle=Micelle(weight=0)), draw_dataset(core, SETTINGS)
    assert torch.allclose(bare.signal(0, 12), plain.signal(0, 12), atol=1e-6)


def test_every_particle_has_its_own_ring_and_keeps_it() -> None:
    dataset = draw_membrane(SETTINGS)
    one_view = np.repeat(dataset.particles.rotation[:1], 12, 0)
    one_place = dataset.particles.with_(rotation=one_view, shift=np.zeros((12, 2)), defocus=np.repeat(dataset.particles.defocus[:1], 12, 0))
    same = replace(dataset, particles=one_place)
    seen = same.signal(0, 12)
    assert torch.allclose(seen[3:5], same.signal(3, 5), atol=1e-5)
    core = draw_dataset(membrane_core(), SETTINGS)
    rings = seen - replace(core, particles=one_place).signal(0, 12)
    spread, mean = (rings - rings.mean(0)).var(), rings.mean(0).var()
    # N lumps at random: grains of single images do not average to the ring; both are there
    assert float(spread) > 0.05 * float(mean) > 0


@pytest.mark.parametrize("wrong", [{"inner": 60.0}, {"height": 0.0}, {"lumps": 0}, {"weight": -1.0}, {"sigma": -1.0}])
def test_rings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Micelle(**wrong)
