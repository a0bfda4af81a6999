"""Zernike polynomials against their closed forms, and what aberrations do to a wave."""

from __future__ import annotations

import math

import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.physics.aberrations import EVEN_TERMS, ODD_TERMS, even_phase, odd_phase, terms, zernike
from vitreous.physics.ctf import ctf, phase

K = 0.3 * torch.rand(2, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.15
KX, KY = K
KNOWN = {
    (1, -1): lambda x, y: y,
    (1, 1): lambda x, y: x,
    (3, -1): lambda x, y: 3 * (x * x + y * y) * y - 2 * y,
    (3, 1): lambda x, y: 3 * (x * x + y * y) * x - 2 * x,
    (3, 3): lambda x, y: x**3 - 3 * x * y * y,
    (3, -3): lambda x, y: 3 * x * x * y - y**3,
    (0, 0): lambda x, y: torch.ones_like(x),
    (2, 0): lambda x, y: 2 * (x * x + y * y) - 1,
    (2, 2): lambda x, y: x * x - y * y,
    (2, -2): lambda x, y: 2 * x * y,
    (4, 0): lambda x, y: 6 * (x * x + y * y) ** 2 - 6 * (x * x + y * y) + 1,
    (4, 2): lambda x, y: (4 * (x * x + y * y) - 3) * (x * x - y * y),
    (4, 4): lambda x, y: x**4 - 6 * x * x * y * y + y**4,
    (4, -4): lambda x, y: 4 * x * y * (x * x - y * y),
}


@pytest.mark.parametrize("term", KNOWN)
def test_polynomials_are_the_textbooks(term: tuple[int, int]):
    torch.testing.assert_close(zernike(*term, KX, KY), KNOWN[term](KX, KY), atol=1e-12, rtol=1e-9)


def test_their_order_goes_on():
    assert terms(6, odd=True) == ODD_TERMS
    assert terms(9, odd=False) == EVEN_TERMS
    assert terms(12, odd=True)[6:8] == ((5, -5), (5, -3))
    assert terms(16, odd=False)[-1] == (6, 6)


def test_the_known_tilt():
    """1 mrad at 300 kV, Cs 2.7 mm, 3 Å: 2π · 2.7e7 · 0.0196875² · 1e-3 / 27 = 2.435 rad."""
    optics = Optics(pixel_size=1.0, beam_tilt=(1.0, 0.0))
    at = torch.tensor([1 / 3], dtype=torch.float64)
    assert odd_phase(optics, at, 0 * at).item() == pytest.approx(-2.435, abs=2e-3)
    assert odd_phase(optics, 0 * at, at).item() == pytest.approx(0, abs=1e-12)


def test_parity():
    """Odd phases are odd and χ's terms even, so that an image stays real and the transfer function real."""
    optics = Optics(pixel_size=1.0, beam_tilt=(0.3, -0.8), odd_zernike=(0, 0, 40.0, -8.0, 5.0, 60.0),
                    even_zernike=(0.1, 3.0, 4.0, -5.0, 60.0, -50.0, 40.0, 30.0, -20.0))  # fmt: skip
    torch.testing.assert_close(odd_phase(optics, -KX, -KY), -odd_phase(optics, KX, KY))
    torch.testing.assert_close(even_phase(optics, -KX, -KY), even_phase(optics, KX, KY))


def test_even_terms_that_stand_for_defocus_and_cs():
    """Those terms of the list that spell −πλ dz k² and (π/2) dCs λ³ k⁴ change the CTF as dz and dCs do."""
    lam, dz, dcs = 0.01968748, 300.0, 0.4
    square, fourth = -math.pi * lam * dz, 0.5 * math.pi * dcs * 1e7 * lam**3
    # k² = (Z20 + Z00) / 2 and k⁴ = (Z40 + 3 Z20 + 2 Z00) / 6
    even = (square / 2 + fourth / 3, 0.0, square / 2 + fourth / 2, 0.0, 0.0, 0.0, fourth / 6, 0.0, 0.0)
    start = torch.tensor([[15000.0, 14000.0, 30.0, 0.0]], dtype=torch.float64)
    moved = start + torch.tensor([dz, dz, 0.0, 0.0])
    plain = ctf(moved, Optics(pixel_size=1.0, spherical_aberration=2.7 + dcs), KX, KY)
    listed = ctf(start, Optics(pixel_size=1.0, even_zernike=even), KX, KY)
    torch.testing.assert_close(listed, plain, atol=2e-5, rtol=0)


def test_phases_come_from_the_wave():
    """Of a weak phase object iσv behind the aberration W = χ_even − φ, |wave|² has the transform 2 c e^{iφ} v, sign apart.

    I(k) = i v (e^{−iW(k)} − e^{iW(−k)}) to first order in v.
    """
    optics = Optics(pixel_size=1.0, beam_tilt=(0.4, 0.7), odd_zernike=(0, 0, 30.0, 0, 0, -20.0), even_zernike=(0,) * 4 + (50.0,))
    defocus = torch.tensor([12000.0, 11000.0, 20.0, 0.0], dtype=torch.float64)
    wave = phase(defocus, optics, KX, KY) - odd_phase(optics, KX, KY)
    back = phase(defocus, optics, -KX, -KY) - odd_phase(optics, -KX, -KY)
    intensity = 1j * (torch.exp(-1j * wave) - torch.exp(1j * back))
    expected = -2 * ctf(defocus, optics, KX, KY) * torch.exp(1j * odd_phase(optics, KX, KY))
    torch.testing.assert_close(intensity, expected)
