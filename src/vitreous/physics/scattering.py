r"""What a molecule scatters on average over all directions: Wilson, Debye and Guinier; and the B-factors in use.

For atoms of weight w_i at r_i, and k in Å⁻¹ (q = 2πk):

    ⟨|F(k)|²⟩ = Σ_ij w_i w_j sin(q r_ij) / (q r_ij)         Debye 1915, Ann. Phys. 351:809
              → Σ_i w_i²          atoms at random, k large   Wilson 1942, Nature 150:152
              → (Σ w)² exp(−R_g² q² / 3)            k small   Guinier 1939, Ann. Phys. (Paris) 11:161

A displacement of mean square σ² along each axis multiplies F by exp(−2π² σ² k²). Two numbers are called B for it: exp(−B k² / 4) of
crystallographers, of envelopes of the CTF and of sharpening, B = 8π² σ², and exp(−B k²) of some texts, B = 2π² σ². Vitreous says B for
the first alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.errors import require


def b_factor(sigma: float) -> float:
    """B = 8π² σ² in Å², of exp(−B k² / 4), for a displacement of standard deviation ``sigma`` (Å, along each axis).

    >>> round(b_factor(1.0), 2)
    78.96
    """
    require(sigma >= 0, "sigma", sigma, "0 or more, in Å")
    return 8 * math.pi**2 * sigma**2


def displacement(b: float) -> float:
    """Standard deviation along each axis in Å that has this B (Å², 0 or more): undoes :func:`b_factor`."""
    require(b >= 0, "b", b, "0 or more, in Å²")
    return math.sqrt(b / (8 * math.pi**2))


def b_of_plain_exponent(b: float) -> float:
    """B of exp(−B k² / 4) for what a text writes as exp(−b k²), b = 2π² σ²: four times as much."""
    return 4 * b


def wilson_power(weights: Tensor) -> float:
    """Mean of |F|² of atoms at random: Σ w²; ``weights`` is ``(n,)``."""
    return float(weights.double().square().sum())


def debye_power(positions: Tensor, weights: Tensor, k: Tensor) -> Tensor:
    """Mean of |F(k)|² over all directions, by Debye's double sum.

    Parameters
    ----------
    positions
        Å, ``(n, 3)``; time and memory grow with n².
    weights
        ``(n,)``.
    k
        Å⁻¹, ``(s,)``.

    Returns
    -------
    Tensor
        float64 ``(s,)``.
    """
    require(positions.ndim == 2 and positions.shape[1] == 3, "positions", tuple(positions.shape), "of shape (n, 3), in Å")
    require(weights.shape == positions.shape[:1], "weights", tuple(weights.shape), f"one number an atom ({len(positions)})")
    distance = torch.cdist(positions.double(), positions.double(), compute_mode="donot_use_mm_for_euclid_dist")
    both = weights.double()[:, None] * weights.double()
    # torch.sinc(x) is sin(πx) / (πx).
    return torch.stack([(both * torch.sinc(2 * float(each) * distance)).sum() for each in k])


def guinier_power(total: float, radius_of_gyration: float, k: Tensor) -> Tensor:
    """(Σ w)² exp(−R_g² q² / 3), q = 2πk: what Debye's sum tends to for q R_g below about 1.3."""
    return total**2 * torch.exp(-(radius_of_gyration**2) * (2 * math.pi * k.double()) ** 2 / 3)


def sinc_series(x: Tensor) -> Tensor:
    """sin x / x to fourth order, 1 − x²/6 + x⁴/120: from it Guinier's law. (The last divisor is 5!; 100 has been printed.)"""
    return 1 - x**2 / 6 + x**4 / 120


def fitted_radius_of_gyration(power: Tensor, k: Tensor) -> float:
    """R_g in Å from the slope of ln |F|² against q², which is −R_g² / 3.

    Parameters
    ----------
    power
        Mean of |F|², positive, ``(s,)``.
    k
        Å⁻¹, ``(s,)``, two or more, all small: q R_g below 1.

    Raises
    ------
    InputError
        If the power does not fall.
    """
    x, y = (2 * math.pi * k.double()) ** 2, power.double().log()
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    require(slope < 0, "slope of ln power against q²", slope, "negative: the power of a particle falls from its centre")
    return math.sqrt(-3 * slope)
