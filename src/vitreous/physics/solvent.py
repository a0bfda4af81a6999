r"""Vitreous ice: what a particle displaces, what the ice itself scatters, and what passes through.

A particle in ice is seen against the ice it pushes away. Each group of atoms displaces a Gaussian of ice of its own volume v
(Fraser, MacRae & Suzuki 1978, J. Appl. Cryst. 11:693, eq. 2):

    g(k) = ρ v exp(−π k² v^{2/3}),   standard deviation v^{1/3} / √(2π),

ρ the scattering density of ice. The ice is itself a random phase object. Its projected phase has the power, in Å²,

    P(k) = (λγ f_water)² · n t · S(k),

n molecules per Å³, thickness t and structure factor S(k): the compressibility limit 0.064 at small k, a broad ring at
1 / 3.7 Å. In the beam the molecules wander: √⟨u²⟩ is about 1 Å for each e/Å² (McMullan, Vinothkumar & Henderson 2015,
Ultramicroscopy 158:26), so a Fourier component of the ice keeps the correlation exp(−2π² k² u²) over an exposure, u² per axis.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from vitreous.constants import ELECTRON_MASS, ELEMENTARY_CHARGE, LIGHT_SPEED
from vitreous.errors import require
from vitreous.physics.potential import phase_per_scattering, scattering_coefficients, scattering_factor

#: Low-density amorphous ice, g/cm³.
ICE_DENSITY = 0.93
#: Molecules of water per Å³ of ice.
ICE_MOLECULES = ICE_DENSITY * 0.602214076 / 18.015
#: Volume taken by one dalton, Å³: partial specific volumes 0.73 and 0.55 cm³/g.
VOLUME_PER_DALTON = {"protein": 1.212, "nucleic acid": 0.913}
#: Inelastic mean free path in vitreous ice, Å, at 300 kV (Rice et al. 2018, J. Struct. Biol. 204:38).
INELASTIC_PATH_300KV = 3950.0
#: Mean loss of energy of one inelastic collision, eV.
MEAN_LOSS = 20.0
#: Å between the planes (1, 1, 1) of cubic ice, how many there are, and |S|²: the share of n molecules' scattering in phase there.
CUBIC_ICE_SPACING, CUBIC_ICE_PLANES, CUBIC_ICE_SHARE = 3.67, 8, 0.5
#: Å⁻¹: standard deviation of a ring of small crystals, some 150 Å wide.
RING_WIDTH = 0.003
#: Structure factor of ice as k → 0: n k_B T times the compressibility of the water that was frozen.
COMPRESSIBILITY_LIMIT = 0.064


def water_scattering() -> float:
    """f(0) in Å of one molecule of water, from isolated atoms."""
    return float(2 * scattering_coefficients("H")[0].sum() + scattering_coefficients("O")[0].sum())


def water_scattering_at(k: Tensor) -> Tensor:
    """f(k) in Å of one molecule of water, its atoms' positions forgotten; ``k`` in Å⁻¹."""
    values = 2 * scattering_factor("H", k.numpy()) + scattering_factor("O", k.numpy())
    return torch.from_numpy(np.asarray(values)).to(k.dtype)


def ice_scattering() -> float:
    """Scattering density of ice in Å per Å³; times 47.878 V Å² it is the mean inner potential, 4.5 V."""
    return ICE_MOLECULES * water_scattering()


def displaced_sigma(volume: np.ndarray) -> np.ndarray:
    """Standard deviation in Å of the Gaussian of ice that stands for a displaced ``volume`` in Å³."""
    return np.cbrt(volume) / math.sqrt(2 * math.pi)


def structure_factor(k: Tensor) -> Tensor:
    """S(k) of amorphous ice, a smooth stand-in: 0.064 at small k, a ring of height about 1.9 at 1 / 3.7 Å, 1 beyond."""
    ring = 1.3 * torch.exp(-0.5 * ((k - 1 / 3.7) / 0.035) ** 2)
    rise = torch.sigmoid((k - 0.27) / 0.03)
    return COMPRESSIBILITY_LIMIT + (1 - COMPRESSIBILITY_LIMIT) * rise + ring


def ice_phase_power(k: Tensor, thickness: float, voltage: float) -> Tensor:
    """P(k) in Å²: variance of the ice's phase per unit of frequency area; ``thickness`` in Å."""
    single = (phase_per_scattering(voltage) * water_scattering()) ** 2
    return single * ICE_MOLECULES * thickness * structure_factor(k)


