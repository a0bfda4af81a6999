r"""The CTF of a tilted specimen: another defocus at every place, and the few filters that make up for all of them.

With defocus z + δ(r) the CTF at a place is c(k; δ) = F(χ + a δ), a = πλ k², F = −sin. An image of objects O(r) is then

    Î(k) = Σ_r O(r) F(χ(k) + a δ(r)) e^{−2πi k·r},

which for a plane, δ = τ·r, is the tilted contrast imaging function (Philippsen, Engel & Engel 2007, Ultramicroscopy 107:202;
Voortman et al. 2011, ibid. 111:1029). In our sign of the CTF

    Î(k) = (i/2) [e^{iχ} Ô(k − ½λk²τ) − e^{−iχ} Ô(k + ½λk²τ)].

A filter that is to follow the defocus from place to place, F any function of period 2π and odd harmonics, is separated:

    F(χ + a δ) = Σ_m f_m sin m(χ + a δ) ≈ Σ_q u_q(δ) g_q(k),
    g_q(k) = Σ_m f_m [sin mχ(k) ⟨u_q, cos m a δ⟩ + cos mχ(k) ⟨u_q, sin m a δ⟩],

u_q the eigenvectors of Σ_m f_m² Σ_a cos m a (δ − δ'): the singular vectors of all cosines and sines as functions of (m, a) and δ. The
residuals r_c and r_s of those give a bound of the filter's error that holds at every place and frequency, whatever χ is,
|error| ≤ Σ_m |f_m| √(r_c² + r_s²). About 2 A Δ / π functions of ±Δ of defocus are needed for F = sin (A the largest a), and m
times as many for the m-th harmonic: q transforms instead of one for each place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from torch import Tensor

from vitreous.errors import require

#: Largest error of a separated filter; samples a radian along δ and along a.
TOLERANCE, SAMPLES = 1e-2, 3.0
#: Samples of F from which its harmonics are found, and the smallest harmonic kept.
TURN, LEAST_HARMONIC = 4096, 1e-3


def harmonics(function: Callable[[NDArray], NDArray], *, least: float = LEAST_HARMONIC) -> dict[int, float]:
    """f_m of F(χ) = Σ f_m sin mχ for odd m, f_m = (1/π) ∫ F sin mχ dχ; those below ``least`` at the end are left out.

    >>> {m: round(f, 6) for m, f in harmonics(lambda chi: -np.sin(chi)).items()}
    {1: -1.0}
    """
    chi = 2 * math.pi * (np.arange(TURN) + 0.5) / TURN
    odd = np.arange(1, 64, 2)
    found = (2 / TURN) * np.sin(np.outer(odd, chi)) @ function(chi)
    last = int(np.flatnonzero(np.abs(found) >= least).max(initial=0))
    return {int(m): float(f) for m, f in zip(odd[: last + 1], found[: last + 1])}


@dataclass(frozen=True)
class FocusBasis:
    """A filter that follows the defocus, as Σ_q u_q(δ) g_q(k).

    Parameters
    ----------
    wave
        Harmonics of F.
    offset
        ``(d,)``: δ at which u is known, Å.
    weight
        ``(q, d)``: u.
    square
        ``(a,)``: a = πλk² at which ⟨u, cos m a δ⟩ and ⟨u, sin m a δ⟩ are known, from 0, evenly spaced, rad/Å.
    even, odd
        ``(q, m, a)``: those, times f_m.
    bound
        Largest possible error of the filter.
    """

    wave: dict[int, float]
    offset: NDArray[np.float64]
    weight: NDArray[np.float64]
    square: NDArray[np.float64]
    even: NDArray[np.float32]
    odd: NDArray[np.float32]
    bound: float

    def __len__(self) -> int:
        return len(self.weight)

    def weights(self, offset: NDArray[np.float64]) -> NDArray[np.float64]:
        """u_q at other offsets within the range: ``(q, *offset)``."""
        return CubicSpline(self.offset, self.weight, axis=1)(offset)

    def filter(self, number: int, chi: NDArray[np.float32], square: NDArray[np.float32]) -> NDArray[np.float32]:
        """g_q where the phase is ``chi`` and a is ``square`` (rad/Å), of their shape."""
        out = np.empty(chi.shape, np.float32)
        odd = np.array(list(self.wave), np.int64)
        _sum_waves(chi.ravel(), square.ravel(), odd, self.even[number], self.odd[number], np.float32(1 / self.square[1]), out.ravel())
        return out


@numba.njit(parallel=True, fastmath=True, cache=True)
def _sum_waves(chi, square, order, even, odd, per_step, out):
    """Σ_m sin mχ · even_m(a) + cos mχ · odd_m(a), m odd and rising by 2: the angles are added up, the tables read between samples."""
    last = even.shape[1] - 2
    for i in numba.prange(len(chi)):
        place = square[i] * per_step
        below = min(int(place), last)
        share = place - below
        sine, cosine = math.sin(chi[i]), math.cos(chi[i])
        step_s, step_c = 2 * sine * cosine, cosine * cosine - sine * sine
        total = np.float32(0)
        for row in range(len(order)):
            total += sine * (even[row, below] + share * (even[row, below + 1] - even[row, below]))
            total += cosine * (odd[row, below] + share * (odd[row, below + 1] - odd[row, below]))
            sine, cosine = sine * step_c + cosine * step_s, cosine * step_c - sine * step_s
        out[i] = total


def focus_basis(wave: dict[int, float], half_range: float, largest: float, *, tolerance: float = TOLERANCE) -> FocusBasis:
    """Separate a filter for offsets within ±``half_range`` (Å) and a up to ``largest`` (rad/Å).

    Parameters
    ----------
    wave
        Harmonics of F, from :func:`harmonics`.
    half_range, largest
        Both positive.
    tolerance
        Of the filter's error, for F of height about 1.

    Raises
    ------
    InputError
        If a range is not positive.
    """
    require(half_range > 0, "half_range", half_range, "positive, in Å")
    require(largest > 0, "largest", largest, "positive, in rad/Å")
    turns = max(wave) * half_range * largest
    offset = np.linspace(-half_range, half_range, 8 + math.ceil(2 * SAMPLES * turns))
    coarse = np.linspace(0, largest, 8 + math.ceil(SAMPLES * turns))
    waves = [f * turn(np.outer(m * coarse, offset)) for m, f in wave.items() for turn in (np.cos, np.sin)]
    gram = sum(table.T @ table for table in waves)
    size, vectors = np.linalg.eigh(gram)
    size, vectors = size[::-1], vectors[:, ::-1]
    rank = max(1, int((size > (tolerance**2 * len(coarse))).sum()))
    while (bound := _bound(waves, vectors[:, :rank])) > tolerance and rank < len(offset):
        rank += 1 + rank // 32
    fine = np.linspace(0, largest * 1.0001, 8 + math.ceil(32 * turns))
    kept = vectors[:, :rank]
    tables = [np.stack([f * turn(np.outer(m * fine, offset)) @ kept for m, f in wave.items()], 1).T for turn in (np.cos, np.sin)]
    even, odd = (np.ascontiguousarray(table, np.float32) for table in tables)
    return FocusBasis(wave, offset, kept.T, fine, even, odd, bound)


def _bound(waves: list[NDArray], kept: NDArray) -> float:
    """max over (a, δ) of Σ_m |f_m| √(r_c² + r_s²); ``waves`` are cosine and sine of each harmonic in turn."""
    rest = [table - (table @ kept) @ kept.T for table in waves]
    return float(sum(np.hypot(even, odd) for even, odd in zip(rest[::2], rest[1::2])).max())


def tilted_contrast(
    transform: Callable[[Tensor, Tensor], Tensor], chi: Tensor, kx: Tensor, ky: Tensor, slope: tuple[float, float], wavelength: float
) -> Tensor:
    """Transform of the image of a tilted plane, by the tilted contrast imaging function.

    Parameters
    ----------
    transform
        Ô at any (kx, ky) in Å⁻¹: of the plane as the beam sees it, origin where the defocus is that of ``chi``.
    chi
        χ at (kx, ky), without the tilt.
    kx, ky
        Å⁻¹, of any common shape.
    slope
        τ: by how much the defocus grows along x and y, Å per Å.
    wavelength
        Å.

    Returns
    -------
    Tensor
        complex, of the shape of ``chi``.
    """
    bend = 0.5 * wavelength * (kx**2 + ky**2)
    lower = transform(kx - bend * slope[0], ky - bend * slope[1])
    upper = transform(kx + bend * slope[0], ky + bend * slope[1])
    turn = torch.polar(torch.full_like(chi, 0.5), chi)
    return 1j * (turn * lower - turn.conj() * upper)
