"""Gains by place in a refinement: the core of particles in disordered micelles is found better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.inference.half_maps import split_halves
from vitreous.inference.load import Band, load_images
from vitreous.io.particles import read_particles
from vitreous.numerics.rotations import exponential, geodesic_deg
from vitreous.numerics.symmetry import symmetry
from vitreous.simulate.dataset import DatasetSettings, write_dataset
from vitreous.simulate.membrane import MembraneDataset, draw_membrane
from vitreous.simulate.snr import ShellSnr
from vitreous.stages.refine.iterate import refine
from vitreous.stages.refine.settings import RefineSettings

#: Signal and noise of the core are equal at 60 Å.
SNR = ShellSnr(points=((40.0, 0.6), (10.0, 0.06)))
PIXEL = 5.0


@pytest.fixture(scope="module")
def membrane(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MembraneDataset]:
    settings = DatasetSettings(particles=400, size=36, optics=Optics(pixel_size=PIXEL), snr=SNR, micrographs=4, shift=3.0, seed=5)
    dataset = draw_membrane(settings)
    return write_dataset(tmp_path_factory.mktemp("membrane"), dataset).with_name("truth.star"), dataset


def error(made: tuple[Path, MembraneDataset], regulariser: str) -> float:
    """Median error of poses, °, after four local passes from 5° about each axis off; each half's common turn taken away."""
    listed, dataset = made
    truth = read_particles(listed)
    right = torch.from_numpy(truth.rotation)
    turn = exponential(torch.from_numpy(np.radians(5.0) * np.random.default_rng(1).standard_normal((len(truth), 3))))
    images = load_images(truth, Band(size=36, mask_diameter=132.0))
    half = torch.from_numpy(split_halves(len(truth), 0).astype(np.int64)) - 1
    settings = RefineSettings(
        diameter=110.0, symmetry=symmetry("C1"), initial_lowpass=20.0, local_only=True, most_local=4, regulariser=regulariser
    )
    with torch.inference_mode():
        _, state = refine(images, half, dataset.volume.values, settings, poses=(turn @ right, torch.from_numpy(truth.shift) / PIXEL))
    found = []
    for mine in (half == 0, half == 1):
        u, _, v = torch.linalg.svd((right[mine].mT @ state.rotation[mine]).mean(0))
        found.append(geodesic_deg(state.rotation[mine], right[mine] @ (u @ v)))
    return float(torch.cat(found).median())


def test_a_core_in_micelles_is_found_better_with_gains_by_place(membrane: tuple[Path, MembraneDataset]) -> None:
    shells, local = (error(membrane, regulariser) for regulariser in ("shells", "local"))
    # measured 7.2° and 8.4°
    assert local < 0.95 * shells
