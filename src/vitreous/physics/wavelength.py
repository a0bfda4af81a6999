"""The electron's wavelength."""

from __future__ import annotations

import math

from vitreous.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, LIGHT_SPEED, PLANCK


def wavelength(voltage: float) -> float:
    """Relativistic de Broglie wavelength in Å for ``voltage`` in kV.

    λ = h / √(2 m e V (1 + e V / 2 m c²)) (Reimer & Kohl, *Transmission Electron Microscopy*, 5th ed., eq. 2.12).

    >>> round(wavelength(300.0), 7)
    0.0196875
    """
    energy = ELEMENTARY_CHARGE * voltage * 1e3
    momentum = math.sqrt(2 * ELECTRON_MASS * energy * (1 + energy / (2 * ELECTRON_MASS * LIGHT_SPEED**2)))
    return PLANCK / momentum * 1e10
