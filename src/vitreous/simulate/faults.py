r"""What goes wrong on a grid and in a microscope, as plain numbers, to be laid over a still micrograph.

Carbon film, beyond the round edge of a hole, is a random phase object of independent atoms, power (λγ f_C)² n t, on top of its
mean inner potential, and takes electrons away with the mean free path of Malis, Cheng & Egerton 1988, J. Electron Microsc. Tech.
8:193, eq. 5.

A crystal of cubic ice seen along a twofold axis is two waves of 1 / 3.67 Å that lie 70.5° apart, four Bragg spots. Kinematically
each has the amplitude 2 |S| λγ n f_water(k) t in radians of phase, n molecules per Å³, |S| = 1/√2 the share of a molecule's
scattering that the two sites of the cell leave of this order, t the crystal's thickness. Many small ones make a ring
(:func:`vitreous.physics.solvent.powder_structure_factor`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.fourier import axis_frequencies, irfft2, rfft2
from vitreous.physics.potential import phase_per_scattering, scattering_factor
from vitreous.physics.solvent import CUBIC_ICE_SHARE, CUBIC_ICE_SPACING, ICE_MOLECULES, ice_grain_power, water_scattering_at
from vitreous.simulate.canvas import Canvas

#: Å: radius of the hole at whose edge carbon begins, softness of that edge, and of the edge of a shadow.
HOLE_RADIUS, CARBON_EDGE, SHADOW_EDGE = 6000.0, 60.0, 150.0
#: Atoms of carbon per Å³ at 1.8 g/cm³, and inelastic mean free path in carbon at 300 kV, Å.
CARBON_ATOMS, CARBON_PATH = 1.8 * 0.602214076 / 12.011, 1870.0
#: Angle between the two waves, degrees: that of the planes (1, 1, 1) and (1, 1, −1).
BETWEEN_WAVES = math.degrees(math.acos(1 / 3))
#: Softness of a crystal's edge as a share of its radius.
CRYSTAL_EDGE = 0.2


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is wrong with a still micrograph; nothing without arguments. Lengths in Å.

    A hole without ice has ``ice_thickness`` 0 and no particles in the session's settings, thick ice has some thousands of Å, a lump
    of surface ice is one of ``contaminants``, and astigmatism and defocus are there as well.

    Parameters
    ----------
    carbon
        Share of the field that carbon film covers, 0 to 1.
    carbon_thickness
        Of that film.
    crystals, crystal_radius, crystal_thickness
        Single crystals of ice in the field, the radius and the thickness of each.
    powder
        Share of the ice that is crystals too small to be seen one by one, 0 to 1: rings.
    beam
        Share of the electrons that arrive, 0 to 1; 0 where the beam was off.
    shadow
        Share of the field in the shadow of an aperture or grid bar, 0 to 1.
    blur
        (x, y): way of everything during the exposure, at an even speed and not corrected.
    twin
        (x, y): where everything lies in a second exposure onto the same picture, each with half the dose.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    carbon: float = 0.0
    carbon_thickness: float = 200.0
    crystals: int = 0
    crystal_radius: float = 250.0
    crystal_thickness: float = 100.0
    powder: float = 0.0
    beam: float = 1.0
    shadow: float = 0.0
    blur: tuple[float, float] = (0.0, 0.0)
    twin: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("carbon", "powder", "beam", "shadow"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a share from 0 to 1")
        for name in ("carbon_thickness", "crystals", "crystal_thickness"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(self.crystal_radius > 0, "crystal_radius", self.crystal_radius, "positive, in Å")


#: A micrograph that nothing is wrong with.
SOUND = Faults()


def covered(share: float, canvas: Canvas, chance: np.random.Generator, *, radius: float, edge: float) -> Tensor:
    """How much of each pixel, 0 to 1, lies beyond a round edge that leaves ``share`` (above 0) of the canvas outside.

    The edge has about ``radius`` (Å), curves around a middle in a random direction and rises over ``edge`` Å (logistic).
    """
    x, y = canvas.places()
    turn = chance.uniform(0, 2 * math.pi)
    cx, cy = x.mean() - radius * math.cos(turn), y.mean() - radius * math.sin(turn)
    distance = torch.hypot(x - cx, y - cy)
    ordered = distance[::8, ::8].flatten().sort().values
    limit = ordered[min(int((1 - share) * len(ordered)), len(ordered) - 1)] if share < 1 else distance.min() - 10 * edge
    return torch.sigmoid((distance - limit) * (4 / edge))


def carbon_phase(faults: Faults, canvas: Canvas, cover: Tensor, chance: np.random.Generator) -> Tensor:
    """Phase in radians of the film where it covers: its inner potential and its grain."""
    single = phase_per_scattering(canvas.optics.voltage) * torch.from_numpy(scattering_factor("C", canvas.k.numpy())).float()
    atoms = CARBON_ATOMS * faults.carbon_thickness
    return cover * (float(single[0, 0]) * atoms + _random_phase(single**2 * atoms, canvas, chance))


def crystal_phase(faults: Faults, canvas: Canvas, chance: np.random.Generator) -> Tensor:
    """Phase in radians of single crystals at random places, turned at random.

    Raises
    ------
    InputError
        If the pixels are too coarse to hold the spots.
    """
    pixel, k = canvas.optics.pixel_size, 1 / CUBIC_ICE_SPACING
    require(2 * pixel < CUBIC_ICE_SPACING, "pixel_size", pixel, "below 1.83 Å, to hold the spots of ice crystals")
    molecule = phase_per_scattering(canvas.optics.voltage) * float(water_scattering_at(torch.tensor(k)))
    strength = 2 * CUBIC_ICE_SHARE**0.5 * molecule * ICE_MOLECULES * faults.crystal_thickness
    x, y = canvas.places()
    total = torch.zeros(canvas.shape)
    for _ in range(faults.crystals):
        cx, cy = (chance.uniform(float(axis.min()), float(axis.max())) for axis in (x, y))
        away = torch.hypot(x - cx, y - cy) / faults.crystal_radius
        inside = strength * torch.sigmoid((1 - away) * (4 / CRYSTAL_EDGE))
        turn = chance.uniform(0, math.pi)
        for direction in (turn, turn + math.radians(BETWEEN_WAVES)):
            along = (x - cx) * math.cos(direction) + (y - cy) * math.sin(direction)
            total += inside * torch.cos(2 * math.pi * k * along + chance.uniform(0, 2 * math.pi))
    return total


def powder_phase(faults: Faults, canvas: Canvas, thickness: float, chance: np.random.Generator) -> Tensor:
    """Phase in radians of the small crystals in ``thickness`` Å of ice."""
    power = ice_grain_power(canvas.k, faults.powder * thickness, canvas.optics.voltage)
    return _random_phase(power, canvas, chance)


def _random_phase(power: Tensor, canvas: Canvas, chance: np.random.Generator) -> Tensor:
    """Gaussian phase of the given power (Å²: variance per unit of frequency area) on the half grid."""
    white = torch.from_numpy(chance.standard_normal(canvas.shape, np.float32))
    return irfft2(rfft2(white) * (power.sqrt() / canvas.optics.pixel_size), canvas.shape)


def movement(faults: Faults, canvas: Canvas) -> Tensor:
    """Transfer of an even way and of a second exposure, sinc(k·d) · ½ (1 + e^{−2πi k·t}), complex on the half grid."""
    pixel = canvas.optics.pixel_size
    ky, kx = axis_frequencies(canvas.shape[0], pixel)[:, None], axis_frequencies(canvas.shape[1], pixel, half=True)
    blurred = torch.sinc(kx * faults.blur[0] + ky * faults.blur[1])
    half_way = math.pi * (kx * faults.twin[0] + ky * faults.twin[1])
    return torch.polar(blurred * torch.cos(half_way), -half_way)
