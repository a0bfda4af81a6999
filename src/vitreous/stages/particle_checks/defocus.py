r"""Micrographs whose defocus is wrong: their particles fit, but with the transfer function of another focus.

For every micrograph the log-likelihood of its particles is a function of one number Δ, the error of the defocus in Å (true minus
assumed): L(Δ) = Σ (a C_Δ − ½ a² P_Δ), from the sums of :mod:`vitreous.stages.particle_checks.evidence`. Correlation by shell falls as
cos δ, δ = π λ Δ k², and turns negative beyond δ = π / 2: that is the mark of a wrong defocus, and no wrong pose or bad image has it.

L finds Δ best, but alone convicts too many: particles in wrong poses hold less than the grey scale a foretells, and another defocus that
foretells less is preferred for that. So what counts is by how much L rises if a is free, to its maximum C_Δ² / 2 P_Δ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.physics.wavelength import wavelength
from vitreous.stages.particle_checks.evidence import ShellSums
from vitreous.stages.particle_checks.fit import Fit

#: Å: errors of defocus that are looked for, to either side.
FARTHEST = 6000.0
#: Radians by which the phase at the last shell changes from one trial to the next.
PHASE_STEP = 0.2
#: Nats by which another defocus must be more likely: five standard deviations, and a little for the number of trials.
SURE = 15.0
#: Share of the correlation that the wrong defocus must have cost: 5 % is worth a tenth of the images.
COST = 0.05
#: Or radians of δ at the last shell that counts: cos² δ = 1/2, half of what the images know there. The correlation of all shells
#: hardly falls then, since the coarse ones make most of it: 5000 Å in maps at 12 Å cost 1 to 2 % and moved δ by 1 to 2.
COSTLY_PHASE = math.pi / 4


@dataclass(frozen=True, eq=False)
class DefocusErrors:
    """What particles say of their micrographs' defocus.

    Parameters
    ----------
    error
        Δ of most likelihood of each micrograph, Å, true minus assumed; float64 ``(micrographs,)``.
    gain
        Nats by which it is more likely than none, each at the grey scale that suits it best.
    lost
        Share of the correlation that is lost without it, 0 to 1.
    wrong
        Whether the defocus is wrong for sure and at a cost.
    particles
        Particles of each.
    """

    error: Tensor
    gain: Tensor
    lost: Tensor
    wrong: Tensor
    particles: Tensor

    def phase(self, sums: ShellSums, particles: Particles, micrograph: Tensor, length: float) -> Tensor:
        """δ of every image's shells where its micrograph's defocus is wrong, 0 elsewhere: float64 ``(n, shells)``."""
        error = torch.where(self.wrong, self.error, 0.0)[micrograph]
        return error[:, None] * _phase_per_angstrom(particles, sums, length)


def defocus_errors(sums: ShellSums, fit: Fit, particles: Particles, micrograph: Tensor, length: float, scale: float = 1.0) -> DefocusErrors:
    """Look for another defocus of every micrograph.

    Parameters
    ----------
    sums, fit
        The particles at their poses.
    particles
        For the wavelength.
    micrograph
        int64 ``(n,)``: which micrograph.
    length
        Side of the box, Å.
    scale
        a, the grey scale of the images that hold the particle.
    """
    slope = _phase_per_angstrom(particles, sums, length)
    step = PHASE_STEP / float(slope[:, fit.radius].max())
    reach = math.ceil(FARTHEST / step)
    trials = torch.arange(-reach, reach + 1, dtype=torch.float64) * step
    weight = fit.weights()
    terms = [getattr(sums, name) * weight * fit.gain**power * scale**power
             for name, power in (("cross", 1), ("quadrature", 1), ("power", 2), ("quadrature_power", 2), ("mixed", 2))]  # fmt: skip
    count = int(micrograph.max()) + 1
    by = [torch.zeros(count, term.shape[1], dtype=torch.float64).index_add_(0, micrograph, term) for term in terms]
    of = torch.zeros(count, slope.shape[1], dtype=torch.float64)
    of[micrograph] = slope
    likelihood, fitted = torch.stack([torch.stack(_likelihood(by, trial * of)) for trial in trials.tolist()], -1)
    best = likelihood.argmax(1, keepdim=True)
    gain = 0.5 * (fitted.clamp_min(0).gather(1, best)[:, 0] ** 2 - fitted[:, reach].clamp_min(0) ** 2)
    lost = 1 - fitted[:, reach] / fitted.gather(1, best)[:, 0].clamp_min(1e-12)
    number = torch.bincount(micrograph, minlength=count)
    error = trials[best[:, 0]]
    harmful = (lost > COST) | (error.abs() * of[:, fit.radius] > COSTLY_PHASE)
    return DefocusErrors(error, gain, lost.clamp(0, 1), (gain > SURE) & harmful, number)


def _likelihood(by: list[Tensor], delta: Tensor) -> tuple[Tensor, Tensor]:
    """L, and the correlation C / √P that it rests on, of each micrograph for phases δ ``(micrographs, shells)``."""
    cosine, sine = delta.cos(), delta.sin()
    cross = (cosine * by[0] + sine * by[1]).sum(1)
    power = (cosine**2 * by[2] + sine**2 * by[3] + 2 * sine * cosine * by[4]).sum(1)
    return cross - 0.5 * power, cross / power.clamp_min(1e-30).sqrt()


def _phase_per_angstrom(particles: Particles, sums: ShellSums, length: float) -> Tensor:
    """π λ k² of each image's shells, radians per Å of defocus."""
    lam = torch.tensor([wavelength(optics.voltage) for optics in particles.optics], dtype=torch.float64)
    k = torch.arange(sums.total.shape[1], dtype=torch.float64) / length
    return math.pi * lam[torch.from_numpy(particles.group)][:, None] * k**2
