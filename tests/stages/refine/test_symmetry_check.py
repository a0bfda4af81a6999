"""A symmetry that is there is left alone, one that is not is doubted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.inference.half_maps import compare
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.numerics.disc import disc
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.symmetry import symmetry
from vitreous.physics.ctf import ctf
from vitreous.reconstruct.fourier import solve
from vitreous.simulate.dataset import DatasetSettings, draw_dataset
from vitreous.simulate.phantoms import symmetric_phantom
from vitreous.simulate.snr import ShellSnr
from vitreous.stages.refine.symmetry_check import Posed, doubt, symmetry_gain

SIZE, PIXEL, COUNT, RADIUS = 32, 7.5, 120, 12


def posed(true: str, given: str) -> Posed:
    """Images of a phantom at their true poses, with the agreement of half-maps that have the symmetry given."""
    what = symmetric_phantom(symmetry(true).matrices.numpy(), np.random.default_rng(4), count=12, radius=80.0, sigma=6.0, symmetry=true)
    snr = ShellSnr(points=((60.0, 3.0), (30.0, 1.0), (10.0, 0.1)))
    dataset = draw_dataset(what, DatasetSettings(particles=COUNT, size=SIZE, optics=Optics(pixel_size=PIXEL), snr=snr, contrast="dark"))
    d, truth = disc(SIZE), dataset.particles
    transfer = ctf(torch.from_numpy(truth.defocus), truth.optics[0], *d.frequencies(PIXEL)).float()
    values = d.take(torch.cat(list(dataset.images()))).to(torch.complex64)
    images = FourierImages(d, PIXEL, values, transfer, torch.zeros(COUNT, dtype=torch.int64))
    noise, half = initial_noise(images), torch.arange(COUNT) % 2
    rotation, shift = torch.from_numpy(truth.rotation), torch.from_numpy(truth.shift) / PIXEL
    maps = []
    for which in (0, 1):
        rows = torch.nonzero(half == which).flatten()
        sums = insert_images(images.take(rows), noise, rotation[rows], shift[rows], radius=RADIUS).total(symmetry(given).matrices)
        maps.append(solve(*sums, SIZE, ssnr=None, radius=RADIUS, voxel_size=PIXEL))
    mask = soft_disc((SIZE,) * 3, 13.0, 2.0)
    return Posed(images, noise, rotation, shift, half, compare(*maps, mask)[0], mask, RADIUS)


@pytest.mark.parametrize("name", ["C4", "D2"])
def test_a_true_symmetry_is_left_alone(name: str) -> None:
    gain = symmetry_gain(posed(name, name), symmetry(name), torch.Generator().manual_seed(1))
    assert doubt(gain, symmetry(name)) is None
    assert gain.mean() < 0, "a map of a quarter of the images has more noise"


@pytest.mark.parametrize(("true", "given"), [("C1", "C4"), ("D2", "D4"), ("C2", "C4")])
def test_a_symmetry_too_high_is_doubted(true: str, given: str) -> None:
    gain = symmetry_gain(posed(true, given), symmetry(given), torch.Generator().manual_seed(1))
    said = doubt(gain, symmetry(given))
    assert said is not None
    assert f"the symmetry {given} does not seem to be the particle's" in said
    assert "Try: --symmetry C1" in said
