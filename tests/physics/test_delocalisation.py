"""Where detail goes, and when a box is too small for it: measured in images made with the CTF alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.data.optics import Optics
from vitreous.errors import InputError
from vitreous.numerics.fourier import axis_frequencies, centred_irfft2, centred_rfft2
from vitreous.physics.ctf import ctf
from vitreous.physics.delocalisation import (
    aliasing_box,
    aliasing_resolution,
    displacement,
    farthest,
    lost_share,
)

OPTICS = Optics(pixel_size=1.0)
#: λ and Cs in Å at 300 kV and 2.7 mm.
LAM, CS = 0.0196875, 2.7e7


def grid(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    kx = axis_frequencies(n, half=True, like=torch.zeros(0, dtype=torch.float64)).expand(n, -1)
    return kx, axis_frequencies(n, like=torch.zeros(0, dtype=torch.float64))[:, None].expand_as(kx)


def seen(n: int, z: float, source: torch.Tensor, plate: float = 0.0) -> np.ndarray:
    """Image (1 Å a pixel) of an object whose centred transform is ``source``."""
    transfer = ctf(torch.tensor([z, z, 0.0, plate], dtype=torch.float64), OPTICS, *grid(n))
    return centred_irfft2((source * transfer).to(torch.complex128), (n, n)).numpy()


def ring(n: int, period: float) -> torch.Tensor:
    """A band 0.015 Å⁻¹ wide: 5 Å of uncertainty from its width, as much again from the spread of d within it."""
    kx, ky = grid(n)
    return torch.exp(-((torch.hypot(kx, ky) - 1 / period) ** 2) / (2 * 0.015**2))


def power(n: int, z: float, source: torch.Tensor) -> np.ndarray:
    """Power of the image without its fringes: with a phase plate of 90° they are where they were not without."""
    return seen(n, z, source) ** 2 + seen(n, z, source, 90.0) ** 2


def test_displacement_at_three_angstrom():
    # λ z k = 0.0196875 × 20 000 / 3 = 131.25 Å; Cs λ³ k³ = 2.7e7 × 7.6308e-6 / 27 = 7.63 Å.
    assert farthest(OPTICS, 20000.0, 3.0) == pytest.approx(123.6, abs=0.1)
    assert farthest(Optics(pixel_size=1.0, spherical_aberration=0.0), 20000.0, 3.0) == pytest.approx(131.25, abs=0.05)


def test_the_largest_displacement_need_not_be_at_the_finest_detail():
    k = np.linspace(1e-3, 1 / 1.2, 4000)
    assert farthest(OPTICS, 5000.0, 1.2) == pytest.approx(np.abs(LAM * 5000 * k - CS * LAM**3 * k**3).max(), rel=1e-3)
    assert farthest(OPTICS, -5000.0, 2.0) == pytest.approx(LAM * 5000 / 2 + CS * LAM**3 / 8)


@pytest.mark.parametrize("period", [6.0, 4.0])
def test_a_wave_packet_moves_by_the_formula(period):
    n, z = 512, 15000.0
    kx, ky = grid(n)
    moved = seen(n, z, torch.exp(-((kx - 1 / period) ** 2 + ky**2) / (2 * 0.006**2)))[n // 2] ** 2
    # The packet splits into twins at -d and +d; the CTF's Cs term curves them by less than a pixel.
    right = float((np.arange(n // 2) * moved[n // 2 :]).sum() / moved[n // 2 :].sum())
    assert right == pytest.approx(farthest(OPTICS, z, period), abs=1.0)


@pytest.mark.parametrize(("z", "period"), [(15000.0, 10.0), (15000.0, 5.0), (9000.0, 3.0), (-8000.0, 4.0)])
def test_a_point_spreads_to_the_radius_of_the_formula(z, period):
    """Of a point's image in a narrow band the mean radius of the power is |d| to a pixel."""
    n = 512
    found = power(n, z, ring(n, period))
    radius = np.hypot(*np.mgrid[-n // 2 : n // 2, -n // 2 : n // 2])
    assert (radius * found).sum() / found.sum() == pytest.approx(abs(float(displacement(1 / period, OPTICS, z))), abs=1.0)


def test_the_ctf_of_a_box_is_aliased_below_the_predicted_size_and_not_above():
    """In a box a little larger than 2 |d| a point's detail lies at |d|; in a smaller one it comes in again from the other side."""
    z, period = 16000.0, 4.0
    d, least = farthest(OPTICS, z, period), aliasing_box(OPTICS, z, period)
    assert least == pytest.approx(2 * d)
    found = {}
    for n in (2 * round(1.25 * d), 2 * round(0.75 * d)):
        kx, ky = grid(n)
        line = seen(n, z, torch.exp(-((kx - 1 / period) ** 2 + ky**2) / (2 * 0.02**2)))[n // 2] ** 2
        found[n] = float((np.arange(n // 2) * line[n // 2 :]).sum() / line[n // 2 :].sum())
    large, small = found.items()
    assert large[1] == pytest.approx(d, abs=3.0)
    assert small[1] == pytest.approx(small[0] - d, abs=3.0)


def test_a_box_is_good_to_the_resolution_at_which_its_ctf_turns_by_pi_from_one_coefficient_to_the_next():
    """Steps of χ counted along the coefficients of a box, with the formula of χ written out."""
    for z, box in ((20000.0, 200.0), (8000.0, 120.0), (-12000.0, 150.0)):
        k = np.arange(0, 1.2, 1 / box / 50)
        chi = np.pi * LAM * z * k**2 - 0.5 * np.pi * CS * LAM**3 * k**4
        step = np.abs(chi[50:] - chi[:-50])  # over one coefficient, Δk = 1 / box
        first = 0.5 * (k[50:] + k[:-50])[np.argmax(step >= np.pi)]
        assert aliasing_resolution(OPTICS, z, box) == pytest.approx(1 / first, rel=5e-3)
    assert aliasing_resolution(Optics(pixel_size=1.0, spherical_aberration=0.0), 0.0, 100.0) == 0


@pytest.mark.parametrize(("box", "period"), [(150, 5.0), (180, 5.0), (200, 3.5)])
def test_what_a_box_loses_is_what_is_outside_it(box, period):
    """Random points in a ball, seen through the CTF in a field that holds everything, cut by a square."""
    n, diameter, z = 640, 120.0, 15000.0
    rng = np.random.default_rng(2)
    place = rng.uniform(-1, 1, (6000, 3))
    place = 0.5 * diameter * place[(place**2).sum(1) < 1]
    points = np.zeros((n, n))
    np.add.at(points, tuple(np.round(place[:, :2]).astype(int).T + n // 2), rng.choice([-1.0, 1.0], len(place)))
    source = centred_rfft2(torch.from_numpy(points))
    found = power(n, z, source * ring(n, period))
    half = (n - box) // 2
    outside = 1 - found[half:-half, half:-half].sum() / found.sum()
    want = float(lost_share([1 / period], OPTICS, z, diameter=diameter, box=box)[0])
    assert 0.05 < want < 0.95
    assert outside == pytest.approx(want, abs=0.03)  # speckle of some 500 independent spots, and the band's width


def test_shares_have_their_limits():
    assert lost_share([0.0], OPTICS, 2e4, diameter=100.0, box=100.0)[0] == 0
    assert lost_share([0.3], OPTICS, 2e4, diameter=100.0, box=100.0 + 2 * farthest(OPTICS, 2e4, 1 / 0.3))[0] == 0
    assert lost_share([0.4], OPTICS, 5e4, diameter=100.0, box=150.0)[0] == pytest.approx(1)
    one, other = (float(lost_share([0.3], OPTICS, 2e4, diameter=150.0, box=box)[0]) for box in (200.0, 300.0))
    assert 0 < other < one < 1


def test_lengths_must_be_positive():
    with pytest.raises(InputError, match="resolution must be positive, in Å; got 0"):
        farthest(OPTICS, 1e4, 0.0)
    with pytest.raises(InputError, match="box must be positive"):
        aliasing_resolution(OPTICS, 1e4, 0.0)
    with pytest.raises(InputError, match="diameter must be positive"):
        lost_share([0.1], OPTICS, 1e4, diameter=-1.0, box=10.0)
