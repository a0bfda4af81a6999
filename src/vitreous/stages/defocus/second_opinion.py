r"""A second method: the amplitude spectrum, made flat, against \|CTF\| by cross-correlation.

This is what CTFFIND maximises (Mindell & Grigorieff 2003, J. Struct. Biol. 142:334; Rohou & Grigorieff 2015, ibid. 192:216). It
knows no noise model: amplitudes instead of power, every bin counts alike, the background is divided out beforehand and the
depth of the rings does not change with k. Where it disagrees with the likelihood, one of the two was misled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.micrograph import Defocus
from vitreous.data.optics import Optics
from vitreous.physics.ctf_accuracy import agreement_resolution, worst_agreement_resolution
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.background import BACKGROUND_KNOTS, smooth_log
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.likelihood import chi
from vitreous.stages.defocus.line_search import descend
from vitreous.stages.defocus.refine import defocus_of
from vitreous.stages.defocus.search import Candidate
from vitreous.stages.defocus.splines import spline_count

STEPS = 12
LEAST_STEP = 0.1  # Å
SHELLS = 200  # that the background is drawn through


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """What another method says.

    Parameters
    ----------
    defocus
        u, v in Å, angle and phase shift in degrees.
    correlation
        Of the flat amplitude spectrum with |CTF|, −1 to 1.
    agreement
        Å to which it agrees with the fit: phases differ by less than 90°, root mean square over directions.
    worst_agreement
        Å, the same in the direction in which they differ most.
    """

    defocus: Defocus
    correlation: float
    agreement: float
    worst_agreement: float


def second_opinion(bins: Bins, optics: Optics, start: Candidate, fitted: Defocus, *, fit_shift: bool) -> SecondOpinion:
    """Maximise the correlation over defocus and astigmatism by Gauss-Newton steps from ``start``.

    Parameters
    ----------
    bins
        The spectrum, from the first zero as far as rings are seen.
    optics
        Microscope.
    start
        Where the search led; the fit is not asked.
    fitted
        The fit's result, to compare with.
    fit_shift
        Whether the phase shift is unknown too.
    """
    flat = _flat_amplitude(bins)
    rows = torch.cat([bins.terms * (math.pi * wavelength(optics.voltage)), torch.ones_like(bins.k)[None]])[: 3 + fit_shift]
    values = torch.tensor([start.mean, start.half_cos, start.half_sin, math.radians(start.shift)], dtype=torch.float64)

    def misfit(trial: Tensor) -> float:
        return -_correlation(flat, trial, optics, bins)

    best = misfit(values)
    for _ in range(STEPS):
        step = _gauss_newton(flat, values, optics, bins, rows)
        trial, new = descend(misfit, values, step, best)
        moved, values, best = float((trial - values)[:3].abs().max()), trial, new
        if moved < LEAST_STEP:
            break
    mean, c, s, shift = values.tolist()
    defocus = defocus_of(mean, c, s, math.degrees(shift))
    return SecondOpinion(defocus=defocus, correlation=-best, agreement=agreement_resolution(fitted, defocus, optics.voltage),
                         worst_agreement=worst_agreement_resolution(fitted, defocus, optics.voltage))  # fmt: skip


def _flat_amplitude(bins: Bins) -> Tensor:
    """Amplitude over a smooth curve of |k|, less its mean."""
    least, most = float(bins.k.min()), float(bins.k.max())
    shell = ((bins.k - least) / (most - least) * SHELLS).long().clamp_max(SHELLS - 1)
    count = torch.bincount(shell, minlength=SHELLS).double()
    amplitude = bins.power.sqrt()
    k, mean = (torch.bincount(shell, x, SHELLS) / count.clamp_min(1) for x in (bins.k, amplitude))
    seen = count > 0
    curve = smooth_log(k[seen], mean[seen], count[seen], spline_count(least, most, BACKGROUND_KNOTS)).exp()
    place = torch.cumsum(seen, 0)[shell] - 1
    flat = amplitude / curve[place]
    return flat - flat.mean()


def _transfer(values: Tensor, optics: Optics, bins: Bins) -> tuple[Tensor, Tensor]:
    """|sin χ|, and its slope along χ."""
    phase = chi(values[:3], optics, bins, math.degrees(float(values[3])))
    sine = torch.sin(phase)
    return sine.abs(), torch.cos(phase) * sine.sign()


def _correlation(flat: Tensor, values: Tensor, optics: Optics, bins: Bins) -> float:
    model = _transfer(values, optics, bins)[0]
    model = model - model.mean()
    return float(flat @ model / (flat.norm() * model.norm()))


def _gauss_newton(flat: Tensor, values: Tensor, optics: Optics, bins: Bins, rows: Tensor) -> Tensor:
    """Step of least squares of ``flat`` against scale · |sin χ| + offset, the scale and offset fitted as well."""
    model, slope = _transfer(values, optics, bins)
    model = model - model.mean()
    scale = float(flat @ model / (model @ model)) or 1e-6
    columns = torch.cat([rows * (slope * scale), model[None], torch.ones_like(model)[None]])
    gram = columns @ columns.T
    step = torch.linalg.solve(gram + 1e-9 * torch.diag(gram.diag()), columns @ (flat - scale * model))[: len(rows)]
    return torch.nn.functional.pad(step, (0, 4 - len(rows)))
