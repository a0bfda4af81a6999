"""Box advice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, centred_irfft2
from vitreous.physics.ctf import ctf
from vitreous.stages.particles import advise_box, delocalisation


def test_displacement_at_three_angstrom() -> None:
    # λ z k = 0.0196875 × 20 000 / 3 = 131.25 Å; Cs λ³ k³ = 2.7e7 × 7.6308e-6 / 27 = 7.63 Å.
    assert delocalisation(Optics(pixel_size=1.0), 20000.0, 3.0) == pytest.approx(123.6, abs=0.1)
    assert delocalisation(Optics(pixel_size=1.0, spherical_aberration=0.0), 20000.0, 3.0) == pytest.approx(131.25, abs=0.05)


def test_the_largest_displacement_need_not_be_at_the_finest_detail() -> None:
    optics = Optics(pixel_size=1.0)
    k = np.linspace(1e-3, 1 / 1.2, 4000)
    lam, cs = 0.0196875, 2.7e7
    assert delocalisation(optics, 5000.0, 1.2) == pytest.approx(np.abs(lam * 5000 * k - cs * lam**3 * k**3).max(), rel=1e-3)


@pytest.mark.parametrize("period", [6.0, 4.0])
def test_a_wave_packet_moves_by_the_formula(period: float) -> None:
    n, optics, z = 512, Optics(pixel_size=1.0), 15000.0
    kx = axis_frequencies(n, half=True, like=torch.zeros(0, dtype=torch.float64)).expand(n, -1)
    ky = axis_frequencies(n, like=torch.zeros(0, dtype=torch.float64))[:, None].expand_as(kx)
    packet = torch.exp(-((kx - 1 / period) ** 2 + ky**2) / (2 * 0.006**2))
    transfer = ctf(torch.tensor([z, z, 0.0, 0.0], dtype=torch.float64), optics, kx, ky)
    moved = centred_irfft2((packet * transfer).to(torch.complex128), (n, n))[n // 2].numpy() ** 2
    # The packet splits into twins at -d and +d; the CTF's Cs term curves them by less than a pixel.
    right = float((np.arange(n // 2) * moved[n // 2 :]).sum() / moved[n // 2 :].sum())
    assert right == pytest.approx(delocalisation(optics, z, period), abs=1.0)


def test_sizes_are_even_quick_and_large_enough() -> None:
    for diameter in (97.0, 150.0, 333.0):
        advice = advise_box(diameter, 1.06, optics=Optics(pixel_size=1.06), defocus=15000.0, resolution=3.5)
        assert advice.size % 2 == 0
        assert advice.size * 1.06 >= max(1.5 * diameter, diameter + 2 * advice.delocalisation)
        assert advice.least * 1.06 >= 1.5 * diameter
        rest = advice.size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        assert rest == 1
    assert advise_box(150.0, 1.0).delocalisation == 0.0


def test_detail_finer_than_nyquist_is_not_asked_for() -> None:
    optics = Optics(pixel_size=3.0)
    assert advise_box(150.0, 3.0, optics=optics, defocus=2e4, resolution=2.0) == advise_box(
        150.0, 3.0, optics=optics, defocus=2e4, resolution=6.0
    )


def test_lengths_must_be_positive() -> None:
    with pytest.raises(InputError, match="diameter must be positive, in Å; got -1"):
        advise_box(-1.0, 1.0)
    with pytest.raises(InputError, match="resolution must be positive, in Å; got 0"):
        delocalisation(Optics(pixel_size=1.0), 1e4, 0.0)
