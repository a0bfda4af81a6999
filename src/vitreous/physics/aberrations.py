r"""Aberrations of the objective beyond defocus, two-fold astigmatism and Cs: Zernike polynomials and the beam's tilt.

A weak phase object is recorded as X(k) = c(k) e^{iφ(k)} S(k). The even part of the wave aberration changes χ and so the real
c = −sin χ; the odd part is the phase φ, which moves what it meets and damps nothing. In RELION's coefficients, which are ours,

    χ(k) = χ₀(k) − Σ_j e_j Z_j(k),     φ(k) = Σ_j o_j Z_j(k) − 2π C_s λ² k² (k·t),

t the tilt of the beam (rad), Z_j = R_n^m(|k|) cos mθ, or sin |m|θ for negative m, |k| in Å⁻¹ (not in units of a pupil), in the
order of rising n and, within it, rising m: odd n in one list, even n in the other. R_n^m are Zernike's radial polynomials.
Signs, order and units are those that RELION 3.1's programs show (``tests/physics/test_aberrations_relion.py``).

References: Zivanov, Nakane & Scheres 2020, IUCrJ 7:253; Glaeser et al. 2011, J. Struct. Biol. 174:1 (coma of a tilted beam).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count, takewhile

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength

#: (n, m) of the terms up to third (odd) and fourth (even) order.
ODD_TERMS = ((1, -1), (1, 1), (3, -3), (3, -1), (3, 1), (3, 3))
EVEN_TERMS = ((0, 0), (2, -2), (2, 0), (2, 2), (4, -4), (4, -2), (4, 0), (4, 2), (4, 4))


def terms(length: int, *, odd: bool) -> tuple[tuple[int, int], ...]:
    """(n, m) of the first ``length`` coefficients of a list of odd or of even terms.

    >>> terms(3, odd=True)
    ((1, -1), (1, 1), (3, -3))
    """
    orders = takewhile(lambda n: n <= 2 * length + 1, count(1 if odd else 0, 2))
    return tuple((n, m) for n in orders for m in range(-n, n + 1, 2))[:length]


def zernike(n: int, m: int, kx: Tensor, ky: Tensor) -> Tensor:
    """R_n^|m|(k) cos mθ (m ≥ 0) or R_n^|m|(k) sin |m|θ (m < 0) at (kx, ky) in Å⁻¹.

    R_n^m(k) = Σ_j (−1)^j (n − j)! / (j! ((n + m) / 2 − j)! ((n − m) / 2 − j)!) k^(n − 2j) (Born & Wolf, 9.2.1).
    """
    return sum((value * monomial(power, m, kx, ky) for power, value in radial_powers(n, abs(m)).items()), torch.zeros_like(kx))


def monomial(n: int, m: int, kx: Tensor, ky: Tensor) -> Tensor:
    """kⁿ cos mθ (m ≥ 0) or kⁿ sin |m|θ (m < 0)."""
    theta = torch.atan2(ky, kx)
    return torch.hypot(kx, ky) ** n * (torch.cos(m * theta) if m >= 0 else torch.sin(-m * theta))


def radial_powers(n: int, m: int) -> dict[int, float]:
    """R_n^m as powers and their factors, the highest first.

    >>> radial_powers(3, 1)
    {3: 3.0, 1: -2.0}
    """
    half, powers = (n - m) // 2, {}
    for j in range(half + 1):
        ways = math.factorial(j) * math.factorial((n + m) // 2 - j) * math.factorial(half - j)
        powers[n - 2 * j] = (-1) ** j * math.factorial(n - j) / ways
    return powers


def zernike_list(monomials: Mapping[tuple[int, int], float], *, odd: bool) -> tuple[float, ...]:
    """Coefficients, up to third or fourth order, of Σ a kⁿ cos mθ given as {(n, m): a}, sines for negative m.

    The highest power of each fold has only one polynomial; what that brings of lower powers is taken off them, and so on down.
    """
    left, found = dict(monomials), {}
    listed = ODD_TERMS if odd else EVEN_TERMS
    for n, m in reversed(listed):
        powers = radial_powers(n, abs(m))
        value = found[n, m] = left.get((n, m), 0.0) / powers[n]
        for power, factor in powers.items():
            left[power, m] = left.get((power, m), 0.0) - value * factor
    return tuple(found[term] for term in listed)


def zernike_sum(coefficients: tuple[float, ...], kx: Tensor, ky: Tensor, *, odd: bool) -> Tensor:
    """Σ_j a_j Z_j(k) in radians; ``coefficients`` in rad Åⁿ, n the order of each term."""
    total = torch.zeros_like(kx)
    for value, (n, m) in zip(coefficients, terms(len(coefficients), odd=odd)):
        if value:
            total = total + value * zernike(n, m, kx, ky)
    return total


def tilt_factor(optics: Optics) -> float:
    """2π C_s λ² in rad Å³ per mrad of tilt: the phase of a tilt t is −this · k² (k·t)."""
    return 2 * math.pi * optics.spherical_aberration * 1e7 * wavelength(optics.voltage) ** 2 * 1e-3


def odd_phase(optics: Optics, kx: Tensor, ky: Tensor) -> Tensor:
    """φ(k), the phase by which an image differs from c S, radians."""
    tilt_x, tilt_y = optics.beam_tilt
    coma = tilt_factor(optics) * (kx**2 + ky**2) * (kx * tilt_x + ky * tilt_y)
    return zernike_sum(optics.odd_zernike, kx, ky, odd=True) - coma


def even_phase(optics: Optics, kx: Tensor, ky: Tensor) -> Tensor:
    """What the even terms add to χ(k), radians."""
    return -zernike_sum(optics.even_zernike, kx, ky, odd=False)


def has_odd_phase(optics: Optics) -> bool:
    """Whether there is anything to take off."""
    return any(optics.beam_tilt) or any(optics.odd_zernike)
