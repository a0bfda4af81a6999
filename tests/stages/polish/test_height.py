"""Drift along the beam, planted as a change of defocus from frame to frame."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.disc import disc
from vitreous.physics.ctf import ctf, phase
from vitreous.physics.wavelength import wavelength
from vitreous.stages.polish.height import fit_height
from vitreous.stages.polish.spectra import FrameSpectra
from vitreous.stages.polish.sums import FrameSums, frame_sums

K, FRAMES = np.arange(60) / 240.0, 16


def planted(offset: float, drift: float, *, seed: int = 0, power: float = 1e5, amplitude: float = 0.2) -> FrameSums:
    """Sums of images whose defocus differs from the table's; c and c' are as often large as small, and of c c' a little is left."""
    chance = np.random.default_rng(seed)
    own = power * np.exp(-60 * K**2)
    powers = np.stack([own, 0.05 * own, 0.9 * own])
    delta = math.pi * wavelength(300.0) * K**2 * (offset + drift * np.linspace(-0.5, 0.5, FRAMES))[:, None]
    a = amplitude * np.exp(-0.02 * np.arange(FRAMES))[:, None]
    cos, sin = a * np.cos(delta), a * np.sin(delta)
    means = np.stack([cos * powers[0] + sin * powers[1], cos * powers[1] + sin * powers[2]])
    noise = np.sqrt(np.stack([powers[0], powers[2]]))[:, None] * chance.standard_normal(means.shape)
    return FrameSums(means + noise, powers, K)


@pytest.mark.parametrize(("offset", "drift"), [(0.0, 50.0), (100.0, -50.0), (-150.0, 400.0), (30.0, 0.0)])
def test_a_planted_drift_is_found(offset: float, drift: float) -> None:
    left = np.exp(-0.02 * np.arange(FRAMES))[:, None] * np.ones(len(K))
    found = [fit_height(planted(offset, drift, seed=seed), left, 300.0) for seed in range(20)]
    errors = np.array([[each.offset - offset, each.drift - drift] for each in found])
    stated = np.array([[each.offset_sigma, each.drift_sigma] for each in found])
    # ± 5 nm is asked for; here 15 to 20 Å is what noise allows
    assert np.abs(errors[:, 1]).max() < 50
    assert np.abs(errors.mean(0)).max() < 4 * stated.mean() / math.sqrt(20)
    assert 0.6 < (errors / stated).std() < 1.5


def test_a_drift_of_images_is_found() -> None:
    """Images made with the CTF of another defocus in every frame, by :mod:`vitreous.physics.ctf` alone."""
    points, count, frames, optics = disc(96, 40), 60, 12, Optics(pixel_size=1.5)
    generator = torch.Generator().manual_seed(4)
    kx, ky = points.frequencies(1.5)
    table = torch.tensor([15000.0, 14600.0, 20.0, 0.0], dtype=torch.float64).repeat(count, 1)
    table[:, :2] += torch.linspace(-900, 900, count)[:, None]

    def normal(*lead: int) -> torch.Tensor:
        return torch.view_as_complex(torch.randn(*lead, count, len(points), 2, generator=generator))

    planes = 0.25 * normal() * torch.exp(-40 * (kx**2 + ky**2)).float()
    heights = 60.0 + 120.0 * np.linspace(-0.5, 0.5, frames)
    seen = [ctf(table + torch.tensor([z, z, 0, 0]), optics, kx, ky).float() * planes for z in heights]
    chi = phase(table, optics, kx, ky).float()
    spectra = FrameSpectra(points, 1.5, torch.stack(seen) + normal(frames), -chi.sin() * planes, -chi.cos() * planes,
                           torch.ones(41, dtype=torch.float64))  # fmt: skip
    sums = frame_sums(spectra, np.zeros((count, frames, 2)))
    found = fit_height(sums, np.ones((frames, 41)), 300.0)
    assert abs(found.drift - 120) < min(50, 4 * found.drift_sigma)
    assert abs(found.offset - 60) < 4 * found.offset_sigma


def test_images_without_particles_are_refused() -> None:
    with pytest.raises(InputError, match="agreement of the particles with the reference must be above 4"):
        fit_height(planted(0.0, 0.0, amplitude=0.0), np.ones((FRAMES, len(K))), 300.0)
