"""Where in the spectrum a phase is reached: χ without its constant, solved for k²."""

from __future__ import annotations

import math

from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength


def k2_at_phase(phase: Tensor, defocus: Tensor, optics: Optics) -> Tensor:
    """k² in Å⁻² at which πλ z k² − ½ π Cs λ³ k⁴ is ``phase`` (radians): x = 2χ / (a + √(a² − 4bχ)), a = πλ z, b = ½ π Cs λ³.

    ``defocus`` is z in Å, of one shape with ``phase`` or one for all.
    """
    lam = wavelength(optics.voltage)
    a, b = math.pi * lam * defocus, 0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3
    return (2 * phase / (a + (a**2 - 4 * b * phase).clamp_min(0).sqrt())).clamp_min(0)
