"""The expanded set without symmetry is the set with symmetry."""

from __future__ import annotations

import numpy as np
import torch
from lobed_particles import PIXEL, SIZE

from vitreous.data.optics import Optics
from vitreous.data.particles import Particles
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images
from vitreous.numerics.disc import disc
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.symmetry import symmetry
from vitreous.reconstruct.fourier import solve
from vitreous.stages.particles.expand import ORIGIN, expand


def test_expanded_in_c1_is_the_original_with_symmetry(generator: torch.Generator) -> None:
    """Any images will do: the two sums are the same sum."""
    count, d, group = 40, disc(SIZE, 10), symmetry("D2")
    values = torch.randn(count, len(d), generator=generator) + 1j * torch.randn(count, len(d), generator=generator)
    images = FourierImages(d, PIXEL, values.to(torch.complex64), 0.3 + torch.rand(count, len(d), generator=generator),
                           torch.zeros(count, dtype=torch.int64))  # fmt: skip
    noise = NoiseSpectra(torch.ones(1, 11, dtype=torch.float64))
    particles = Particles(optics=(Optics(pixel_size=PIXEL),), group=np.zeros(count, np.int64),
                          rotation=random_rotations(count, generator).numpy(), half=np.tile([1, 2], 20).astype(np.int8))  # fmt: skip
    many = expand(particles, group)
    rows = torch.from_numpy(many.extra[ORIGIN] - 1)
    still = torch.zeros(count, 2, dtype=torch.float64)

    def volume(some: FourierImages, rotation: np.ndarray, shift: torch.Tensor, matrices: torch.Tensor | None) -> torch.Tensor:
        sums = insert_images(some, noise, torch.from_numpy(rotation), shift, radius=10).total(matrices)
        return solve(*sums, SIZE, ssnr=None, radius=10, voxel_size=PIXEL)

    wanted = volume(images, particles.rotation, still, group.matrices)
    got = volume(images.take(rows), many.rotation, still[rows], None)
    # Turning the sums interpolates them, turning the poses does not: equal to the engine's interpolation error of a percent or two;
    # for D2, whose turns map the grid onto itself, to rounding.
    torch.testing.assert_close(got, wanted, atol=1e-4 * float(wanted.abs().max()), rtol=0)
    plain = volume(images, particles.rotation, still, None)
    assert float((plain - wanted).norm() / wanted.norm()) > 0.5, "symmetry matters for these images"
    assert np.array_equal(many.half, np.repeat(particles.half, 4))
    assert np.allclose(many.rotation[::4], particles.rotation), "the particle's own pose comes first"
