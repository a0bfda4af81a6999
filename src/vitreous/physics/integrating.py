r"""An integrating detector: electrons are noisy before the detector blurs them, and some of the noise is not blurred at all.

Electrons that arrive are counted by chance, each makes a spot of light of the shape of the detector's spread and of random strength, and
the readout adds noise of its own. In the order of Vulović et al. 2013 (J. Struct. Biol. 183:19, eq. 7), all frequencies in two
dimensions:

    I = C · FT⁻¹{NTF · FT Poisson(n')} + readout,    n' = FT⁻¹{(MTF / NTF) FT n},

n the electrons expected in each pixel, C the counts an electron makes on average, MTF the transfer of signal and NTF that of noise (both
1 at k = 0, NTF ≥ MTF). So a flat image has the power C² n NTF² (and the readout's), a signal is transferred by C MTF, and

    DQE(k) = MTF² / (NTF² + readout² / (C² n))

(Meyer & Kirkland 2000, Microsc. Res. Tech. 49:269). Neighbouring pixels are not independent: their noise correlates over the
width of FT⁻¹ NTF².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import frequency_squared, irfft2, rfft2


@dataclass(frozen=True, kw_only=True)
class IntegratingDetector:
    """A detector that adds up what electrons leave in it.

    Parameters
    ----------
    conversion
        C, counts an electron, positive.
    signal_width, noise_width
        Pixels: standard deviation of the Gaussian spread of signal and of noise, MTF = exp(−2π² w² k²) with k in cycles a pixel; the
        noise's is at most the signal's.
    readout
        Standard deviation of the readout noise, counts.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    conversion: float = 10.0
    signal_width: float = 0.6
    noise_width: float = 0.4
    readout: float = 0.0

    def __post_init__(self) -> None:
        require(self.conversion > 0, "conversion", self.conversion, "positive, in counts an electron")
        require(0 <= self.noise_width <= self.signal_width, "noise_width", self.noise_width,
                f"from 0 to the signal's ({self.signal_width:g} pixels)")  # fmt: skip
        require(self.readout >= 0, "readout", self.readout, "0 or more, in counts")

    def mtf(self, k2: Tensor) -> Tensor:
        """Transfer of signal at k² in (cycles a pixel)²."""
        return torch.exp(-2 * np.pi**2 * self.signal_width**2 * k2)

    def ntf(self, k2: Tensor) -> Tensor:
        """Transfer of noise."""
        return torch.exp(-2 * np.pi**2 * self.noise_width**2 * k2)

    def dqe(self, k2: Tensor, electrons: float) -> Tensor:
        """Detective quantum efficiency at ``electrons`` a pixel."""
        return self.mtf(k2) ** 2 / (self.ntf(k2) ** 2 + self.readout**2 / (self.conversion**2 * electrons))


def integrate(expected: Tensor, camera: IntegratingDetector, chance: np.random.Generator) -> Tensor:
    """Record one exposure.

    Parameters
    ----------
    expected
        Electrons expected in each pixel, ``(y, x)``, 0 or more; edges wrap.
    camera
        The detector.
    chance
        For electrons and readout.

    Returns
    -------
    Tensor
        Counts, float32 ``(y, x)``.
    """
    shape = (expected.shape[-2], expected.shape[-1])
    k2 = frequency_squared(shape)
    sharp = irfft2(rfft2(expected.float()) * (camera.mtf(k2) / camera.ntf(k2)), shape)
    electrons = torch.from_numpy(chance.poisson(sharp.clamp_min(0).numpy()).astype(np.float32))
    counts = camera.conversion * irfft2(rfft2(electrons) * camera.ntf(k2), shape)
    return counts + camera.readout * torch.from_numpy(chance.standard_normal(shape, np.float32))
