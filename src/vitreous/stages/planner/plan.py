"""A plan for an experiment: particles, dose, pixel and ice for a particle and a resolution, with all that was assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vitreous.data.optics import Optics
from vitreous.errors import require
from vitreous.physics.ctf_accuracy import defocus_tolerance
from vitreous.physics.solvent import VOLUME_PER_DALTON, inelastic_path, zero_loss
from vitreous.stages.planner.dose import dose_to_detect
from vitreous.stages.planner.measurements import images_for_measurements, measurements_needed
from vitreous.stages.planner.particles import SNR_AT_LIMIT, Experiment, particles_needed, rosenthal_henderson
from vitreous.stages.planner.phase_contrast import dose_to_see

#: Pixels to a resolution: Nyquist asks for two; the half more keeps interpolation and the detector's last third out of it.
PIXELS = 2.5
#: Å of ice above and below a particle that keep it off the surfaces.
ROOM = 100.0
#: A globular molecule may be given this much too small a diameter, as densities differ.
TOLERANCE = 0.95
#: Å to which electrons are counted when a particle is to be seen, and the chance that ice looks like one.
SEEN_AT, FALSE_ALARM = 5.0, 1e-3
#: The largest sets have some ten million particles.
OUT_OF_REACH = 1e8

ASSUMPTIONS = (
    "views are even over all directions (else divide by the sampling factor SCF)",
    "the B-factor holds all that blurs: movement, errors of pose and CTF, the detector; it is the guess that matters most",
    "the images are in focus series: sin²χ averages to one half",
    "damage takes signal as in rotavirus (Grant & Grigorieff 2015), and frames are weighted by dose",
    "electrons that lost energy are filtered away",
    "FSC is taken within a mask that follows the molecule, protein throughout (1.35 g/cm³, the average residue)",
    "poses are known: below about 50 kDa, or where the ice is thick, they may not be, whatever the number",
    "every particle is whole, alike and in focus: junk and flexibility come on top",
)


@dataclass(frozen=True)
class Specimen:
    """What is looked at.

    Parameters
    ----------
    mass
        kDa, positive.
    diameter
        Longest side, Å, positive.
    order
        Of the point group, 1 or more.

    Raises
    ------
    InputError
        If a number is out of its range, or the mass does not fit into the diameter.
    """

    mass: float
    diameter: float
    order: int = 1

    def __post_init__(self) -> None:
        require(self.mass > 0, "mass", self.mass, "positive, in kDa")
        require(self.order >= 1, "order", self.order, "1 or more")
        least = TOLERANCE * (6 * self.volume / math.pi) ** (1 / 3)
        require(self.diameter >= least, "diameter", self.diameter, f"at least {least:.0f} Å: a ball of {self.mass:g} kDa is no smaller")

    @property
    def volume(self) -> float:
        """Å³ of protein of this mass."""
        return 1e3 * self.mass * VOLUME_PER_DALTON["protein"]

    @property
    def side(self) -> float:
        """Side in Å of the cube of that volume."""
        return self.volume ** (1 / 3)


@dataclass(frozen=True)
class Plan:
    """Numbers for an experiment.

    Parameters
    ----------
    particles
        That reach the resolution, by counting electrons.
    particles_empirical
        The same by Rosenthal & Henderson.
    particles_ice
        The same with the ice around for the only noise: no dose brings it lower.
    dose_to_see
        e/Å² at which phase contrast shows the particle.
    dose_to_count
        e/Å² at which a count of scattered electrons tells it from ice, as in dark field.
    pixel_size
        Å, largest that does.
    ice_best
        Å, the particle with room above and below.
    lossless
        Share of electrons that lose no energy in the ice given.
    depth
        Å: thickness over which one defocus serves at the resolution.
    warnings
        What stands in the way.
    """

    particles: float
    particles_empirical: float
    particles_ice: float
    dose_to_see: float
    dose_to_count: float
    pixel_size: float
    ice_best: float
    lossless: float
    depth: float
    warnings: tuple[str, ...]


def plan(
    specimen: Specimen, experiment: Experiment, resolution: float, *, defocus: float = 15_000.0, cs: float = 2.7,
    pixel_size: float | None = None,
) -> Plan:  # fmt: skip
    """Plan an experiment.

    Parameters
    ----------
    specimen, experiment
        What is looked at, and with what.
    resolution
        Wanted, Å, positive.
    defocus, cs
        Å, underfocus positive, and mm.
    pixel_size
        Å, if it is settled.

    Raises
    ------
    InputError
        If the resolution is not positive or finer than two pixels, or the particle does not fit into the ice.
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    if pixel_size is not None:
        require(resolution >= 2 * pixel_size, "resolution", resolution, f"two pixels or coarser, {2 * pixel_size:g} Å",
                instead=f"a pixel of {resolution / PIXELS:.2f} Å")  # fmt: skip
    ice = experiment.ice
    require(ice >= specimen.diameter, "ice", ice, f"as thick as the particle or thicker, {specimen.diameter:g} Å",
            instead=f"{specimen.diameter + ROOM:.0f}")  # fmt: skip
    measured = measurements_needed(SNR_AT_LIMIT, specimen.side, ice, resolution, experiment.voltage)
    made = Plan(
        particles=particles_needed(resolution, experiment, diameter=specimen.diameter, order=specimen.order),
        particles_empirical=rosenthal_henderson(resolution, experiment, order=specimen.order),
        particles_ice=images_for_measurements(measured, specimen.side, resolution, order=specimen.order),
        dose_to_see=dose_to_see(specimen.volume, _optics(experiment, cs), defocus) / _useful(experiment),
        dose_to_count=dose_to_detect(specimen.side, ice, SEEN_AT, experiment.voltage, false_alarm=FALSE_ALARM),
        pixel_size=resolution / PIXELS, ice_best=specimen.diameter + ROOM, lossless=zero_loss(ice, experiment.voltage),
        depth=2 * defocus_tolerance(resolution, experiment.voltage), warnings=(),
    )  # fmt: skip
    return _with_warnings(made, specimen, experiment, resolution)


