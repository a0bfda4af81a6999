"""Aberrations of an optics group: all at first, then only those that the images are sure of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.aberrations import monomial, zernike_list
from vitreous.runtime.progress import Reporter, silent
from vitreous.stages.optics.ascent import ascend
from vitreous.stages.optics.families import EVEN, ODD, SHIFT, TILT, Family
from vitreous.stages.optics.problem import Problem
from vitreous.stages.optics.sums import accumulate

#: χ² of one and of two numbers that chance exceeds in 0.27 % of cases: three standard deviations.
SURE = {1: 9.0, 2: 11.83}
#: Parts of the band that are fitted one after the other, so that no phase is off by half a turn when its turn comes.
MARCH = (0.4, 0.55, 0.7, 0.85, 1.0)


@dataclass(frozen=True, eq=False)
class Estimate:
    """One family of aberrations.

    Parameters
    ----------
    family
        Which.
    value, sigma
        Of each component, in the family's unit: a change of what the optics had.
    kept
        Whether it is beyond three standard deviations and so goes into the optics.
    """

    family: Family
    value: tuple[float, ...]
    sigma: tuple[float, ...]
    kept: bool


@dataclass(frozen=True, eq=False)
class Aberrations:
    """What was found of one group.

    Parameters
    ----------
    estimates
        In the order of the families; without the shift.
    optics
        With what was kept.
    shift
        Å by which all particles of the group move, (x, y): the part of an odd phase that is linear in k.
    measured, weight, model
        float64 ``(2, K)``, odd phase and error of χ: as each frequency has it alone (rad), its information, and the fit.
    """

    estimates: tuple[Estimate, ...]
    optics: Optics
    shift: tuple[float, float]
    measured: Tensor
    weight: Tensor
    model: Tensor


def estimate_aberrations(problem: Problem, *, even: bool, report: Reporter = silent) -> list[Aberrations]:
    """Aberrations of every optics group from one pass over the images; ``even`` seeks those of χ as well.

    A list with one entry a group, in the order of the optics.
    """
    size = len(problem.images.disc)
    owner = torch.from_numpy(problem.particles.group)
    sums = accumulate(problem, owner, len(problem.particles.optics), torch.arange(size), size, report=report, step="aberrations")
    kx, ky = problem.images.disc.frequencies(problem.images.pixel_size)
    families = (*ODD, *(EVEN if even else ()))
    return [_of_group(group[None], optics, families, kx, ky) for group, optics in zip(sums, problem.particles.optics)]


def _of_group(sums: Tensor, optics: Optics, families: tuple[Family, ...], kx: Tensor, ky: Tensor) -> Aberrations:
    """Backward elimination: the least sure family goes until all that are left are sure."""
    kept, told = families, {}
    while True:
        found = _fit(sums, optics, kept, kx, ky)
        told.update(found)
        unsure = [each for each in kept if _chi2(found[each]) < SURE[len(each.terms)]]
        if not unsure:
            break
        weakest = min(unsure, key=lambda each: _chi2(found[each]) / SURE[len(each.terms)])
        kept = tuple(each for each in kept if each is not weakest)
    estimates = tuple(_estimate(each, *told[each], kept=each in kept) for each in families)
    shift, _ = _fit(sums, optics, (SHIFT, *kept), kx, ky)[SHIFT] if any(each.odd for each in kept) else (torch.zeros(2), None)
    odd, even = _model(estimates, shift, optics, kx, ky)
    measured, weight = _each_alone(sums)
    return Aberrations(
        estimates, _applied(optics, estimates), (float(shift[0]), float(shift[1])), measured, weight, torch.stack([odd, even])
    )


def _fit(
    sums: Tensor, optics: Optics, families: tuple[Family, ...], kx: Tensor, ky: Tensor
) -> dict[Family, tuple[Tensor, Tensor]]:
    """Values and covariance of each family, in its unit, fitted together; a shift always beside odd ones."""
    odd = tuple(each for each in families if each.odd and each is not SHIFT)
    order = (*((SHIFT,) if odd else ()), *odd, *(each for each in families if not each.odd))
    top = float(torch.hypot(kx, ky).max())
    bases = [monomial(*term, kx / top, ky / top) for each in order for term in each.terms]
    split = sum(len(each.terms) for each in order if each.odd)
    empty = kx.new_zeros(0, len(kx))
    first, second = (torch.stack(part) if part else empty for part in (bases[:split], bases[split:]))
    value, information = torch.zeros(1, len(bases), dtype=torch.float64), torch.zeros(1, len(bases), len(bases))
    for part in MARCH:
        inside = torch.hypot(kx, ky) <= part * top
        value, information = ascend(sums[:, :, inside], first[:, inside], second[:, inside], value)
    covariance = torch.linalg.pinv(information[0], hermitian=True)
    found, at = {}, 0
    for each in order:
        span = slice(at, at + len(each.terms))
        scale = top ** each.terms[0][0] * each.factor(optics)
        found[each] = value[0, span] / scale, covariance[span, span] / scale**2
        at += len(each.terms)
    return found


def _chi2(found: tuple[Tensor, Tensor]) -> float:
    value, covariance = found
    return float(value @ torch.linalg.pinv(covariance, hermitian=True) @ value)


def _estimate(family: Family, value: Tensor, covariance: Tensor, *, kept: bool) -> Estimate:
    return Estimate(family, tuple(value.tolist()), tuple(covariance.diagonal().sqrt().tolist()), kept)


def _monomials(estimates: tuple[Estimate, ...], optics: Optics) -> dict[tuple[int, int], float]:
    """rad Åⁿ of every term that was kept."""
    return {
        term: value * each.family.factor(optics) for each in estimates if each.kept for term, value in zip(each.family.terms, each.value)
    }


def _model(estimates: tuple[Estimate, ...], shift: Tensor, optics: Optics, kx: Tensor, ky: Tensor) -> tuple[Tensor, Tensor]:
    """φ and δ of what was kept, radians."""
    phases = {1: SHIFT.factor(optics) * (float(shift[0]) * kx + float(shift[1]) * ky), 0: torch.zeros_like(kx)}
    for (n, m), value in _monomials(estimates, optics).items():
        phases[n % 2] = phases[n % 2] + value * monomial(n, m, kx, ky)
    return phases[1], phases[0]


def _each_alone(sums: Tensor) -> tuple[Tensor, Tensor]:
    """The phases of most likelihood of each frequency by itself, started at none, and their information."""
    one = torch.ones(1, 1, dtype=torch.float64)
    alone = sums[0].T[:, :, None]
    odd = torch.atan2(alone[:, 1, 0], alone[:, 0, 0])
    value, information = ascend(alone, one, one, torch.stack([odd, torch.zeros_like(odd)], 1), steps=6)
    return value.T, information.diagonal(dim1=1, dim2=2).T


def _applied(optics: Optics, estimates: tuple[Estimate, ...]) -> Optics:
    """The optics with what was kept: a tilt as a tilt, the rest in the lists of coefficients."""
    terms = _monomials(estimates, optics)
    tilt = next((each.value for each in estimates if each.family is TILT and each.kept), (0.0, 0.0))
    odd = zernike_list({term: value for term, value in terms.items() if term[0] % 2 and term not in TILT.terms}, odd=True)
    even = zernike_list({term: -value for term, value in terms.items() if term[0] % 2 == 0}, odd=False)
    return replace(
        optics, beam_tilt=(optics.beam_tilt[0] + tilt[0], optics.beam_tilt[1] + tilt[1]),
        odd_zernike=_sum(optics.odd_zernike, odd), even_zernike=_sum(optics.even_zernike, even),
    )  # fmt: skip


def _sum(old: tuple[float, ...], new: tuple[float, ...]) -> tuple[float, ...]:
    """Sum of two lists of coefficients, the shorter one filled up with zeros; unchanged where nothing is added."""
    if not any(new):
        return old
    length = max(len(old), len(new))
    return tuple(a + b for a, b in zip((*old, *(length - len(old)) * (0.0,)), (*new, *(length - len(new)) * (0.0,))))
