"""All that is asked of particles at their poses, in the order in which one cause can be told from another.

1. A wrong defocus is common to a micrograph and turns the phases of its transfer functions: it is found first, and taken out.
2. What then fits badly is searched for again: who has a better pose elsewhere was in a wrong one.
3. What holds no particle in any pose is junk, or noise.
4. Whether images know their direction at all is asked of a few, whatever pose they were given.

So each fault shows in one place: wrong defocus and junk in the correlation, wrong poses in the residuals, noise in the alignability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import InputError, require
from vitreous.numerics.symmetry import Symmetry
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.particle_checks.alignability import Alignability, alignability
from vitreous.stages.particle_checks.defocus import DefocusErrors, defocus_errors
from vitreous.stages.particle_checks.evidence import Posed, ShellSums, shell_sums
from vitreous.stages.particle_checks.fit import PRESENT_SIGMA, Fit, fit_images
from vitreous.stages.particle_checks.presence import Presence, presence
from vitreous.stages.particle_checks.search_again import SearchedAgain, search_again

#: Particles, at least: shares of fewer are not worth a verdict.
FEWEST = 50
#: Standard deviations below the usual at which an image is searched for again: one in a thousand good ones is.
LOW_SIGMA = 3.0
#: Images searched again, and images whose alignability is found, at most: shares known to 3 %.
MOST_SEARCHED, MOST_ALIGNED = 300, 150
#: Particles taken of one micrograph when a sample is drawn.
OF_ONE_MICROGRAPH = 20


@dataclass(frozen=True, eq=False)
class ParticleChecks:
    """What was found of n particles.

    Parameters
    ----------
    sums, fit
        At the poses given, with the transfer functions given.
    presence
        Who holds the particle, once wrong defocus and wrong poses were put right.
    z
        Standard deviations above the fit of a particle in its pose, float64 ``(n,)``: the lowest fit worst.
    defocus
        Of micrographs; None where the particles do not name them, or their CTF was corrected before.
    searched
        Rows that were searched again, ``(s,)``; ``low`` is the number of those that should have been.
    again
        What the search found.
    low
        Images that fit badly.
    aligned
        Rows whose alignability was found.
    alignability
        Of those.
    """

    sums: ShellSums
    fit: Fit
    presence: Presence
    z: Tensor
    defocus: DefocusErrors | None
    searched: Tensor
    again: SearchedAgain | None
    low: int
    aligned: Tensor
    alignability: Alignability

    def __len__(self) -> int:
        return len(self.z)

    @property
    def misposed(self) -> Tensor:
        """Rows that have a better pose elsewhere."""
        return self.searched[self.again.found] if self.again is not None else self.searched[:0]

    @property
    def misposed_share(self) -> tuple[float, float]:
        """Share of particles in a wrong pose, and its standard error."""
        share = len(self.misposed) / max(1, len(self.searched)) * self.low / len(self)
        return share, (share * (1 - share) / min(len(self), max(1, len(self.searched)) * len(self) / max(1, self.low))) ** 0.5


def check_particles(
    posed: Posed, symmetry: Symmetry, generator: torch.Generator, *, report: Reporter = silent
) -> ParticleChecks:
    """Ask all questions.

    Parameters
    ----------
    posed
        At least 50 images at their poses.
    symmetry
        Of the map.
    generator
        Chance: which images are looked at closely, and images of noise.

    Raises
    ------
    InputError
        If there are fewer than 50 particles, or the images show the map with the opposite contrast.
    """
    require(len(posed) >= FEWEST, "number of particles", len(posed), f"at least {FEWEST}", instead="all particles of the refinement")
    report(Progress("check particles", 0, 4))
    sums = shell_sums(posed)
    fit = fit_images(sums, posed.images.group)
    if fit.significance < -PRESENT_SIGMA:
        raise InputError(f"images must show the map with its own contrast; they show it inverted, by {-fit.significance:.0f} standard "
                         "deviations. Try: vitreous convert --invert for the map, or another contrast for the particles.")  # fmt: skip
    report(Progress("check particles", 1, 4))
    defocus, right = _refocused(posed, sums, fit)
    fitted = fit.again(right)
    report(Progress("check particles", 2, 4))
    known = presence(fitted.cross, fitted.power)
    low = torch.nonzero((known.z < -LOW_SIGMA) | (known.absent > 0.5)).flatten()
    searched = _some(low, MOST_SEARCHED, generator)
    again = None
    if len(searched) and fit.present:
        again = search_again(posed.take(searched), fit.of(searched, right.take(searched)), symmetry, known.scale)
        cross, power = fitted.cross.clone(), fitted.power.clone()
        moved = searched[again.found]
        cross[moved], power[moved] = again.cross[again.found], again.power[again.found]
        known = _without_moved(presence(cross, power), known.z, moved)
    report(Progress("check particles", 3, 4))
    aligned = _some(torch.arange(len(posed)), MOST_ALIGNED, generator)
    directed = alignability(posed.take(aligned), fit.of(aligned, sums.take(aligned)), symmetry, generator)
    report(Progress("check particles", 4, 4))
    return ParticleChecks(sums, fit, known, known.z, defocus, searched, again, len(low), aligned, directed)


def _without_moved(after: Presence, before: Tensor, moved: Tensor) -> Presence:
    """Who is absent as known after the second search, and how the poses fit as they were given."""
    z = after.z.clone()
    z[moved] = before[moved]
    return Presence(after.absent, after.share, after.error, after.scale, after.spread, z)


def _refocused(posed: Posed, sums: ShellSums, fit: Fit) -> tuple[DefocusErrors | None, ShellSums]:
    """Errors of defocus, and the sums with them put right."""
    particles = posed.particles
    if particles.micrograph_index is None or not fit.present or any(optics.correction != "none" for optics in particles.optics):
        return None, sums
    micrograph = torch.from_numpy(np.unique(particles.micrograph_index, return_inverse=True)[1])
    length = posed.disc.size * posed.pixel_size
    scale = presence(fit.cross, fit.power).scale
    found = defocus_errors(sums, fit, particles, micrograph, length, scale)
    return found, sums.turned(found.phase(sums, particles, micrograph, length)) if found.wrong.any() else sums


def _some(rows: Tensor, most: int, generator: torch.Generator) -> Tensor:
    return rows[torch.randperm(len(rows), generator=generator)[:most]].sort().values


def sample_rows(particles: Particles, most: int, chance: np.random.Generator) -> np.ndarray:
    """Rows of at most ``most`` particles, sorted: up to 20 of each micrograph, as many as are needed; then of all the rest.

    A micrograph of which one particle was drawn says nothing of its defocus.
    """
    if len(particles) <= most:
        return np.arange(len(particles))
    order = chance.permutation(len(particles))
    if particles.micrograph_index is None:
        return np.sort(order[:most])
    micrographs, owner = np.unique(particles.micrograph_index, return_inverse=True)
    turn = chance.permutation(len(micrographs))[owner[order]]
    by_micrograph = order[np.argsort(turn, kind="stable")]
    turns = np.sort(turn, kind="stable")
    place = np.arange(len(turns)) - np.searchsorted(turns, turns)
    return np.sort(by_micrograph[np.argsort(place >= OF_ONE_MICROGRAPH, kind="stable")][:most])
