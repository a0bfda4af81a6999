"""Particles of 32 px made of a core and, for some, one of three lobes: small enough for every question of a classification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vitreous.data.optics import Optics
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band, load_images
from vitreous.io.particles import read_particles
from vitreous.simulate.dataset import DatasetSettings
from vitreous.simulate.mixture import draw_mixture
from vitreous.simulate.snr import PixelSnr
from vitreous.simulate.specimens import Specimen

SIZE, PIXEL, DIAMETER = 32, 5.0, 110.0
#: Where lobes sit, Å.
LOBES = ((42.0, 0.0, 0.0), (-20.0, 38.0, 0.0), (-10.0, -25.0, -34.0))


def particle(lobe: int | None, weight: float = 1.0) -> Specimen:
    """A lopsided core of 60 Gaussians within 35 Å, and a lobe of 14 within 11 Å of its place."""
    chance = np.random.default_rng(5)
    core = chance.normal(size=(60, 3)) * np.array([20.0, 14.0, 10.0])
    blob = chance.normal(size=(14, 3)) * 6.0
    positions = core if lobe is None else np.concatenate([core, blob + np.array(LOBES[lobe])])
    weights = np.concatenate([np.ones(60), np.full(len(positions) - 60, weight)])
    rows = len(positions)
    return Specimen(name="core and lobe", positions=positions, weights=weights, sigma=np.full(rows, 4.0), region=np.zeros(rows, np.int64))


@dataclass(frozen=True, eq=False)
class Known:
    """Images at true poses, and the truth."""

    folder: Path
    images: FourierImages
    rotation: torch.Tensor
    shift: torch.Tensor
    label: torch.Tensor
    half: torch.Tensor
    maps: torch.Tensor


def make_known(folder: Path, kinds: Sequence[Specimen], shares: Sequence[float], count: int, snr: float) -> Known:
    """Simulate ``count`` particles of several kinds with an SNR of a pixel, and load them."""
    settings = DatasetSettings(particles=count, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=PixelSnr(snr), seed=7)
    mixture = draw_mixture(kinds, shares, settings)
    mixture.write(folder)
    truth = read_particles(folder / "truth.star")
    return Known(
        folder, load_images(truth, Band(size=SIZE)), torch.from_numpy(truth.rotation), torch.from_numpy(truth.shift) / PIXEL,
        torch.from_numpy(mixture.label), torch.arange(count) % 2, torch.stack([kind.volume.values for kind in mixture.kinds]),
    )  # fmt: skip