def powder_structure_factor(k: Tensor) -> Tensor:
    """S(k) of small crystals of cubic ice turned every way, near its first ring; 0 elsewhere.

    S(k) = n Σ_g |S_g|² δ(|k| − |g|) / (4π g²) (Warren 1969, *X-Ray Diffraction*, sec. 4.1), the sum over the eight planes (1, 1, 1),
    the δ as wide as small crystals make it.
    """
    ring = 1 / CUBIC_ICE_SPACING
    area = ICE_MOLECULES * CUBIC_ICE_PLANES * CUBIC_ICE_SHARE / (4 * math.pi * ring**2)
    return area / (math.sqrt(2 * math.pi) * RING_WIDTH) * torch.exp(-0.5 * ((k - ring) / RING_WIDTH) ** 2)


def ice_grain_power(k: Tensor, thickness: float, voltage: float) -> Tensor:
    """P(k) in Å² of ``thickness`` Å of small crystals, like :func:`ice_phase_power`."""
    single = phase_per_scattering(voltage) * water_scattering_at(k)
    return single**2 * ICE_MOLECULES * thickness * powder_structure_factor(k)


def ice_memory_of_exposure(k: Tensor, dose: float) -> Tensor:
    """Share of the ice's power left in an exposure of ``dose`` e/Å²: the mean of :func:`ice_memory` over all pairs of moments.

    With x = 2π² k² dose / 3 it is 2 (x − 1 + e^{−x}) / x², from 1 at x = 0 to 2 / x.
    """
    x = (2 * math.pi**2 * dose / 3) * k.double() ** 2
    series = 1 - x / 3 + x**2 / 12
    return torch.where(x < 0.01, series, 2 * (x + torch.expm1(-x)) / x.clamp_min(1e-12) ** 2).to(k.dtype)


def inelastic_path(voltage: float) -> float:
    """Λ in Å: mean free path of electrons of ``voltage`` (kV) between two inelastic collisions in vitreous ice.

    That measured at 300 kV, scaled by Bethe's cross-section,

        1 / Λ ∝ β⁻² ln(2 / θ), θ = ΔE / β² (eV + mc²),

    β = v / c and ΔE = 20 eV, the mean loss (Langmore & Smith 1992, Ultramicroscopy 46:349; relativity in it: Reimer & Kohl,
    *Transmission Electron Microscopy*, 5th ed., sec. 5.2). It is 3274 Å at 200 kV and 2165 Å at 100 kV.

    Raises
    ------
    InputError
        If the voltage is not positive.
    """
    require(voltage > 0, "voltage", voltage, "positive, in kV")
    return INELASTIC_PATH_300KV * _inelastic_scattering(300.0) / _inelastic_scattering(voltage)


def _inelastic_scattering(voltage: float) -> float:
    """β⁻² ln(2 / θ)."""
    rest, energy = ELECTRON_MASS * LIGHT_SPEED**2 / ELEMENTARY_CHARGE, 1e3 * voltage
    beta_squared = 1 - (1 + energy / rest) ** -2
    return math.log(2 * beta_squared * (energy + rest) / MEAN_LOSS) / beta_squared


def thickness_from_zero_loss(share: float, voltage: float = 300.0) -> float:
    """Å: t = Λ ln(I₀ / I), the thickness of which ``share`` = I / I₀ of the electrons (0 to 1) came through without loss.

    Λ is :func:`inelastic_path` of ``voltage`` in kV.

    Raises
    ------
    InputError
        If the share is not above 0 and at most 1.
    """
    require(0 < share <= 1, "share", share, "above 0 and at most 1")
    return -inelastic_path(voltage) * math.log(share)


def ice_memory(k: Tensor, dose: float) -> Tensor:
    """Correlation of the ice before and after ``dose`` (e/Å²): exp(−2π² k² u²), u² = dose · 1 Å² / 3 along each axis."""
    return torch.exp(-2 * math.pi**2 * k**2 * dose / 3)


def zero_loss(thickness: float, voltage: float = 300.0) -> float:
    """Share of electrons of ``voltage`` (kV) that pass ``thickness`` (Å) of ice without energy loss: I / I₀ = exp(−t / Λ)."""
    return math.exp(-thickness / inelastic_path(voltage))
