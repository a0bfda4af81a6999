"""What one movie shows: the draw of everything that is random about it before an electron is counted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vitreous.data.micrograph import Defocus
from vitreous.numerics.rotations import random_rotations
from vitreous.runtime.chance import numpy_generator, torch_generator
from vitreous.simulate.motion import Motion, random_motion
from vitreous.simulate.placement import place_discs
from vitreous.simulate.settings import SessionSettings
from vitreous.simulate.specimens import Specimen

#: A lump of surface ice: number of half balls, their radii and their scatter about its middle, Å.
LUMP_BALLS, LUMP_RADIUS, LUMP_SCATTER = 5, (60.0, 160.0), 110.0


@dataclass(frozen=True)
class Scene:
    """The truth of one movie.

    Parameters
    ----------
    name
        Of the movie, without suffix.
    index
        From 0.
    defocus
        At the middle of the field and of the ice.
    motion
        Where everything goes.
    position
        ``(n, 2)``: particles in the first frame, (x, y) in Å from the centre of pixel (0, 0).
    rotation
        ``(n, 3, 3)``: r_lab = R r_object.
    defocus_offset
        ``(n,)`` in Å: what a particle's height in the ice and the tilt add to the defocus.
    lumps
        ``(m, 3)``: x, y and radius of the half balls of surface ice, Å.
    """

    name: str
    index: int
    defocus: Defocus
    motion: Motion
    position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    defocus_offset: NDArray[np.float64]
    lumps: NDArray[np.float64]

    @property
    def particle_defocus(self) -> NDArray[np.float64]:
        """``(n, 4)``: u and v in Å, angle and phase shift in degrees, of each particle."""
        d = self.defocus
        table = np.tile([d.u, d.v, d.angle_deg, d.phase_shift_deg], (len(self.position), 1))
        table[:, :2] += self.defocus_offset[:, None]
        return table


def extent(settings: SessionSettings) -> tuple[float, float]:
    """Width and height of the field, Å."""
    return settings.shape[1] * settings.optics.pixel_size, settings.shape[0] * settings.optics.pixel_size


def tilt_offset(settings: SessionSettings, x: NDArray) -> NDArray[np.float64]:
    """Defocus that the tilt adds at ``x`` (Å), zero in the middle of the field."""
    return (np.asarray(x) - 0.5 * extent(settings)[0]) * math.tan(math.radians(settings.tilt_deg))


def _draw_lumps(settings: SessionSettings, chance: np.random.Generator) -> NDArray[np.float64]:
    count = settings.contaminants
    middle = chance.uniform(0, 1, (count, 1, 2)) * np.array(extent(settings))
    place = middle + chance.normal(0, LUMP_SCATTER, (count, LUMP_BALLS, 2))
    radius = chance.uniform(*LUMP_RADIUS, (count, LUMP_BALLS, 1))
    return np.concatenate([place, radius], -1).reshape(-1, 3)


def draw_scene(settings: SessionSettings, specimen: Specimen, index: int) -> Scene:
    """Draw movie ``index`` (from 0) of a session; the same for the same settings, whatever else was drawn before.

    Raises
    ------
    InputError
        If the particles do not fit into the field.
    """
    name = f"movie_{index + 1:04d}"
    chance = numpy_generator(settings.seed, "scene", index)
    reach = float(np.linalg.norm(specimen.positions, axis=1).max())
    mean = chance.uniform(*settings.defocus)
    half = 0.5 * chance.uniform(0.2, 1.0) * settings.astigmatism
    defocus = Defocus(u=mean + half, v=mean - half, angle_deg=float(chance.uniform(0, 180)),
                      phase_shift_deg=settings.phase_shift_deg)  # fmt: skip
    lumps = _draw_lumps(settings, chance)
    position = place_discs(settings.particles, extent(settings), settings.spacing * specimen.diameter, chance, margin=reach,
                           obstacles=lumps)  # fmt: skip
    dose = settings.dose_per_frame * np.arange(settings.frames)
    return Scene(
        name=name, index=index, defocus=defocus, position=position, lumps=lumps,
        motion=random_motion(extent(settings), dose, chance, drift=settings.drift, local=settings.local_motion),
        rotation=random_rotations(len(position), torch_generator(settings.seed, "poses", index)).numpy(),
        defocus_offset=chance.uniform(-settings.height, settings.height, len(position)) + tilt_offset(settings, position[:, 0]),
    )  # fmt: skip
