r"""Particles for a resolution, from counting electrons and from experience.

**From the physics.** One image shows 2 sin χ times the projected phase, on the noise of counting, 1 / N_e per Å⁻² of frequency, and of the
ice around. Averaged over the CTF a coefficient at k has the SNR

    2 p(k) D e^{−B k²/2} / (1 / N_k + 2 P_i(k)),

N_k = q N_c (1 − e^{−N/N_c}) the electrons that count: damage takes the signal as N_c(k) says (:mod:`vitreous.physics.dose`), weighted by
dose, and q is the detector's DQE times the share e^{−H/Λ} that lost no energy. P_i is the power of the ice, blurred by its wandering. It
is met in N g / (2 k D) of N images. So D cancels, and with the SNR of the whole map SNR₀ = 1/3 at FSC 1/7,

    N = SNR₀ k e^{B k²/2} (1 / N_k + 2 P_i) / (g p).

The mass of the particle is not in it, as Henderson (1995, Q. Rev. Biophys. 28:171) found: a larger one gives more signal and has more to be
resolved. It comes in by B, as small ones are badly aligned. FSC is taken within a mask that follows the molecule; in a looser one the
same N gives less.

**From experience.** Rosenthal & Henderson (2003, J. Mol. Biol. 333:721): N = (⟨S⟩/⟨N⟩)² 30π e^{B/2d²} / (g N_e σ_e d), with
⟨S⟩/⟨N⟩ = 1/√3 and σ_e the cross-section of carbon; ln N against 1/d² has the slope B / 2. Stagg et al. (2008, J. Struct. Biol. 163:29):
N = 10^{(R − R₀)/c} with R = 1/d and R₀, c fitted.

B here is that of amplitudes, e^{−B k²/4}, of the whole process: movement, poses, CTF, detector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from vitreous.errors import require
from vitreous.physics.dose import critical_exposure
from vitreous.physics.solvent import ice_memory_of_exposure, ice_phase_power, zero_loss
from vitreous.stages.planner.matter import PROTEIN, Matter, elastic_cross_section

#: SNR of the whole map where its halves correlate by 1/7: 2 r / (1 − r).
SNR_AT_LIMIT = 1 / 3


@dataclass(frozen=True)
class Experiment:
    """What the images are taken with.

    Parameters
    ----------
    voltage
        kV, positive.
    dose
        e/Å² in all, positive.
    ice
        H in Å, positive.
    dqe
        Of the detector at the resolution in question, above 0, at most 1.
    b_factor
        B in Å², not negative.

    Raises
    ------
    InputError
        If a number is out of its range.
    """

    voltage: float = 300.0
    dose: float = 40.0
    ice: float = 400.0
    dqe: float = 0.6
    b_factor: float = 100.0

    def __post_init__(self) -> None:
        for name in ("voltage", "dose", "ice"):
            require(getattr(self, name) > 0, name, getattr(self, name), "positive")
        require(0 < self.dqe <= 1, "dqe", self.dqe, "above 0 and at most 1")
        require(self.b_factor >= 0, "b_factor", self.b_factor, "0 or more, in Å²")

    def counted(self, k: float) -> float:
        """N_k: electrons per Å² that carry signal at ``k`` (Å⁻¹)."""
        critical = float(critical_exposure(torch.tensor(k, dtype=torch.float64), self.voltage))
        return self.dqe * zero_loss(self.ice, self.voltage) * critical * -math.expm1(-self.dose / critical)


def particles_needed(
    resolution: float, experiment: Experiment, *, diameter: float, order: int = 1, particle: Matter = PROTEIN, snr: float = SNR_AT_LIMIT
) -> float:
    """Particles evenly seen that give ``resolution``; see the head of this file.

    Parameters
    ----------
    resolution
        Å, positive.
    experiment
        Voltage, dose, ice, detector, B-factor.
    diameter
        Å; ice thicker than this makes noise.
    order
        Of the point group, 1 or more.
    particle
        What it is made of.
    snr
        Of the whole map where it ends, positive.

    Raises
    ------
    InputError
        If a number is out of its range.
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    require(order >= 1, "order", order, "1 or more")
    require(snr > 0, "snr", snr, "positive")
    k = 1 / resolution
    noise = 1 / experiment.counted(k) + 2 * _ice_noise(k, experiment, diameter)
    return snr * k * math.exp(0.5 * experiment.b_factor * k**2) * noise / (order * particle.power(k, experiment.voltage))


def resolution_reached(count: float, experiment: Experiment, *, diameter: float, order: int = 1, finest: float = 1.0) -> float:
    """Å that ``count`` particles give: the inverse of :func:`particles_needed`, between ``finest`` and 50 Å.

    Raises
    ------
    InputError
        If the count is not positive.
    """
    require(count > 0, "count", count, "positive")
    low, high = finest, 50.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if particles_needed(middle, experiment, diameter=diameter, order=order) <= count else (middle, high)
    return high


def rosenthal_henderson(resolution: float, experiment: Experiment, *, order: int = 1) -> float:
    """N = (1/3) 30π e^{B/2d²} / (g N_e σ_e d); ``resolution`` d in Å, positive.

    >>> round(rosenthal_henderson(3.0, Experiment(dose=5.0, b_factor=0.0)))
    623
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    scattered = experiment.dose * elastic_cross_section(6, experiment.voltage) * resolution
    return math.exp(0.5 * experiment.b_factor / resolution**2) * 10 * math.pi / (order * scattered)


def stagg(resolution: float, intercept: float, slope: float) -> float:
    """N = 10^{(1/d − R₀) / c}: ``resolution`` d in Å, ``intercept`` R₀ and ``slope`` c in Å⁻¹, c positive (ResLog)."""
    require(resolution > 0 and slope > 0, "resolution and slope", (resolution, slope), "positive, in Å and Å⁻¹")
    return 10 ** ((1 / resolution - intercept) / slope)


def _ice_noise(k: float, experiment: Experiment, diameter: float) -> float:
    """P_i in Å² of the ice that the particle leaves, blurred by its wandering over the exposure."""
    at = torch.tensor(k, dtype=torch.float64)
    still = ice_phase_power(at, max(0.0, experiment.ice - diameter), experiment.voltage)
    return float(still * ice_memory_of_exposure(at, experiment.dose))
