"""Envelopes: how partial coherence damps the contrast transfer.

References: Frank 1973, Optik 38:519 (spatial); Hanszen & Trepte 1971, Optik 32:519 (temporal);
Reimer & Kohl, *Transmission Electron Microscopy*, 5th ed., sec. 6.4.2; Glaeser et al. 2021, J. Struct. Biol. 213:107780.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength


def spatial_envelope(k: Tensor, defocus: Tensor, optics: Optics, convergence_mrad: float) -> Tensor:
    """exp[−(πα/λ)² (Cs λ³ k³ − z λ k)²]: a source seen under the half angle α blurs the more, the steeper χ is.

    Parameters
    ----------
    k
        Å⁻¹, any shape that broadcasts with ``defocus``.
    defocus
        z in Å, positive is underfocus.
    optics
        Voltage and Cs.
    convergence_mrad
        α, half angle of illumination in mrad, 0 or more; 0 gives 1.
    """
    lam = wavelength(optics.voltage)
    slope = optics.spherical_aberration * 1e7 * lam**3 * k**3 - defocus * lam * k
    return torch.exp(-((math.pi * convergence_mrad * 1e-3 / lam * slope) ** 2))


def temporal_envelope(k: Tensor, voltage: float, focal_spread: float) -> Tensor:
    """exp[−½ π² λ² δ² k⁴], δ the standard deviation of the defocus in Å, 0 or more; 0 gives 1."""
    return torch.exp(-0.5 * (math.pi * wavelength(voltage) * focal_spread * k**2) ** 2)


def focal_spread(chromatic_aberration: float, voltage: float, energy_spread: float, *, current_ripple: float = 0.0) -> float:
    """δ = Cc √((ΔE/E)² + (2 ΔI/I)²) in Å (Reimer & Kohl, eq. 6.42; the high tension's ripple belongs to ΔE).

    Parameters
    ----------
    chromatic_aberration
        Cc in mm.
    voltage
        kV.
    energy_spread
        ΔE, standard deviation in eV.
    current_ripple
        ΔI/I of the lens, a fraction.
    """
    return chromatic_aberration * 1e7 * math.hypot(energy_spread / (voltage * 1e3), 2 * current_ripple)
