"""Images of thick objects: atom by atom with a CTF of its own, and thin objects as always."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from thick_cloud import OPTICS, cloud, known

from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, centred_irfft2, irfft2, rfft2
from vitreous.physics.ctf import ctf, ctf_grid
from vitreous.simulate.curved import curved_images
from vitreous.simulate.specimens import project_atoms

SIZE = 32


@pytest.mark.parametrize("beam", [1, -1])
def test_each_atom_has_the_defocus_of_its_height(beam: int) -> None:
    """Underfocus grows along the beam; the CTF of ``physics.ctf`` at each atom's own defocus, one atom after the other."""
    specimen, particles = cloud(10.0, 7), known(2)
    found = curved_images(specimen, particles.rotation, particles.shift, particles.defocus, OPTICS, size=SIZE, beam=beam)
    kx, ky = torch.meshgrid(axis_frequencies(SIZE, 0.35, half=True).double(), axis_frequencies(SIZE, 0.35).double(), indexing="xy")
    for image, rotation, shift, defocus in zip(found, particles.rotation, particles.shift, particles.defocus):
        total = torch.zeros(SIZE, SIZE // 2 + 1, dtype=torch.complex128)
        for position, weight, sigma in zip(specimen.positions, specimen.weights, specimen.sigma):
            x, y, z = rotation @ position + [*shift, 0]
            own = torch.from_numpy(defocus + np.array([beam * z, beam * z, 0, 0]))
            form = weight * torch.exp(-2 * math.pi**2 * sigma**2 * (kx**2 + ky**2))
            total += form * torch.exp(-2j * math.pi * (kx * x + ky * y)) * ctf(own, OPTICS, kx, ky)
        plain = centred_irfft2(total, (SIZE, SIZE)) / 0.35**2
        # Phases of up to 100 rad in single precision.
        assert float((image - plain).abs().max()) < 1e-4 * float(plain.abs().max())


def test_a_thin_object_is_its_projection_times_the_ctf() -> None:
    thick, particles = cloud(5.0, 20), known(1)
    thin = replace(thick, positions=thick.positions * [1, 1, 0], sigma=3 * thick.sigma)
    flat = np.eye(3)[None]
    found = curved_images(thin, flat, particles.shift, particles.defocus, OPTICS, size=SIZE)
    views = project_atoms(thin, flat, particles.shift, size=SIZE, pixel_size=0.35)
    lens = ctf_grid(torch.from_numpy(particles.defocus).float(), OPTICS, (SIZE, SIZE))
    known_image = irfft2(rfft2(views) * lens, (SIZE, SIZE))
    # The projector is exact to 1e-4 of the sum of the weights; coefficients at Nyquist differ. (It cuts at the field, this wraps.)
    assert float((found - known_image).norm() / known_image.norm()) < 0.01


def test_the_beam_the_other_way_is_the_mirrored_object() -> None:
    specimen, particles = cloud(10.0, 30), known(1)
    mirrored = replace(specimen, positions=specimen.positions * [1, 1, -1])
    one, other, same = (
        curved_images(each, np.eye(3)[None], particles.shift, particles.defocus, OPTICS, size=SIZE, beam=beam)
        for each, beam in ((specimen, 1), (mirrored, -1), (specimen, -1))
    )
    assert torch.allclose(one, other, atol=1e-5 * float(one.abs().max()))
    assert float((one - same).norm() / one.norm()) > 0.3


def test_input_that_makes_no_sense_is_refused() -> None:
    specimen, particles = cloud(10.0, 3), known(1)
    for values, words in (({"beam": 0, "size": 32}, "beam"), ({"beam": 1, "size": 33}, "even")):
        with pytest.raises(InputError, match=words):
            curved_images(specimen, particles.rotation, particles.shift, particles.defocus, OPTICS, **values)
