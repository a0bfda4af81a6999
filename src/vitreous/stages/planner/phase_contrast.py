r"""The dose at which phase contrast shows a particle whose shape is known.

A ball of volume V whose scattering density exceeds that of ice by Δs turns the wave by φ, the projection of λγ Δs; at k its transform is
λγ Δs V 3 (sin u − u cos u) / u³, u = 2πkR. The image holds 2 c φ, c the CTF, on counting noise of power 1 / N_e. Correlated with what is
looked for, it stands d standard deviations above nothing, with

    d² = 4 N_e ∫ c(k)² |φ(k)|² 2πk dk

(the matched filter; van Trees 1968, *Detection, Estimation and Modulation Theory* I, sec. 4.2). Rose's d = 5 gives the dose. Detail inside
the particle would add to it; frequencies below one over four diameters are left out, as neighbours and uneven ice hide them.
"""

from __future__ import annotations

import math

import torch

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.physics.ctf import ctf
from vitreous.physics.potential import phase_per_scattering, scattering_coefficients
from vitreous.stages.planner.dose import ROSE
from vitreous.stages.planner.matter import ICE, PROTEIN, Matter

#: Frequencies of the integral, and the coarsest detail used, in diameters.
STEPS, COARSEST = 2000, 4.0


def dose_to_see(volume: float, optics: Optics, defocus: float, *, particle: Matter = PROTEIN, ice: Matter = ICE) -> float:
    """Dose in e/Å² at which a ball of ``volume`` (Å³) is five standard deviations above counting noise.

    Parameters
    ----------
    volume
        Å³, positive.
    optics
        Voltage, Cs, amplitude contrast and pixel size: frequencies end at Nyquist.
    defocus
        Å, underfocus positive.
    particle, ice
        What they are made of.

    Raises
    ------
    InputError
        If the volume is not positive or the particle has the density of ice.
    """
    require(volume > 0, "volume", volume, "positive, in Å³")
    excess = scattering_density(particle) - scattering_density(ice)
    require(abs(excess) > 1e-6, "scattering density", excess, "other than that of ice")
    radius = (0.75 * volume / math.pi) ** (1 / 3)
    k = torch.linspace(1 / (COARSEST * 2 * radius), max(0.5 / optics.pixel_size, 1 / radius), STEPS, dtype=torch.float64)
    u = 2 * math.pi * k * radius
    phase = phase_per_scattering(optics.voltage) * excess * volume * 3 * (torch.sin(u) - u * torch.cos(u)) / u**3
    transfer = ctf(torch.tensor([defocus, defocus, 0.0, 0.0], dtype=torch.float64), optics, k, torch.zeros_like(k))
    return ROSE / float(4 * torch.trapezoid(transfer**2 * phase**2 * 2 * math.pi * k, k))


def scattering_density(matter: Matter) -> float:
    """Å per Å³: Σ n f(0) of isolated atoms; times 47.88 V Å² the mean inner potential."""
    return sum(count * float(scattering_coefficients(element)[0].sum()) for element, count in matter.per_volume().items())