def particles_by_resolution(specimen: Specimen, experiment: Experiment, resolutions: list[float]) -> list[float]:
    """Particles for each resolution (Å) of a list."""
    return [particles_needed(each, experiment, diameter=specimen.diameter, order=specimen.order) for each in resolutions]


def doses_by_mass(masses: list[float], experiment: Experiment, *, defocus: float = 15_000.0, cs: float = 2.7) -> list[tuple[float, float]]:
    """Doses in e/Å² at which molecules of each mass (kDa) are seen by phase contrast, and told from ice by a count.

    The second is NaN for those thicker than the ice.
    """
    optics, ice, voltage = _optics(experiment, cs), experiment.ice, experiment.voltage
    found = [Specimen(mass, math.inf) for mass in masses]
    seen = [dose_to_see(each.volume, optics, defocus) / _useful(experiment) for each in found]
    told = [dose_to_detect(each.side, ice, SEEN_AT, voltage, false_alarm=FALSE_ALARM) if each.side <= ice else math.nan for each in found]
    return list(zip(seen, told))


def _optics(experiment: Experiment, cs: float) -> Optics:
    """Pixels of a fifth of a nanometre: the shape of a molecule is coarser."""
    return Optics(pixel_size=2.0, voltage=experiment.voltage, spherical_aberration=cs, amplitude_contrast=0.1)


def _useful(experiment: Experiment) -> float:
    """Share of the electrons that count for a shape: without loss, and detected."""
    return experiment.dqe * zero_loss(experiment.ice, experiment.voltage)


def _with_warnings(made: Plan, specimen: Specimen, experiment: Experiment, resolution: float) -> Plan:
    said = []
    if made.dose_to_see > experiment.dose:
        said.append(f"a dose of {experiment.dose:g} e/Å² is below the {made.dose_to_see:.0f} at which phase contrast shows "
                    f"{specimen.mass:g} kDa: particles may not be found or aligned. Try: more defocus, thinner ice.")  # fmt: skip
    if specimen.diameter > made.depth:
        said.append(f"one defocus serves {made.depth:.0f} Å of depth at {resolution:g} Å, and the particle is {specimen.diameter:g} Å: the "
                    "curvature of the Ewald sphere limits it. Try: vitreous reconstruct with the Ewald sphere.")  # fmt: skip
    if experiment.ice > inelastic_path(experiment.voltage) / 2:
        said.append(f"{100 * (1 - made.lossless):.0f} % of the electrons lose energy in {experiment.ice:g} Å of ice. Try: ice of "
                    f"{made.ice_best:.0f} Å.")  # fmt: skip
    if experiment.b_factor == 0:
        said.append("a B-factor of 0 is a perfect microscope and perfect poses: the number is a bound, no forecast. Try: 60 to 150 Å².")
    if made.particles > OUT_OF_REACH:
        said.append(f"{made.particles:.2g} particles are out of reach. Try: a coarser resolution, or a smaller B-factor.")
    return replace(made, warnings=tuple(said))
