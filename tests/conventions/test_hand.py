"""The hand and the orientation of symmetry axes, from atoms through files, images and reconstruction to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.io.mrc import read_volume, write_volume
from vitreous.io.particles import read_particles, write_particles
from vitreous.io.stacks import write_stack
from vitreous.numerics.filters import high_pass, low_pass
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.numerics.map_align import align, mirror, turn
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.physics.ctf import ctf_grid
from vitreous.reconstruct.fourier import solve
from vitreous.simulate.phantoms import chiral_phantom, mirrored, symmetric_phantom
from vitreous.simulate.specimens import Specimen, density_map, project_atoms

SIZE, PIXEL = 36, 4.0


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


@pytest.fixture
def reconstructed(tmp_path: Path) -> Callable[..., torch.Tensor]:
    """Atoms → images with CTF and shifts → .mrcs and .star → read → coefficients → volume → .mrc → read."""

    def run(what: Specimen, views: int, group: str = "C1") -> torch.Tensor:
        generator = torch.Generator().manual_seed(4)
        optics = Optics(pixel_size=PIXEL)
        rotation = random_rotations(views, generator).numpy()
        shift = 4.0 * torch.randn(views, 2, generator=generator, dtype=torch.float64).numpy()
        defocus = np.tile([14000.0, 13500.0, 30.0, 0.0], (views, 1)) + np.linspace(0, 4000, views)[:, None] * [1, 1, 0, 0]
        views_ = project_atoms(what, rotation, shift, size=SIZE, pixel_size=PIXEL)
        images = -irfft2(rfft2(views_) * ctf_grid(torch.from_numpy(defocus), optics, (SIZE, SIZE)).float(), (SIZE, SIZE))
        images += 0.1 * images.std() * torch.randn(images.shape, generator=generator)
        write_stack(tmp_path / "p.mrcs", images.numpy(), PIXEL)
        table = Particles(
            optics=(optics,), group=np.zeros(views, int), stack=(tmp_path / "p.mrcs",), stack_index=np.zeros(views, int),
            slice_index=np.arange(views), defocus=defocus, rotation=rotation, shift=shift, contrast="bright",
        )  # fmt: skip
        write_particles(tmp_path / "p.star", table)
        read = read_particles(tmp_path / "p.star")
        loaded = load_images(read, Band(size=SIZE))
        sums = insert_images(
            loaded, initial_noise(loaded), torch.from_numpy(read.rotation), torch.from_numpy(read.shift / PIXEL),
            radius=loaded.disc.radius,
        )  # fmt: skip
        total = sums.total(symmetry(group).matrices)
        values = solve(*total, SIZE, ssnr=None, radius=loaded.disc.radius, voxel_size=PIXEL)
        write_volume(tmp_path / "map.mrc", Volume(values, PIXEL))
        return read_volume(tmp_path / "map.mrc").values

    return run


def coarse(values: torch.Tensor) -> torch.Tensor:
    return low_pass(values, 12.0, PIXEL, axes=3)


def test_hand_of_a_helix_survives_images_and_reconstruction(reconstructed):
    helix = chiral_phantom(sigma=5)
    found = coarse(reconstructed(helix, 250))
    truth, other = (coarse(density_map(s, SIZE, PIXEL).values) for s in (helix, mirrored(helix)))
    assert correlation(found, truth) > 0.95
    assert correlation(found, other) < 0.8
    assert correlation(found, mirror(truth)) < 0.8
    fit = align(found, truth, radius=10)
    assert not fit.mirrored, "no turn makes the other hand fit better"
    assert fit.correlation > fit.other_hand + 0.1
    assert align(found, other, radius=10).mirrored, "and the test sees a wrong hand"


def detail(values: torch.Tensor) -> torch.Tensor:
    """Between 45 and 10 Å: what tells a symmetric particle from a shell."""
    return high_pass(low_pass(values, 10.0, PIXEL, axes=3), 45.0, PIXEL, axes=3)


@pytest.mark.parametrize("group", ["C3", "D2", "T", "O", "I2"])
def test_hand_and_axes_of_a_symmetric_particle(group: str, reconstructed):
    """Few views, symmetrised in the group's own axes, are the whole particle, of the same hand."""
    matrices = symmetry(group).matrices
    what = symmetric_phantom(matrices.numpy(), np.random.default_rng(1), count=2, radius=45.0, sigma=4.0, symmetry=group)
    found, truth = (detail(v) for v in (reconstructed(what, 60, group), density_map(what, SIZE, PIXEL).values))
    assert correlation(found, truth) > 0.9
    assert correlation(found, truth) > correlation(found, mirror(truth)) + 0.15
    for g in matrices[1:4]:
        assert correlation(turn(truth, g), truth) > 0.97
