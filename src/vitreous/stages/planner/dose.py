r"""The dose at which a particle in ice can be told from ice alone.

The electrons that a column of area D² scatters to frequencies below k are counted. Ice of thickness H gives N_e D² s_i, ice with a
particle of thickness D in it N_e D² s_e,

    s_i = q w_i H,   s_e = q (w_p D + w_i (H − D)),   C = (s_e − s_i) / s_i = (D / H) (w_p / w_i − 1),

w the share scattered per Å (:class:`~vitreous.stages.planner.matter.Matter`), q = k · 1 Å the share of them below k. Counts are Poisson's.
A threshold z_{1−α} standard deviations above the ice is passed by ice with probability α, and by a particle with probability 1 − β if its
mean lies z_{1−β} of its own standard deviations above the threshold:

    N_e = ((z_{1−α} + z_{1−β} √(s_e / s_i))² / s_i) / (D² C²).

The course prints the two quantiles the other way about (a small error as s_e ≈ s_i), and Rose's rule of five standard deviations as
25 in place of the squared sum (Rose 1948, J. Opt. Soc. Am. 38:196). It also prints C = 0.0047 D/H at 200 kV, with the sign of ice less
particle: its formula gives −0.263 D/H with 1.35 and 0.93 g/cm³, and 0.0047 needs densities in the ratio 1.144.

It is a count, as in dark field; phase contrast near focus does worse at low and better at high frequencies.
"""

from __future__ import annotations

from statistics import NormalDist

from vitreous.errors import require
from vitreous.stages.planner.matter import ICE, PROTEIN, Matter

#: Rose's five standard deviations, squared.
ROSE = 25.0


def contrast(diameter: float, thickness: float, voltage: float, *, particle: Matter = PROTEIN, ice: Matter = ICE) -> float:
    """C = (D / H) (w_p / w_i − 1): how much more a column with the particle scatters than one of ice, as a share of the latter.

    Parameters
    ----------
    diameter, thickness
        D and H in Å, 0 < D ≤ H.
    voltage
        kV.
    particle, ice
        What they are made of.

    Raises
    ------
    InputError
        If the particle does not fit into the ice.
    """
    require_fit(diameter, thickness)
    return diameter / thickness * (particle.scattered(voltage) / ice.scattered(voltage) - 1)


def require_fit(diameter: float, thickness: float) -> None:
    """Refuse a particle (Å) that is not positive, or larger than its ice is thick."""
    require(diameter > 0, "diameter", diameter, "positive, in Å")
    require(thickness >= diameter, "ice thickness", thickness, f"at least the particle's, {diameter:g} Å")


def dose_to_detect(
    diameter: float, thickness: float, resolution: float, voltage: float, *, false_alarm: float | None = None, miss: float = 0.05,
    particle: Matter = PROTEIN, ice: Matter = ICE,
) -> float:  # fmt: skip
    """Dose in e/Å² at which a particle is told from ice.

    Parameters
    ----------
    diameter, thickness
        D and H in Å, 0 < D ≤ H; the particle is a cube of side D.
    resolution
        Å to which scattered electrons are counted, 1 to 5 where the share below k is known to a fifth.
    voltage
        kV.
    false_alarm, miss
        α and β, above 0 and below ½; Rose's rule without α.
    particle, ice
        What they are made of.

    Raises
    ------
    InputError
        If a number is out of its range, or the particle scatters as ice does.
    """
    require(1 <= resolution <= 5, "resolution", resolution, "1 to 5 Å, where the share of electrons below it is known")
    seen = contrast(diameter, thickness, voltage, particle=particle, ice=ice)
    require(abs(seen) > 1e-6, "contrast", seen, "other than 0: such a particle cannot be told from ice")
    scattered = ice.scattered(voltage) * thickness / resolution
    if false_alarm is None:
        return ROSE / scattered / (diameter * seen) ** 2
    for name, chance in (("false_alarm", false_alarm), ("miss", miss)):
        require(0 < chance < 0.5, name, chance, "above 0 and below 0.5")
    quantile = NormalDist().inv_cdf
    apart = quantile(1 - false_alarm) + quantile(1 - miss) * (1 + seen) ** 0.5
    return apart**2 / scattered / (diameter * seen) ** 2
