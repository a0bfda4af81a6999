r"""How often a Fourier coefficient must be measured, and in how many images that happens.

Against the ice around the particle alone, a coefficient of a particle of thickness D in ice of thickness H has the SNR
p_p D / (p_i (H − D)), p the phase power per Å (:meth:`~vitreous.stages.planner.matter.Matter.power`), and N measurements N times that:

    N_meas = SNR₀ (H − D) p_i / (D p_p).

The course writes the powers as F(0)² (1 − R_g² k²/3), F(0)² from ∫₀^k F² dk = σ, in closed form (:func:`measurements_by_taylor`). As
printed the densities and weights are upside down, and (9 − R_g² k³) stands for (9 − R_g² k²). Right, with n atoms per Å³:

    N_meas = SNR₀ ((H − D) / D) (n_O σ_8 / n_C σ_6) ((3 − R_O² k²) / (3 − R_C² k²)) ((9 − R_C² k²) / (9 − R_O² k²)).

R is the radius of gyration of one atom's scattering: R² = 3 Σ a_j b_j / (2 Σ a_j), since f² = f(0)² (1 − k² Σ a_j b_j / 2 Σ a_j + …). It is
to be read with care: an integral over rings is 2πk dk, not dk, and with atoms simulated it is 2.4 times too high at 10 Å (as printed 9
times). :func:`measurements_needed` takes tabulated factors instead, and is right there.

An image of a particle of extent D passes within 1 / 2D of the coefficient at k in any direction with the chance 1 / (2 k D), so that

    N_images = 2 k D N_meas / g,   g the order of the point group.

The course prints 2 k N_meas, without D. Crowther's π D k is for one tilt axis (Crowther, DeRosier & Klug 1970, Proc. R. Soc. A 317:319).
"""

from __future__ import annotations

import math

from vitreous.errors import require
from vitreous.physics.potential import scattering_coefficients
from vitreous.stages.planner.dose import require_fit
from vitreous.stages.planner.matter import ICE, ICE_AS_PRINTED, PROTEIN, PROTEIN_AS_PRINTED, Matter, elastic_cross_section


def measurements_needed(
    snr: float, diameter: float, thickness: float, resolution: float, voltage: float, *, particle: Matter = PROTEIN, ice: Matter = ICE
) -> float:
    """N_meas against the noise of the surrounding ice alone, held still and of random structure.

    Parameters
    ----------
    snr
        SNR₀ wanted, positive.
    diameter, thickness
        D and H in Å, 0 < D ≤ H.
    resolution
        1 / k in Å, positive.
    voltage
        kV.
    particle, ice
        What they are made of.

    Raises
    ------
    InputError
        If a number is out of its range.
    """
    _check(snr, diameter, thickness, resolution)
    k = 1 / resolution
    return snr * (thickness - diameter) * ice.power(k, voltage) / (diameter * particle.power(k, voltage))


def measurements_by_taylor(
    snr: float, diameter: float, thickness: float, resolution: float, voltage: float, *, as_printed: bool = False
) -> float:
    """N_meas in closed form, protein all carbon and ice all oxygen; ``as_printed`` with the errors of the course, for teaching.

    Raises
    ------
    InputError
        If a number is out of its range, or the resolution too fine for the series: 3 > R_g² k² is needed.
    """
    _check(snr, diameter, thickness, resolution)
    k2 = resolution**-2
    carbon, oxygen = (gyration_squared(element) for element in ("C", "O"))
    finest = math.sqrt(max(carbon, oxygen) / 3)
    require(resolution > finest, "resolution", resolution, f"coarser than {finest:.1f} Å, where the series ends",
            instead="measurements_needed")  # fmt: skip
    atoms = ICE_AS_PRINTED.per_volume()["O"] / PROTEIN_AS_PRINTED.per_volume()["C"]
    cross_sections = elastic_cross_section(8, voltage) / elastic_cross_section(6, voltage)
    power = 1.5 if as_printed else 1.0
    shape = (3 - oxygen * k2) / (3 - carbon * k2) * (9 - carbon * k2**power) / (9 - oxygen * k2**power)
    return snr * (thickness - diameter) / diameter * cross_sections * (1 / atoms if as_printed else atoms) * shape


def gyration_squared(element: str) -> float:
    """R² in Å² of one atom's scattering, 3 Σ a b / (2 Σ a)."""
    a, b = scattering_coefficients(element)
    return float(1.5 * (a * b).sum() / a.sum())


def images_for_measurements(measurements: float, diameter: float, resolution: float, *, order: int = 1) -> float:
    """N_images = 2 k D N_meas / g: images evenly spread over all directions in which a coefficient is met so often.

    Parameters
    ----------
    measurements
        N_meas, positive.
    diameter, resolution
        D and 1 / k in Å, D above 1 / 2k.
    order
        g, 1 or more.

    Raises
    ------
    InputError
        If a number is out of its range.
    """
    require(measurements > 0, "measurements", measurements, "positive")
    require(order >= 1, "order", order, "1 or more")
    require(0 < resolution < 2 * diameter, "resolution", resolution, f"positive and finer than twice the diameter, {2 * diameter:g} Å")
    return 2 * diameter * measurements / (resolution * order)


def crowther(diameter: float, resolution: float) -> float:
    """π D / d views about one axis sample a particle of ``diameter`` to ``resolution`` (both Å, positive); for one tilt axis only."""
    require(min(diameter, resolution) > 0, "diameter and resolution", (diameter, resolution), "positive, in Å")
    return math.pi * diameter / resolution


def _check(snr: float, diameter: float, thickness: float, resolution: float) -> None:
    require(snr > 0, "snr", snr, "positive")
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    require_fit(diameter, thickness)
