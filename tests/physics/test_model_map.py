"""Maps from atoms against the sum written out."""

from __future__ import annotations

import numpy as np
import torch
from atoms_at_random import atoms_at_random

from vitreous.numerics.fourier import axis_frequencies, rfftn
from vitreous.physics.model_map import model_map, model_spectrum
from vitreous.physics.potential import scattering_factor


def test_transform_is_the_sum_over_atoms_written_out():
    """Σ f(k) exp(−B k²/4 − 2πi k·r) of 12 atoms of four elements; 1e-4 of Σ f(0) is what drawing them within 4.5 σ allows."""
    model = atoms_at_random(12, extent=8.0, seed=3, b_factors=(0.0, 80.0))
    size, voxel, corner = 24, 1.1, (-3.0, 2.0, 5.0)
    inside = model.positions + np.array(corner) + 0.5 * size * voxel
    model = type(model)(**{**model.__dict__, "positions": inside})
    full, half = (axis_frequencies(size, voxel, half=h).double().numpy() for h in (False, True))
    kz, ky, kx = np.meshgrid(full, full, half, indexing="ij")
    k = np.sqrt(kx**2 + ky**2 + kz**2)
    want = np.zeros(k.shape, complex)
    for place, element, b in zip(model.positions - corner, model.elements, model.b_factors):
        want += scattering_factor(str(element), k, b) * np.exp(-2j * np.pi * (kx * place[0] + ky * place[1] + kz * place[2]))
    got = model_spectrum(model, size, voxel, corner).numpy() * voxel**3
    strength = sum(float(scattering_factor(str(e), np.array(0.0))) for e in model.elements)
    inner = k < 0.5 / voxel  # at the Nyquist planes themselves a grid cannot tell +k from −k
    assert np.abs(got - want)[inner].max() < 1e-4 * strength


def test_a_resolution_ends_the_transform_and_b_damps_it():
    model = atoms_at_random(5, extent=10.0, seed=1)
    model = type(model)(**{**model.__dict__, "positions": model.positions + 16.0})
    whole, cut = (rfftn(model_map(model, 32, 1.0, resolution=d, b_factor=b).values) for d, b in ((0.0, 0.0), (4.0, 60.0)))
    k = axis_frequencies(32, half=True)
    assert torch.allclose(cut[0, 0, :8], whole[0, 0, :8] * torch.exp(-15 * k[:8] ** 2), atol=1e-4)
    assert float(cut[0, 0, 9:].abs().max()) < 1e-4
